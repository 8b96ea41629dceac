"""`tronador list` as people use it."""

from __future__ import annotations

import json

import yaml

from tests.integration.support.clusters import Cluster
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environments, tag
from tests.integration.support.program import run_alone


def test_the_list_shows_every_environment_in_each_format(
    cluster: Cluster, environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    name = environments.create(values={"image": tag("one")}).name
    environments.create("other").deployed()
    kubeconfig = f"--kubeconfig={cluster.kubeconfig}"

    listed = run_alone("list", kubeconfig)
    assert (listed.returncode, listed.stderr) == (0, "")
    header, *rows = listed.stdout.splitlines()
    assert header.split() == ["NAME", "STATUS", "PHASE", "AGE", "EXPIRES", "REPOSITORY", "PR", "TAG", "URL"]
    assert any(row.startswith(name) and "deployed" in row for row in rows)
    wide = run_alone("list", kubeconfig, "-o", "wide")
    assert wide.stdout.splitlines()[0].endswith("MESSAGE")
    found = json.loads(run_alone("list", kubeconfig, "-o", "json").stdout)
    assert found == yaml.safe_load(run_alone("list", kubeconfig, "-o", "yaml").stdout)
    assert {row["name"] for row in found} >= {name}


def test_an_empty_cluster_has_no_environments(cluster: Cluster) -> None:
    listed = run_alone("list", f"--kubeconfig={cluster.kubeconfig}")
    assert (listed.returncode, listed.stdout) == (0, "No environments.\n")


def test_a_missing_definition_is_reported_in_a_sentence(bare_cluster: Cluster) -> None:
    listed = run_alone("list", f"--kubeconfig={bare_cluster.kubeconfig}")
    assert listed.returncode == 1
    assert "install the CRDs (manifests/crds)" in listed.stderr
