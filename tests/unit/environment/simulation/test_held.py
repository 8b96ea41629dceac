"""Whatever hangs names what holds it: in the status, and in one Event, while the environment lives and when it goes."""

from __future__ import annotations

from typing import Any

import pytest

from controller.api import flux
from controller.api.environment import ENVIRONMENTS, FINALIZER
from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery import conditions
from controller.apimachinery.resources import CONFIG_MAPS, NAMESPACES, SECRETS
from controller.environment.options import EnvironmentOptions
from controller.runtime.reconcile import Result
from tests.unit.environment.simulation.fake_operator import storage_secret
from tests.unit.environment.simulation.shared_world import config_map, deployed_world, put_config
from tests.unit.environment.simulation.world import World
from tests.unit.environment.support.builders import (
    NAME,
    RELEASE_NAME,
    environment,
    flux_release,
    foreign_namespace,
    helm_release,
    namespace,
    operator_options,
)

RANCHER = "controller.cattle.io/namespace-auth"
HOLDER = "example.com/holder"
WITH_FLUX = EnvironmentOptions(service_account="", release_engine="flux")


def _world(options: EnvironmentOptions | None = None, **changes: Any) -> World:
    world = World(options)
    world.api.put(ENVIRONMENTS, environment(**{"uid": "", **changes}))
    world.sync()
    return world


def _going(options: EnvironmentOptions | None = None, **kwargs: Any) -> World:
    world = _world(options, deleting=True, status={"applicationStatus": "uninstalling"})
    world.api.put(NAMESPACES, namespace(**kwargs))
    world.sync()
    return world


def _pass(world: World, seconds: float) -> None:
    """Time passes, and the environment is looked at each half a second."""
    for _ in range(round(seconds * 2)):
        world.sync()
        world.reconcile(NAME)
        world.api.finish_namespaces()
        world.seconds += 0.5


def _status(world: World) -> dict[str, Any]:
    return (world.api.peek(ENVIRONMENTS, NAME) or {}).get("status") or {}


def _condition(world: World, type_: str) -> dict[str, Any]:
    return dict(conditions.find(_status(world).get("conditions"), type_) or {})


def _states(world: World) -> dict[str, tuple[str, str]]:
    return {c["type"]: (c["status"], c["reason"]) for c in _status(world).get("conditions") or ()}


def _status_writes(world: World) -> int:
    return len([write for write in world.api.writes if write.subresource == "status"])


# A teardown


def test_a_finalizer_of_the_namespace_blocks_the_teardown_and_is_named():
    world = _going(operator_options(), finalizers=[RANCHER])

    _pass(world, 20)

    blocked = _condition(world, "TeardownBlocked")
    assert blocked["status"] == "True"
    assert RANCHER in blocked["message"]
    assert "content is gone" in blocked["message"]
    assert world.recorded.events.count("TeardownBlocked") == 1
    world.api.edit(NAMESPACES, NAME, "", lambda obj: obj["metadata"].pop("finalizers"))
    world.api.finish_namespaces()
    world.run(NAME)
    assert world.api.peek(ENVIRONMENTS, NAME) is None


def test_a_finalizer_that_is_removed_within_seconds_blocks_nothing():
    world = _going(operator_options(), finalizers=[RANCHER])

    _pass(world, 4)

    assert _condition(world, "TeardownBlocked") == {}
    assert RANCHER in _condition(world, "Ready")["message"]
    assert "TeardownBlocked" not in world.recorded.events


def test_a_blocked_teardown_stays_blocked_after_a_restart_without_a_new_event():
    world = _going(operator_options(), finalizers=[RANCHER])
    _pass(world, 20)
    writes = _status_writes(world)

    world.restart()
    _pass(world, 20)

    assert _status_writes(world) == writes
    assert world.recorded.events.count("TeardownBlocked") == 1


def test_a_namespace_that_never_reports_its_content_blocks_the_teardown():
    world = _going(operator_options(teardown_timeout=30), spec_finalizers=["kubernetes"])
    world.api.put(CONFIG_MAPS, {"metadata": {"name": "held", "namespace": NAME, "finalizers": [HOLDER]}})

    _pass(world, 25)
    assert _condition(world, "TeardownBlocked") == {}
    _pass(world, 15)

    assert "kube-controller-manager" in _condition(world, "TeardownBlocked")["message"]


