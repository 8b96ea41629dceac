"""A release that does not become ready: when the controller looks at its Pods, and what the status says about them."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from controller.api.environment import ENVIRONMENTS
from controller.api.helm_operator import HELM_RELEASES
from controller.api.rbac import ENVIRONMENT_BINDING, ROLE_BINDINGS
from controller.apimachinery.errors import ApiError, status_error
from controller.apimachinery.resources import CORE_EVENTS, PODS
from controller.environment.phases import diagnosis
from tests.unit.environment.simulation.world import World
from tests.unit.environment.support.builders import NAME, RELEASE_NAME, environment, operator_options, operator_status
from tests.unit.environment.support.pods import container, ended, pod, running, waiting

CRASH = "CrashLoop: Deployment web: Container web exits with code 1."
HOUR = 3600.0


@pytest.fixture
def world() -> World:
    """A world with an environment, and a controller that has an account of its own."""
    options = {"service_account": "tronador-controller", "own_namespace": "tronador-system", "discover_urls": False}
    world = World(operator_options(**options))
    world.api.put(ENVIRONMENTS, environment(finalizers=(), uid=""))
    return world


@pytest.fixture
def looks(world: World, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The times at which the Pods were listed."""
    times: list[float] = []
    list_ = world.api.list

    def noted(resource: Any, **query: Any) -> Any:
        if resource == PODS:
            times.append(world.seconds)
        return list_(resource, **query)

    monkeypatch.setattr(world.api, "list", noted)
    return times


def crash(world: World, *, suffix: str = "aaaaa", restarts: int = 3, code: int = 1) -> None:
    """A Pod of the release crashes, in the words of a kubelet at this moment."""
    state = waiting("CrashLoopBackOff", f"back-off {10 * restarts}s restarting failed container=web")
    for known in list(world.api.all(PODS, NAME)):
        world.api.remove(PODS, known["metadata"]["name"], NAME)
    world.api.put(PODS, _here(pod(container(state=state, last=ended(code), restarts=restarts), suffix=suffix)))


def recover(world: World) -> None:
    """All Pods run."""
    well = pod(container(state=running(1000), ready=True), phase="Running")["status"]
    for known in list(world.api.all(PODS, NAME)):
        world.api.edit(PODS, known["metadata"]["name"], NAME, lambda obj: obj.update(status=well))


def hang(world: World) -> None:
    """The release is being upgraded and does not come to an end."""
    status = operator_status("Upgrading", since=0)
    world.api.edit(HELM_RELEASES, RELEASE_NAME, NAME, lambda obj: obj.update(status=status))


def live(world: World, seconds: float) -> Iterator[dict[str, Any]]:
    """Let time pass, with a reconcile whenever one is due. Gives the status after each."""
    end = world.seconds + seconds
    while world.seconds < end:
        world.sync()
        version = world.api.version
        result = world.reconcile(NAME)
        moved = result.requeue or world.api.version != version
        yield status(world)
        world.seconds += 0.01 if moved else max(result.requeue_after or seconds, 0.001)


def status(world: World) -> dict[str, Any]:
    return copy.deepcopy((world.api.peek(ENVIRONMENTS, NAME) or {}).get("status") or {})


def texts(found: dict[str, Any]) -> list[str]:
    return [f"{p['reason']}: {p['kind']} {p['name']}: {p['message']}" for p in found.get("problems", [])]


def ready(found: dict[str, Any]) -> dict[str, Any]:
    [condition] = [condition for condition in found["conditions"] if condition["type"] == "Ready"]
    return dict(condition)


def fail(world: World) -> None:
    """The release is deployed, and its next update fails."""
    world.run(NAME)
    world.operator.failing = True
    update(world, "two")


def update(world: World, tag: str) -> None:
    values = {"image": {"tag": tag}}
    world.api.edit(ENVIRONMENTS, NAME, "", lambda o: o["spec"]["application"]["release"].update(values=values))


def _here(obj: dict[str, Any]) -> dict[str, Any]:
    return obj | {"metadata": obj["metadata"] | {"namespace": NAME}}


