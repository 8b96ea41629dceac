"""An error that a retry does not heal within seconds stands in the status, and goes away with its cause."""

from __future__ import annotations

import contextlib
import itertools
from typing import Any

import pytest

from controller.api import flux
from controller.api.environment import ENVIRONMENTS, FINALIZER
from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery import conditions
from controller.apimachinery.clock import MonotonicClock
from controller.apimachinery.errors import ConnectionLost, NotLeader, RequestTimeout, Stopped, status_error
from controller.apimachinery.resources import CONFIG_MAPS, NAMESPACES
from controller.apimachinery.scope import Scope
from controller.environment import echoes
from controller.environment import reconciler as reconciler_module
from controller.environment import status as status_module
from controller.environment.options import EnvironmentOptions
from tests.unit.environment.simulation.shared_world import config_map, deployed_world, put_config
from tests.unit.environment.simulation.world import World
from tests.unit.environment.support.builders import NAME, RELEASE_NAME, environment, namespace

METRICS = {"apiVersion": "metrics.example.com/v1", "kind": "Thing", "metadata": {"name": "x"}}


def _error(code: int, reason: str = "", message: str = "words") -> Any:
    return status_error(code, {"kind": "Status", "reason": reason, "message": message})


def _world(options: EnvironmentOptions | None = None, **changes: Any) -> World:
    world = World(options)
    world.api.put(ENVIRONMENTS, environment(**{"finalizers": (), "uid": "", **changes}))
    world.sync()
    return world


def _refuse(world: World, verb: str, resource: Any, error: Exception) -> None:
    world.api.refuse = lambda v, r, *_: error if (v, r) == (verb, resource) else None  # type: ignore[assignment]


def _heal(world: World) -> None:
    world.api.refuse = lambda *_: None
    world.api.silent.clear()


def _try(world: World, seconds: float) -> None:
    """Retries for some seconds, each half a second after the one before."""
    for _ in range(round(seconds * 2)):
        world.sync()
        # What the worker would count and try again.
        with contextlib.suppress(Exception):
            world.reconcile(NAME)
        world.seconds += 0.5


def _status(world: World) -> dict[str, Any]:
    return (world.api.peek(ENVIRONMENTS, NAME) or {}).get("status") or {}


def _conditions(world: World) -> dict[str, tuple[str, str]]:
    return {c["type"]: (c["status"], c["reason"]) for c in _status(world).get("conditions") or ()}


def _message(world: World, type_: str = "Ready") -> str:
    return str((conditions.find(_status(world)["conditions"], type_) or {}).get("message"))


def _status_writes(world: World) -> int:
    return len([write for write in world.api.writes if write.subresource == "status"])


LASTING = ("Unknown", "RetryingAfterError")
AGAIN = ("True", "RetryingAfterError")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (_error(500, "InternalError", "etcdserver: request timed out"), "etcdserver: request timed out"),
        (_error(429, "TooManyRequests", "slow down"), "slow down"),
        (_error(409, "Conflict", "changed"), "409 Conflict"),
        (_error(404, "NotFound", "namespaces not found"), "404 NotFound"),
        (_error(401, "Unauthorized", "who are you"), "401 Unauthorized"),
        (ConnectionLost("reset"), "refused or lost"),
        (RequestTimeout("late"), "no answer"),
    ],
)
def test_an_error_retried_for_seconds_is_in_the_status_until_it_is_resolved(error, words):
    world = _world()
    _refuse(world, "create", NAMESPACES, error)

    _try(world, 5)
    assert _status(world) == {}
    _try(world, 1)

    assert _conditions(world) == {"Ready": LASTING, "NamespaceReady": LASTING, "Reconciling": AGAIN}
    assert _status(world)["applicationStatus"] == "pending"
    assert words in _message(world)
    assert f"Creating namespaces {NAME} fails" in _message(world)
    _heal(world)
    world.run(NAME)
    assert _status(world)["applicationStatus"] == "deployed"
    assert "RetryingAfterError" not in str(_status(world))


