"""`tronador sweep` beside a cluster: environments that have been expired for long, with the rights of the CronJob."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from controller.api.environment import ENVIRONMENTS
from controller.apimachinery.timestamps import to_time
from tests.integration.support.clusters import Cluster
from tests.integration.support.program import run
from tests.unit.pipeline.gitops.origin_repository import OriginRepository, environment


def test_what_has_been_expired_for_a_week_is_retired(cluster: Cluster, tmp_path: Path) -> None:
    repository = OriginRepository(tmp_path)
    names = {days: cluster.name(f"shop-{days}") for days in (1, 8, 9)}
    files = {name: environment(name, pull_request=str(days)) for days, name in names.items()}
    repository.write({f"envs/{name}.yaml": content for name, content in files.items()})
    for days, name in names.items():
        cluster.put(ENVIRONMENTS, yaml.safe_load(files[name]))
        moment = to_time(datetime.now(UTC) - timedelta(days=days))
        ready = {
            "type": "Ready",
            "status": "False",
            "reason": "Expired",
            "message": "",
            "lastTransitionTime": moment,
            "observedGeneration": 1,
        }
        # The last one has been pushed meanwhile.
        status = {"applicationStatus": "expired", "observedGeneration": 1, "conditions": [ready]}
        cluster.client.patch(ENVIRONMENTS, name, {"status": {**status, "expiresAt": moment}}, subresource="status")
    repository.write({f"envs/{names[9]}.yaml": environment(names[9], pull_request="9", tag="two")})
    flags = ("sweep", f"--repository={repository.path}", "--path=envs", "-o=json", f"--kubeconfig={cluster.kubeconfig}")

    done = run(*flags, "--apply")

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["retired"] == [names[8]]
    assert {path for path in repository.files() if path.endswith(".yaml")} == {
        f"envs/{names[1]}.yaml",
        f"envs/{names[9]}.yaml",
    }


def test_a_cluster_that_cannot_be_read_keeps_no_closed_one(cluster: Cluster, tmp_path: Path) -> None:
    repository = OriginRepository(tmp_path)
    repository.write({"envs/shop-74.yaml": environment()})
    done = run("sweep", f"--repository={repository.path}", "--path=envs", f"--kubeconfig={tmp_path}/missing")
    assert done.returncode == 1
    assert "expired environments are not known" in done.stderr
    assert "1 environment: 1 skipped" in done.stdout
