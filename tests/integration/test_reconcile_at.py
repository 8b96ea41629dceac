"""The annotation reconcile-at, and `tronador reconcile`, which sets it: the controller looks now, and says so."""

from __future__ import annotations

from collections.abc import Callable

from controller.api.environment import ENVIRONMENTS, RECONCILE_AT_ANNOTATION
from controller.api.flux import GIT_REPOSITORIES, HELM_RELEASES, REQUESTED_AT
from controller.apimachinery.resources import CONFIG_MAPS
from tests.integration.support.clusters import Cluster
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import DOUBLES, Engine
from tests.integration.support.environments import RELEASE, Environment, Environments
from tests.integration.support.program import run_alone
from tests.integration.support.requests import Requests
from tests.integration.support.shared_config import SharedConfig, config_map

StartController = Callable[..., ThreadedController]


def ask(cluster: Cluster, environment: Environment, value: str) -> None:
    body = {"metadata": {"annotations": {RECONCILE_AT_ANNOTATION: value}}}
    cluster.client.patch(ENVIRONMENTS, environment.name, body)


def handled(environment: Environment, value: str) -> None:
    environment.until(lambda obj: obj["status"].get("lastHandledReconcileAt") == value, f"{value!r} is recorded")


def test_each_new_value_is_recorded_in_one_status_write(
    cluster: Cluster,
    environments: Environments,
    engine: Engine,
    controller: ThreadedController,
    requests: Requests,
) -> None:
    environment = environments.create()
    environment.deployed()
    for value in ("now", "x" * 256, "again"):
        before = requests.mark()
        ask(cluster, environment, value)
        handled(environment, value)
        assert requests.order(before) == [f"patch environmentprovisioners/status {environment.name}"]
        environment.deployed()


def test_drift_that_no_watch_shows_is_corrected_at_once(
    cluster: Cluster, environments: Environments, engine: Engine, start_controller: StartController
) -> None:
    shared = SharedConfig(cluster)
    shared.apply([config_map("settings", color="red")])
    start_controller()
    shared.known()
    environment = environments.create()
    environment.deployed()
    cluster.client.patch(CONFIG_MAPS, "settings", {"data": {"color": "blue"}}, namespace=environment.name)
    ask(cluster, environment, "now")
    handled(environment, "now")
    assert shared.held(environment.name, "settings") == {"color": "red"}


def test_flux_is_asked_to_reconcile_once_and_others_may_ask_it_later(
    both_engines: Cluster, environments: Environments, start_controller: StartController, requests: Requests
) -> None:
    cluster = both_engines
    engine = Engine(cluster, double=DOUBLES["flux"])
    engine.start()
    start_controller(release_engine="flux")
    environment = environments.create()
    environment.deployed()
    before = requests.mark()
    ask(cluster, environment, "now")
    handled(environment, "now")

    def asked() -> list[str | None]:
        objects = (
            cluster.client.get(r, RELEASE, namespace=environment.name) for r in (GIT_REPOSITORIES, HELM_RELEASES)
        )
        return [(obj["metadata"].get("annotations") or {}).get(REQUESTED_AT) for obj in objects]

    assert asked() == ["now", "now"]
    assert requests.count("patch", HELM_RELEASES.plural, before) == 1
    body = {"metadata": {"annotations": {REQUESTED_AT: "theirs"}}}
    cluster.client.patch(HELM_RELEASES, RELEASE, body, namespace=environment.name)
    environment.label_namespace(team="x")
    environment.patch({"namespaceLabels": {"team": "y"}})
    environment.deployed()
    assert asked() == ["now", "theirs"]
    engine.close()


def test_the_command_waits_until_the_controller_has_reconciled(
    cluster: Cluster, environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    environment = environments.create()
    environment.deployed()
    done = run_alone("reconcile", environment.name, f"--kubeconfig={cluster.kubeconfig}")
    assert done.returncode == 0
    assert done.stderr.startswith(f"tronador reconcile: {environment.name}: deployed: ")
    obj = environment.get()
    value = obj["metadata"]["annotations"][RECONCILE_AT_ANNOTATION]
    assert obj["status"]["lastHandledReconcileAt"] == value
    assert value.endswith("Z")


def test_without_a_controller_the_command_ends_with_2(cluster: Cluster, environments: Environments) -> None:
    environment = environments.create()
    done = run_alone("reconcile", environment.name, "--timeout=0.2s", f"--kubeconfig={cluster.kubeconfig}")
    assert done.returncode == 2
    assert "not reconciled within 0.2s: check that the controller runs" in done.stderr


def test_the_command_reports_why_it_failed(cluster: Cluster, environments: Environments) -> None:
    kubeconfig = f"--kubeconfig={cluster.kubeconfig}"
    environment = environments.create(spec={"suspend": True})
    suspended = run_alone("reconcile", environment.name, kubeconfig)
    missing = run_alone("reconcile", "nothing", kubeconfig)
    assert (suspended.returncode, missing.returncode) == (1, 1)
    assert "is suspended" in suspended.stderr
    assert "environment 'nothing' does not exist" in missing.stderr
    assert run_alone("reconcile", "No Name", kubeconfig).returncode == 2
    assert RECONCILE_AT_ANNOTATION not in str(environment.get())
