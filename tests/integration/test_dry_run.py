"""`tronador run --dry-run`: it lists exactly the writes that the next run makes, and makes none itself."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from controller.api.environment import ENVIRONMENTS
from controller.api.tronador_config import TRONADOR_CONFIGS
from controller.apimachinery.resources import SERVICE_ACCOUNTS, Resource
from controller.environment.engines import ENGINES
from hack.localcluster.audit import AuditEntry
from hack.serviceaccounts import write_kubeconfig
from tests.integration.support.clusters import Cluster
from tests.integration.support.controllers import ControllerProcess, ThreadedController
from tests.integration.support.engines import DOUBLES, Engine
from tests.integration.support.environments import GIT_URL, RELEASE, Environments, tag
from tests.integration.support.ports import free_port
from tests.integration.support.program import get
from tests.integration.support.requests import Requests
from tests.integration.support.shared_config import OWN, SharedConfig, config_map, secret
from tests.integration.support.waiting import eventually

StartController = Callable[..., ThreadedController]
StartProcess = Callable[..., ControllerProcess]
Line = tuple[str, str, str, str, str]

CLUSTER_ROLES = Resource("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", namespaced=False)
BINDINGS = Resource("rbac.authorization.k8s.io", "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced=False)
READER = "reader"
# Of the repository that environments of these tests come from.
LOCATION = GIT_URL.partition("://")[2]


@pytest.fixture
def reader(cluster: Cluster, tmp_path: Path) -> Path:
    """A kubeconfig with the right to read everything, and to write nothing."""
    meta = {"metadata": {"name": cluster.name(READER)}}
    rules = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]}]
    subject = {"kind": "ServiceAccount", "name": cluster.name(READER), "namespace": OWN}
    role = {"apiGroup": BINDINGS.group, "kind": "ClusterRole", "name": cluster.name(READER)}
    cluster.client.create(SERVICE_ACCOUNTS, {"apiVersion": "v1", "kind": "ServiceAccount", **meta}, namespace=OWN)
    cluster.client.create(
        CLUSTER_ROLES, {"apiVersion": CLUSTER_ROLES.api_version, "kind": "ClusterRole", "rules": rules, **meta}
    )
    body = {"kind": "ClusterRoleBinding", "roleRef": role, "subjects": [subject], **meta}
    cluster.client.create(BINDINGS, {"apiVersion": BINDINGS.api_version, **body})
    return write_kubeconfig(tmp_path / "reader", admin=cluster.kubeconfig, namespace=OWN, name=cluster.name(READER))


def listed(process: ControllerProcess) -> list[dict[str, Any]]:
    return [line for line in process.lines() if line["event"] == "write planned"]


def planned(process: ControllerProcess) -> Counter[Line]:
    fields = ("verb", "resource", "subresource", "namespace", "name")
    return Counter(tuple(str(line.get(field, "")) for field in fields) for line in listed(process))  # type: ignore[misc]


def made(entries: list[AuditEntry]) -> Counter[Line]:
    """The same of requests. In a new namespace our rights take a moment, so a refused write is made again."""

    def name(entry: AuditEntry) -> str:
        body = entry.body if isinstance(entry.body, dict) else {}
        return entry.name or str(body.get("metadata", {}).get("name", ""))

    return Counter(
        (e.verb, f"{e.resource}.{e.group}" if e.group else e.resource, e.subresource, e.namespace, name(e))
        for e in entries
        if e.code != 403
    )


@pytest.mark.slow
@pytest.mark.parametrize("engine_name", sorted(DOUBLES))
def test_a_dry_run_lists_exactly_the_writes_of_the_next_run(
    cluster: Cluster,
    both_engines: Cluster,
    environments: Environments,
    start_controller: StartController,
    start_process: StartProcess,
    requests: Requests,
    reader: Path,
    engine_name: str,
) -> None:
    engine = Engine(cluster, double=DOUBLES[engine_name])
    engine.start()
    shared = SharedConfig(cluster)
    shared.put_secret("registry", password="one")
    mappings = [{"repos": [LOCATION], "imagePullSecret": "pull"}]
    shared.apply(
        [config_map("settings", color="red")],
        copySecrets=[{"name": "registry"}],
        mappings=mappings,
        secrets=[secret("pull", token="one")],
    )
    controller = start_controller(release_engine=engine_name)
    shared.known()
    names = ("changed", "disowned", "deleted", "unheld", "updated", "unlabelled", "relabelled")
    labels = {"namespaceLabels": {"team": "red"}}
    made_before = {name: environments.create(name, spec=labels, values=tag(name)) for name in names}
    for environment in made_before.values():
        environment.deployed()
    shared.carried_by(len(names))
    controller.stop()
    engine.stop()

    # Drift of each kind.
    release = {"spec": {"values": {"image": {"tag": "another"}}}}
    resource = next(r for r in ENGINES[engine_name].resources if r.kind == "HelmRelease")
    name = made_before["changed"].name
    cluster.client.patch(resource, RELEASE, release, namespace=name)
    made_before["disowned"].label_namespace(**{"tronador.stakater.com/environment": None})
    made_before["deleted"].delete()
    cluster.client.patch(ENVIRONMENTS, made_before["unheld"].name, {"metadata": {"finalizers": None}})
    made_before["updated"].patch_release(values=tag("newer"))
    made_before["relabelled"].label_namespace(team="blue")
    made_before["unlabelled"].label_namespace(team=None)
    shared.put_secret("registry", password="two")
    environments.create("new", spec=labels)

    before = requests.mark()
    process = start_process(kubeconfig=reader, release_engine=engine_name, dry_run_once="true")
    assert process.ended() == 0, process.output()
    assert requests.writes(before) == []
    assert process.logged("dry run complete")["failed"] == []
    assert "two" not in process.output()

    before = requests.mark()
    start_controller(release_engine=engine_name)
    eventually(lambda: len(made(requests.writes(before))) >= len(planned(process)), "the writes are made")
    last = environments.create("last")
    last.until(lambda obj: obj.get("status"), "everything before it was looked at")
    of_last = requests.writes(before, environment=last.name)
    # The TronadorConfig counts the environments that carry it, and follows each change of theirs.
    of_config = [entry for entry in requests.writes(before) if entry.resource == TRONADOR_CONFIGS.plural]
    writes = [entry for entry in requests.writes(before) if entry not in (*of_last, *of_config[1:])]
    assert made(writes) == planned(process)


def test_a_continuous_dry_run_lists_each_write_once(
    cluster: Cluster, environments: Environments, start_process: StartProcess, requests: Requests, reader: Path
) -> None:
    address = f"127.0.0.1:{free_port()}"
    environment = environments.create()
    before = requests.mark()
    # Without an engine's definition there is no release to plan.
    process = start_process(
        kubeconfig=reader, dry_run="true", leader_elect="true", metrics_address=address, resync_period=0.1
    )
    process.logged("write planned", "create", "namespaces", environment.name)
    process.logged("write planned", "status")
    looks = "controller_runtime_reconcile_total"

    def reconciled() -> float:
        lines = get(f"http://{address}/metrics")[1].splitlines()
        return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(looks))

    so_far = reconciled()
    eventually(lambda: reconciled() > so_far + 3, "it is looked at again")
    assert 'tronador_dry_run_writes{resource="namespaces",verb="create"} 1.0' in get(f"http://{address}/metrics")[1]
    assert max(planned(process).values()) == 1
    environment.delete()
    eventually(lambda: "tronador_dry_run_writes{" not in get(f"http://{address}/metrics")[1], "nothing is planned")
    process.signal(signal.SIGTERM)
    assert process.ended() == 0
    assert [entry for entry in requests.all(before) if entry.is_write] == []


def test_a_single_dry_run_without_an_api_server_fails_with_one_line(
    cluster: Cluster, start_process: StartProcess
) -> None:
    cluster.go_away()
    process = start_process(dry_run_once="true")
    assert process.ended() == 1
    assert [line["event"] for line in process.lines()] == [
        "controller starting",
        "cannot start",
    ]


def test_a_single_dry_run_without_rights_ends_and_names_what_it_could_not_read(
    cluster: Cluster, start_process: StartProcess, tmp_path: Path
) -> None:
    name = cluster.name("outsider")
    account = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}
    cluster.client.create(SERVICE_ACCOUNTS, account, namespace=OWN)
    outsider = write_kubeconfig(tmp_path / "outsider", admin=cluster.kubeconfig, namespace=OWN, name=name)
    process = start_process(kubeconfig=outsider, dry_run_once="true", cache_sync_timeout="1s")
    assert process.ended() == 1
    process.logged("not permitted", "403", "environmentprovisioners")
    error = process.logged("exiting")["error"]
    assert error.startswith("caches not synced within 1 s: ")
    assert "environmentprovisioners" in error
    assert error.endswith("raise --cache-sync-timeout")


@pytest.mark.slow
def test_a_dry_run_begins_no_more_environments_than_the_limit_allows(
    environments: Environments, start_process: StartProcess, reader: Path
) -> None:
    names = [environments.create(f"pr-{number}").name for number in range(4)]
    process = start_process("--dry-run-once", kubeconfig=reader, max_environments=2)
    assert process.ended() == 0

    created = sorted(line[4] for line in planned(process) if line[:2] == ("create", "namespaces"))
    assert created == names[:2]