def test_a_release_that_is_not_uninstalled_names_its_finalizer_and_the_controller():
    world = _going(WITH_FLUX)
    release = flux_release()
    world.api.put(flux.HELM_RELEASES, release | {"metadata": {**release["metadata"], "finalizers": [flux.FINALIZER]}})

    _pass(world, 3)

    message = _condition(world, "Ready")["message"]
    assert f"HelmRelease {RELEASE_NAME} is held by {flux.FINALIZER}" in message
    assert "helm-controller" in message


def test_a_release_that_holds_its_namespace_is_named_in_the_blocked_teardown():
    world = _going(EnvironmentOptions(service_account="", release_engine="flux", teardown_timeout=5))
    release = flux_release()
    world.api.put(flux.HELM_RELEASES, release | {"metadata": {**release["metadata"], "finalizers": [flux.FINALIZER]}})

    _pass(world, 8)
    assert "UninstallTimedOut" in world.recorded.events
    says = {"type": "NamespaceFinalizersRemaining", "status": "True", "message": "Some content has finalizers."}
    world.api.edit(NAMESPACES, NAME, "", lambda obj: obj["status"].update(conditions=[says]))
    _pass(world, 3)

    message = _condition(world, "TeardownBlocked")["message"]
    assert "Some content has finalizers." in message
    assert f"HelmRelease {RELEASE_NAME} is held by {flux.FINALIZER}" in message
    assert "helm-controller" in message


@pytest.mark.parametrize("held", [False, True])
def test_remaining_helm_storage_is_named(held):
    world = _going(operator_options())
    secret = storage_secret(NAME, RELEASE_NAME)
    if held:
        secret["metadata"] |= {"finalizers": [HOLDER], "deletionTimestamp": "2026-03-21T12:00:00Z"}
    world.api.put(SECRETS, secret)

    _pass(world, 3)

    message = _condition(world, "Ready")["message"]
    assert secret["metadata"]["name"] in message
    assert ("is held by example.com/holder" if held else "Helm Operator") in message


# An environment that lives


def test_a_terminating_namespace_names_its_finalizers_and_emits_one_event():
    world = _world(operator_options())
    world.api.put(NAMESPACES, foreign_namespace(deleting=True, finalizers=[RANCHER]))

    _pass(world, 4)
    assert _states(world)["NamespaceReady"] == ("Unknown", "NamespaceTerminating")
    assert RANCHER in _condition(world, "Ready")["message"]
    assert "NamespaceTerminating" not in world.recorded.events
    _pass(world, 20)

    assert _states(world)["NamespaceReady"] == ("False", "NamespaceTerminating")
    assert _states(world)["Ready"] == ("Unknown", "NamespaceTerminating")
    assert RANCHER in _condition(world, "NamespaceReady")["message"]
    assert world.recorded.events.count("NamespaceTerminating") == 1
    world.restart()
    _pass(world, 20)
    assert world.recorded.events.count("NamespaceTerminating") == 1
    world.api.edit(NAMESPACES, NAME, "", lambda obj: obj["metadata"].pop("finalizers"))
    world.api.finish_namespaces()
    world.run(NAME)
    assert _status(world)["applicationStatus"] == "deployed"


def test_a_terminating_namespace_repeats_what_remains_in_it():
    says = [
        {"type": "NamespaceContentRemaining", "status": "True", "message": "Some resources are remaining: pods."},
        {"type": "NamespaceFinalizersRemaining", "status": "True", "message": f"finalizers remaining: {HOLDER}"},
    ]
    world = _world(operator_options())
    body = namespace(deleting=True, conditions=says, spec_finalizers=["kubernetes"])
    world.api.put(NAMESPACES, body)
    world.api.put(CONFIG_MAPS, {"metadata": {"name": "held", "namespace": NAME, "finalizers": [HOLDER]}})

    _pass(world, 8)

    message = _condition(world, "NamespaceReady")["message"]
    assert "Some resources are remaining: pods." in message
    assert HOLDER in message
    assert world.recorded.events.count("NamespaceTerminating") == 1


def test_an_ordinary_deletion_of_a_namespace_emits_no_event():
    world = _world(operator_options())
    body = namespace(deleting=True, spec_finalizers=["kubernetes"])
    world.api.put(NAMESPACES, body)
    world.api.put(CONFIG_MAPS, {"metadata": {"name": "slow", "namespace": NAME, "finalizers": ["x"]}})

    _pass(world, 20)

    assert _states(world)["NamespaceReady"] == ("Unknown", "NamespaceTerminating")
    assert "NamespaceTerminating" not in world.recorded.events