def test_a_failure_is_written_together_with_its_problem(world):
    fail(world)
    crash(world)
    world.run(NAME)
    written = [w.after["status"] for w in world.api.writes if w.subresource == "status" and w.after]

    failures = [found for found in written if found["applicationStatus"] == "failed"]
    assert [texts(found) for found in failures] == [[CRASH]]
    assert ready(failures[0])["message"].endswith(CRASH)
    assert failures[0]["applicationStatusMsg"].endswith(CRASH)
    [release] = [c for c in failures[0]["conditions"] if c["type"] == "ReleaseReady"]
    assert CRASH not in release["message"]


def test_the_events_about_a_failure_name_its_problem(world):
    fail(world)
    crash(world)
    world.run(NAME)

    assert world.recorded.events.count("ReleaseFailed") == 1
    assert world.recorded.notes[world.recorded.events.index("ReleaseFailed")].endswith(CRASH)
    assert "ProblemFound" not in world.recorded.events


def test_after_a_failure_there_are_three_looks_and_then_none(world, looks):
    fail(world)
    crash(world)
    world.run(NAME)
    for _ in live(world, HOUR):
        pass

    begin = looks[0]
    assert [round(moment - begin) for moment in looks] == [0, 30, 120]


def test_what_changes_by_itself_in_the_pods_writes_no_status(world):
    fail(world)
    crash(world)
    world.run(NAME)
    hang(world)
    for _ in live(world, 300):
        pass
    writes = len(world.api.writes)
    for turn, _ in enumerate(live(world, HOUR)):
        crash(world, suffix=f"bbb{turn % 10}b", restarts=turn)

    assert len(world.api.writes) == writes


def test_a_long_deployment_is_looked_at_after_a_while_and_ever_less_often(world, looks):
    world.run(NAME)
    crash(world)
    hang(world)
    began = world.seconds
    seen = [(len(looks), texts(found)) for found in live(world, HOUR)]

    assert [round(moment - began) for moment in looks][:6] == [60, 90, 150, 270, 510, 1110]
    assert len(looks) <= 11
    assert all(found == ([CRASH] if made else []) for made, found in seen)
    assert world.recorded.events.count("ProblemFound") == 1
    assert ready(status(world))["status"] == "Unknown"
    assert ready(status(world))["message"].endswith(CRASH)


def test_an_environment_that_runs_is_never_looked_at(world, looks):
    world.run(NAME)
    update(world, "two")
    world.run(NAME)
    for _ in live(world, HOUR):
        pass

    assert looks == []


def test_the_first_good_state_ends_the_problems(world):
    fail(world)
    crash(world)
    world.run(NAME)
    world.operator.failing = False
    update(world, "three")
    world.run(NAME)

    assert status(world)["applicationStatus"] == "deployed"
    assert "problems" not in status(world)
    assert CRASH not in str(status(world))


def test_a_new_spec_does_not_have_the_problems_of_the_earlier_one(world):
    fail(world)
    crash(world)
    world.run(NAME)
    update(world, "three")
    for found in live(world, 5):
        assert found["observedGeneration"] != 3 or texts(found) == []


def test_a_deployment_whose_pods_recover_loses_its_problem(world):
    world.run(NAME)
    crash(world)
    hang(world)
    for _ in live(world, 100):
        pass
    assert texts(status(world)) == [CRASH]
    recover(world)
    for _ in live(world, 300):
        pass

    assert texts(status(world)) == []


def test_a_failure_keeps_its_problem_although_the_pods_are_gone(world):
    fail(world)
    crash(world)
    world.run(NAME)
    for known in list(world.api.all(PODS, NAME)):
        world.api.remove(PODS, known["metadata"]["name"], NAME)
    for _ in live(world, HOUR):
        pass

    assert texts(status(world)) == [CRASH]


def test_a_restart_reads_nothing_if_the_status_has_the_problems(world, looks):
    fail(world)
    crash(world)
    world.run(NAME)
    looks.clear()
    world.restart()
    for _ in live(world, HOUR):
        pass

    assert looks == []
    assert texts(status(world)) == [CRASH]