def test_an_error_resolved_within_seconds_is_never_shown():
    world = _world()
    for _ in range(4):
        _refuse(world, "create", NAMESPACES, _error(503))
        _try(world, 4)
        _heal(world)
        world.sync()
        world.reconcile(NAME)
        world.api.remove(NAMESPACES, NAME)
        world.api.finish_namespaces()
        world.sync()

    assert "RetryingAfterError" not in str(_status(world))


@pytest.mark.parametrize("error", [Stopped("stopping"), NotLeader("not the leader")])
def test_the_end_of_the_process_does_not_count_as_an_error(error):
    world = _world()
    _refuse(world, "create", NAMESPACES, error)

    _try(world, 20)

    assert _status(world) == {}


def test_the_same_error_is_written_once():
    world = _world()
    ports = iter(range(40000, 50000))
    world.api.refuse = lambda v, r, *_: (  # type: ignore[assignment]
        _error(500, "InternalError", f"dial tcp 10.0.0.1:{next(ports)}: refused")
        if (v, r) == ("create", NAMESPACES)
        else None
    )

    _try(world, 60)

    assert _status_writes(world) == 1


def test_errors_that_take_turns_are_not_written_in_turns():
    world = _world()
    errors = itertools.cycle([_error(500, "InternalError"), ConnectionLost("reset"), RequestTimeout("late")])
    world.api.refuse = lambda v, r, *_: next(errors) if (v, r) == ("create", NAMESPACES) else None  # type: ignore[assignment]

    _try(world, 34)
    assert _status_writes(world) == 1
    _refuse(world, "create", NAMESPACES, _error(504, "Timeout", "too late"))
    _try(world, 5)
    assert _status_writes(world) == 2
    assert "too late" in _message(world)


def test_another_error_is_shown_at_once_after_a_change_of_the_environment():
    world = _world()
    _refuse(world, "create", NAMESPACES, _error(503))
    _try(world, 6)

    _refuse(world, "create", NAMESPACES, ConnectionLost("reset"))
    world.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj["spec"].update(namespaceLabels={"team": "gabbar"}))
    _try(world, 1)

    assert "refused or lost" in _message(world)


def test_an_error_stays_shown_after_a_restart():
    world = _world()
    _refuse(world, "create", NAMESPACES, _error(503))
    _try(world, 6)
    before = _status(world)

    world.restart()
    _try(world, 20)

    assert _status(world) == before
    assert _status_writes(world) == 1


# A fault of ours


@pytest.mark.parametrize("error", [RecursionError("too deep: hunter2"), KeyError("hunter2"), AssertionError()])
def test_an_internal_error_at_one_object_is_shown_only_by_its_class(error):
    world = _world()
    _refuse(world, "create", HELM_RELEASES, error)

    _try(world, 6)

    assert _conditions(world)["ReleaseReady"] == ("Unknown", "InternalError")
    assert _conditions(world)["NamespaceReady"] == ("True", "Active")
    assert type(error).__name__ in _message(world)
    assert "hunter2" not in str(_status(world))
    _heal(world)
    world.run(NAME)
    assert _status(world)["applicationStatus"] == "deployed"


@pytest.mark.parametrize("where", ["decide", "desired"])
def test_an_internal_error_in_the_plan_makes_every_condition_unknown(where, monkeypatch):
    world = _world()

    def fail(*_: Any) -> None:
        raise RecursionError

    module = reconciler_module if where == "decide" else status_module
    monkeypatch.setattr(module, where, fail)
    _try(world, 6)

    unknown = ("Unknown", "InternalError")
    parts = dict.fromkeys(("Ready", "NamespaceReady", "ResourcesReady", "ReleaseReady"), unknown)
    assert _conditions(world) == {**parts, "Reconciling": ("True", "InternalError")}
    assert "RecursionError" in _message(world)
    monkeypatch.undo()
    world.run(NAME)
    assert _status(world)["applicationStatus"] == "deployed"


