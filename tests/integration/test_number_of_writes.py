"""What the controller costs the API server: few writes to deploy, update and take down, and none in between."""

from __future__ import annotations

import pytest

from controller.api.environment import ENVIRONMENTS
from controller.api.helm_operator import HELM_RELEASES
from controller.environment.reconciler import EnvironmentReconciler
from controller.runtime.reconcile import Request, Result
from tests.integration.support.clusters import Cluster
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.environments import RELEASE, Environments, is_deployed, tag
from tests.integration.support.fixtures import StartController
from tests.integration.support.requests import Requests, summary
from tests.integration.support.waiting import DEADLINE, eventually, throughout

MOST = 6
RESYNC = 0.5


def test_an_environment_is_deployed_with_six_writes_at_most(
    environments: Environments, engine: Engine, controller: ThreadedController, requests: Requests
) -> None:
    environment = environments.create(spec={"namespaceLabels": {"kind": "pr"}})
    environment.deployed()
    written = until_deployed(requests, environment.name)
    assert len(written) <= MOST, written
    assert requests.events() <= 2


def test_six_writes_suffice_even_if_the_engine_shows_every_phase(
    environments: Environments, stopped_engine: Engine, start_controller: StartController, requests: Requests
) -> None:
    start_controller(status_settle=0.3)
    stopped_engine.start(show_phases=True)
    environment = environments.create(spec={"namespaceLabels": {"kind": "pr"}})
    environment.deployed()
    written = until_deployed(requests, environment.name)
    assert len(written) <= MOST, written


def test_six_writes_suffice_for_each_of_many_simultaneous_environments(
    cluster: Cluster, environments: Environments, engine: Engine, start_controller: StartController, requests: Requests
) -> None:
    start_controller(workers=4, status_settle=0.3)
    made = [environments.create(f"pr-{number}") for number in range(30)]
    for environment in made:
        environment.deployed()
    for environment in made:
        written = until_deployed(requests, environment.name)
        assert len(written) <= MOST, written


@pytest.mark.slow
def test_one_hundred_deployed_environments_cause_no_writes_even_after_a_restart(
    cluster: Cluster, environments: Environments, engine: Engine, start_controller: StartController, requests: Requests
) -> None:
    controller = start_controller(resync_period=RESYNC)
    for number in range(100):
        environments.create(f"pr-{number}", spec={"namespaceLabels": {"number": str(number)}})
    eventually(lambda: all_deployed(cluster, 100), "all are deployed")
    nothing_is_written(requests)
    controller.stop()
    mark = requests.mark()
    controller = start_controller(resync_period=RESYNC)
    environments.create("last").deployed()
    eventually(lambda: controller.is_idle, "all that were there before have been looked at")
    nothing_is_written(requests)
    assert [line for line in requests.order(mark) if "pr-" in line] == []


def until_deployed(requests: Requests, name: str) -> list[str]:
    """The writes for one environment up to the status that calls it deployed; what was refused changed nothing."""
    written: list[str] = []
    for entry in requests.writes(environment=name):
        if entry.code >= 300:
            continue
        written.append(summary(entry))
        if entry.subresource == "status" and entry.body["status"].get("applicationStatus") == "deployed":
            return written
    raise AssertionError(f"{name} was never called deployed: {written}")


def all_deployed(cluster: Cluster, number: int) -> bool:
    """Whether that many environments exist and all are deployed."""
    found = cluster.list(ENVIRONMENTS)
    return len(found) == number and all(is_deployed(obj) for obj in found)


def nothing_is_written(requests: Requests) -> None:
    """Fails when anything is written within several resyncs."""
    mark = requests.mark()
    throughout(4 * RESYNC, lambda: not requests.writes(mark), lambda: f"written: {requests.order(mark)}")


def test_status_refreshes_by_the_engine_without_a_change_cause_no_writes(
    cluster: Cluster,
    environments: Environments,
    engine: Engine,
    controller: ThreadedController,
    requests: Requests,
) -> None:
    environment = environments.create()
    environment.deployed()
    mark = requests.mark()
    for number in range(5):
        release = environment.helm_release()
        assert release is not None
        conditions = release["status"]["conditions"]
        for condition in conditions:
            condition["lastUpdateTime"] = f"2026-01-01T00:00:0{number}Z"
        body = {"status": {"conditions": conditions}}
        cluster.client.patch(HELM_RELEASES, RELEASE, body, namespace=environment.name, subresource="status")
    throughout(RESYNC, lambda: not requests.writes(mark), lambda: f"written: {requests.order(mark)}")


def test_the_echoes_of_its_own_writes_lead_to_no_other_reconcile(
    environments: Environments,
    stopped_engine: Engine,
    start_controller: StartController,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reconciled: list[str] = []
    reconcile = EnvironmentReconciler.reconcile

    def noted(reconciler: EnvironmentReconciler, request: Request) -> Result:
        reconciled.append(request.key)
        return reconcile(reconciler, request)

    monkeypatch.setattr(EnvironmentReconciler, "reconcile", noted)
    start_controller(status_settle=DEADLINE)
    environment = environments.create()
    eventually(environment.helm_release, "the release is created")
    throughout(RESYNC, lambda: reconciled == [environment.name], lambda: f"reconciled: {reconciled}")


def test_an_update_and_a_teardown_take_few_writes_and_events(
    environments: Environments, engine: Engine, start_controller: StartController, requests: Requests
) -> None:
    start_controller(status_settle=DEADLINE)
    environment = environments.create()
    environment.deployed()
    # They are posted a moment after the status.
    eventually(lambda: requests.events() == 2, "the Events of the deployment")
    mark = requests.mark()
    environment.patch_release(values=tag("two"))
    environment.deployed()
    assert len(requests.writes(mark, environment=environment.name)) <= 2, requests.order(mark)
    eventually(lambda: requests.events(mark) == 1, "the Event of the update")
    mark = requests.mark()
    environment.delete()
    environment.gone()
    # The last one may show the status of a teardown that a busy machine makes slow.
    assert len(requests.writes(mark, environment=environment.name)) <= 5, requests.order(mark)
    eventually(lambda: requests.events(mark) == 2, "the Events of the teardown")