def test_an_old_release_that_is_not_deleted_is_held_and_has_not_failed():
    world = _world(operator_options())
    world.api.put(NAMESPACES, namespace())
    world.api.put(HELM_RELEASES, helm_release(deleting=True))

    _pass(world, 10)
    assert _states(world)["ReleaseReady"] == ("Unknown", "ReleaseTerminating")
    assert "example.com/hold" in _condition(world, "ReleaseReady")["message"]
    _pass(world, 60)

    assert _states(world)["ReleaseReady"] == ("False", "ReleaseTerminating")
    assert world.recorded.events.count("ReleaseTerminating") == 1
    assert "ReleaseFailed" not in world.recorded.events


def test_a_shared_object_that_is_not_deleted_is_named_with_its_finalizer():
    world = deployed_world(operator_options())
    put_config(world, [config_map()])
    world.run(NAME)
    world.api.edit(CONFIG_MAPS, "proxy", NAME, lambda obj: obj["metadata"].update(finalizers=[HOLDER]))
    world.api.remove(CONFIG_MAPS, "proxy", NAME)

    _pass(world, 10)

    assert _states(world)["ResourcesReady"] == ("False", "ResourceTerminating")
    assert HOLDER in _condition(world, "ResourcesReady")["message"]
    assert _status(world)["applicationStatus"] == "deployed"


# Held by others after our part


def test_an_environment_held_by_others_after_our_part_says_so_once():
    world = _going(operator_options())
    world.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj["metadata"].update(finalizers=[HOLDER, FINALIZER, "a"]))

    world.run(NAME)

    found = world.api.peek(ENVIRONMENTS, NAME)
    assert found["metadata"]["finalizers"] == [HOLDER, "a"]
    message = "Everything is removed. These finalizers of others still hold the environment: a, example.com/holder"
    assert _status(world)["applicationStatusMsg"] == _condition(world, "Ready")["message"] == message
    assert _states(world) == {"Ready": ("False", "HeldByOthers")}
    assert _status(world)["currentPhase"] == "Waiting For Next Reconciliation Loop"
    assert world.api.peek(NAMESPACES, NAME) is None
    assert world.recorded.events.count("TeardownFinished") == 1
    writes = len(world.api.writes)
    world.restart()
    _pass(world, 10)
    assert len(world.api.writes) == writes
    world.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj["metadata"].update(finalizers=["a"]))
    world.run(NAME)
    assert _status(world)["applicationStatusMsg"].endswith(": a")


def test_the_last_status_survives_a_crash_after_our_finalizer_is_removed():
    world = _going(operator_options())
    world.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj["metadata"].update(finalizers=[HOLDER, FINALIZER]))
    for number in range(1, 12):
        world.api.crash_after = number
        world.run(NAME)
        world.restart()

    assert _states(world) == {"Ready": ("False", "HeldByOthers")}


def test_nothing_is_written_after_our_finalizer_if_there_is_no_other():
    world = _going(operator_options())

    world.run(NAME)

    last = world.api.writes[-1]
    assert (last.resource, last.subresource) == (ENVIRONMENTS, "")
    assert FINALIZER not in ((last.after or {}).get("metadata") or {}).get("finalizers", [])


def test_foreign_finalizers_removed_at_the_same_moment_cause_no_write():
    world = _going(operator_options())
    world.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj["metadata"].update(finalizers=[HOLDER, FINALIZER]))
    while FINALIZER in world.api.peek(ENVIRONMENTS, NAME)["metadata"]["finalizers"]:
        _pass(world, 0.5)
    writes = len(world.api.writes)
    world.sync()
    result = world.reconcile(NAME)

    assert result == Result(requeue_after=pytest.approx(world.options.status_settle))
    world.api.remove(ENVIRONMENTS, NAME)
    world.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj["metadata"].pop("finalizers"))
    world.run(NAME)
    assert len(world.api.writes) == writes


def test_nothing_is_claimed_if_another_removed_our_finalizer():
    world = _going(operator_options())
    before = _status(world)
    world.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj["metadata"].update(finalizers=[HOLDER]))

    world.run(NAME)

    assert _status(world) == before
    assert world.api.writes == []