def test_an_internal_error_does_not_change_the_state_of_a_deployed_release(monkeypatch):
    world = _world()
    world.run(NAME)
    before = _status(world)
    world.seconds += echoes.SECONDS
    monkeypatch.setattr(reconciler_module, "decide", lambda *_: {}["hunter2"])

    _try(world, 6)

    assert _status(world)["applicationStatus"] == "deployed"
    assert _conditions(world) == {
        "Ready": ("True", "Deployed"),
        "NamespaceReady": ("Unknown", "InternalError"),
        "ResourcesReady": ("Unknown", "InternalError"),
        "ReleaseReady": ("True", "Succeeded"),
        "Reconciling": ("True", "InternalError"),
    }
    assert (_status(world)["release"], _status(world)["namespaceLabels"]) == (
        before["release"],
        before["namespaceLabels"],
    )
    monkeypatch.undo()
    world.run(NAME)
    assert "InternalError" not in str(_status(world))


def test_an_internal_error_at_a_new_generation_hides_the_old_success(monkeypatch):
    world = _world()
    world.run(NAME)
    world.api.edit(
        ENVIRONMENTS, NAME, "", lambda obj: obj["spec"]["application"]["release"].update(values={"tag": "2"})
    )
    monkeypatch.setattr(reconciler_module, "decide", lambda *_: {}["hunter2"])

    _try(world, 6)

    assert _status(world)["applicationStatus"] == "pending"
    assert _conditions(world)["Ready"] == ("Unknown", "InternalError")


def test_a_reconcile_that_times_out_is_shown_at_once():
    world = _world()
    _refuse(world, "create", NAMESPACES, RequestTimeout("the deadline of this operation has passed"))
    with Scope(timeout=0.0, clock=MonotonicClock()).bound(), pytest.raises(RequestTimeout):
        world.reconcile_strictly(NAME)

    assert _conditions(world)["Ready"] == ("Unknown", "InternalError")
    assert "--reconcile-timeout" in _message(world)


def test_the_first_error_is_raised_if_the_status_cannot_be_written():
    world = _world()
    world.api.refuse = lambda v, r, *_: _error(503) if r == NAMESPACES else _error(500) if v == "patch" else None
    for _ in range(3):
        with pytest.raises(type(_error(503))) as raised:
            world.reconcile_strictly(NAME)
        world.seconds += 10
    assert raised.value.code in (500, 503)
    assert _status(world) == {}


# What runs stays deployed


def test_the_release_stays_deployed_if_a_shared_kind_does_not_answer():
    world = deployed_world()
    put_config(world, [config_map(), METRICS])
    world.api.silent["metrics.example.com/v1"] = _error(503, "ServiceUnavailable", "unable to handle the request")

    _try(world, 6)

    assert _status(world)["applicationStatus"] == "deployed"
    assert _conditions(world) == {
        "Ready": ("True", "Deployed"),
        "NamespaceReady": ("True", "Active"),
        "ResourcesReady": LASTING,
        "ReleaseReady": ("True", "Succeeded"),
        "Reconciling": AGAIN,
    }
    words = "Looking up the resources of metrics.example.com/v1 fails: 503 ServiceUnavailable: unable to handle"
    assert words in _message(world, "ResourcesReady")
    assert world.api.peek(CONFIG_MAPS, "proxy", NAME) is None
    put_config(world, [config_map()])
    _heal(world)
    world.run(NAME)
    assert _conditions(world)["ResourcesReady"] == ("True", "Applied")
    assert "Reconciling" not in _conditions(world)