def test_after_a_restart_failures_without_problems_are_looked_at_in_turn(world, looks):
    fail(world)
    world.run(NAME)
    looks.clear()
    world.restart()
    restarted = world.seconds
    for _ in live(world, HOUR):
        pass

    assert 0 < looks[0] - restarted <= diagnosis.SPREAD
    assert len(looks) == 3


def test_a_request_for_a_reconcile_looks_at_once(world, looks):
    fail(world)
    world.run(NAME)
    looks.clear()
    crash(world)
    request = {"tronador.stakater.com/reconcile-at": "now"}
    world.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj["metadata"].update(annotations=request))
    world.run(NAME)

    assert len(looks) == 1
    assert texts(status(world)) == [CRASH]


def test_the_rights_to_look_are_made_when_a_look_is_due(world):
    world.run(NAME)
    assert world.api.all(ROLE_BINDINGS, NAME) == []
    hang(world)
    for _ in live(world, 50):
        pass
    assert world.api.all(ROLE_BINDINGS, NAME) == []
    for _ in live(world, 50):
        pass

    assert [found["metadata"]["name"] for found in world.api.all(ROLE_BINDINGS, NAME)] == [ENVIRONMENT_BINDING]


@pytest.mark.parametrize("resource", [PODS, CORE_EVENTS])
def test_a_missing_right_is_reported_once_and_blocks_nothing(world, resource):
    world.api.refuse = _refusing(resource, 403, "Forbidden")
    world.run(NAME)
    crash(world)
    hang(world)
    for _ in live(world, HOUR):
        pass

    assert world.recorded.events.count("DiagnosisForbidden") == 1
    assert texts(status(world)) == ([] if resource == PODS else [CRASH])
    assert ready(status(world))["reason"] == "Progressing"
    assert [c["type"] for c in status(world)["conditions"] if c["reason"] != "Progressing"] == [
        "NamespaceReady",
        "ResourcesReady",
    ]


def test_an_error_of_a_look_does_not_hide_the_failure(world):
    fail(world)
    crash(world)
    world.api.refuse = _refusing(PODS, 500, "InternalError")
    world.run(NAME)

    assert ready(status(world))["reason"] == "ReleaseFailed"
    assert "RetryingAfterError" not in str(status(world))


def test_what_a_look_found_is_not_lost_if_another_write_comes_first(world, looks):
    fail(world)
    crash(world)
    conflicts = iter([status_error(409, {"kind": "Status", "reason": "Conflict", "message": "modified"})])

    def refuse(verb: str, resource: Any, namespace: str, name: str) -> ApiError | None:
        return next(conflicts, None) if looks and resource == ENVIRONMENTS else None

    world.api.refuse = refuse
    world.run(NAME)

    written = [w.after["status"] for w in world.api.writes if w.subresource == "status" and w.after]
    assert next(conflicts, None) is None
    assert [texts(found) for found in written if found["applicationStatus"] == "failed"] == [[CRASH]]
    assert [round(moment - looks[0]) for moment in looks] == [0, 0, 30, 120]


def test_the_rights_of_a_moment_ago_are_given_time(world, looks):
    fail(world)
    crash(world)
    until = world.seconds + 3

    def refuse(verb: str, resource: Any, namespace: str, name: str) -> ApiError | None:
        late = resource == PODS and world.seconds < until
        return _error(403, "Forbidden") if late else None

    world.api.refuse = refuse
    world.run(NAME)

    assert texts(status(world)) == [CRASH]
    assert "DiagnosisForbidden" not in world.recorded.events


def _refusing(resource: Any, code: int, reason: str) -> Any:
    def refuse(verb: str, found: Any, namespace: str, name: str) -> ApiError | None:
        return _error(code, reason) if found == resource and verb == "list" else None

    return refuse


def _error(code: int, reason: str) -> ApiError:
    return status_error(code, {"kind": "Status", "code": code, "reason": reason, "message": "no"})