def test_a_new_environment_is_not_ready_if_its_shared_kind_does_not_answer():
    world = deployed_world(deployed=False)
    put_config(world, [METRICS])
    world.api.silent["metrics.example.com/v1"] = _error(503)

    _try(world, 6)

    assert _conditions(world)["Ready"] == _conditions(world)["ResourcesReady"] == LASTING
    assert _status(world)["applicationStatus"] == "pending"
    assert world.api.all(HELM_RELEASES) == []


def test_a_push_is_not_ready_if_its_release_cannot_be_changed():
    world = _world()
    world.run(NAME)
    world.api.edit(
        ENVIRONMENTS, NAME, "", lambda obj: obj["spec"]["application"]["release"].update(values={"tag": "2"})
    )
    _refuse(world, "patch", HELM_RELEASES, _error(500))

    _try(world, 6)

    assert _conditions(world)["Ready"] == _conditions(world)["ReleaseReady"] == LASTING
    assert _status(world)["applicationStatus"] == "pending"


def test_the_release_stays_deployed_if_its_namespace_cannot_be_changed():
    world = _world()
    world.run(NAME)
    world.api.edit(NAMESPACES, NAME, "", lambda obj: obj["metadata"]["labels"].pop("team"))
    _refuse(world, "patch", NAMESPACES, _error(500))

    _try(world, 6)

    assert _conditions(world) == {
        "Ready": ("True", "Deployed"),
        "NamespaceReady": LASTING,
        "ResourcesReady": LASTING,
        "ReleaseReady": ("True", "Succeeded"),
        "Reconciling": AGAIN,
    }


# A suspended environment


def test_a_suspended_environment_shows_the_error_and_keeps_its_state():
    world = _world(EnvironmentOptions(service_account="", release_engine="flux"))
    world.run(NAME)
    deployed = _conditions(world)
    world.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj["spec"].update(suspend=True))
    _refuse(world, "patch", flux.HELM_RELEASES, _error(500))

    _try(world, 6)

    assert _conditions(world) == {**deployed, "Reconciling": AGAIN}
    assert _status(world)["applicationStatus"] == "suspended"
    _heal(world)
    world.run(NAME)
    assert _conditions(world) == deployed


def test_a_suspension_does_not_freeze_an_error():
    world = _world()
    _refuse(world, "create", NAMESPACES, _error(503))
    _try(world, 6)
    world.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj["spec"].update(suspend=True))
    _heal(world)

    world.run(NAME)

    assert _conditions(world) == {"Ready": ("Unknown", "Suspended")}


# A teardown


def _deleted() -> World:
    world = _world(deleting=True, finalizers=[FINALIZER], status={"applicationStatus": "uninstalling"})
    world.api.put(NAMESPACES, namespace())
    world.sync()
    return world


def test_an_error_that_blocks_a_teardown_emits_one_event():
    world = _deleted()
    _refuse(world, "get", HELM_RELEASES, _error(500, "InternalError", "conversion webhook for helm failed"))

    _try(world, 30)

    assert _conditions(world)["TeardownBlocked"] == AGAIN
    assert _conditions(world)["Ready"] == ("False", "Terminating")
    assert RELEASE_NAME in _message(world, "TeardownBlocked")
    assert "conversion webhook for helm failed" in _message(world, "TeardownBlocked")
    assert _status(world)["currentPhase"] == "Uninstalling Release"
    assert world.recorded.events.count("TeardownBlocked") == 1
    _heal(world)
    world.run(NAME)
    assert world.api.peek(ENVIRONMENTS, NAME) is None


@pytest.mark.parametrize("code", [403, 422])
def test_a_missing_right_to_delete_a_namespace_blocks_the_teardown(code):
    world = _deleted()
    _refuse(world, "delete", NAMESPACES, _error(code, "Forbidden", "deletion protection"))

    _try(world, 3)

    assert _conditions(world)["TeardownBlocked"][0] == "True"
    assert "deletion protection" in _message(world, "TeardownBlocked")
    assert world.recorded.events.count("TeardownBlocked") == 1
