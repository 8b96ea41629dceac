"""One reconcile: its rounds, lagging caches, and the end of an environment."""

import pytest

from controller.api import flux
from controller.api.environment import ENVIRONMENTS, FINALIZER
from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery.errors import ApiError
from controller.apimachinery.resources import NAMESPACES
from controller.cache import ConsistencyError
from controller.environment import engines
from controller.environment.options import EnvironmentOptions
from controller.runtime.reconcile import Result
from tests.unit.environment.simulation.world import World
from tests.unit.environment.support.builders import (
    NAME,
    RELEASE_NAME,
    environment,
    flux_release,
    foreign_namespace,
    helm_release,
    namespace,
)
from tests.unit.environment.support.reconciling import api_error, new_world, refuse, stalled_reasons, status_of


def test_an_environment_that_is_gone_is_forgotten():
    assert World().reconcile("gone") == Result()


def test_a_teardown_that_moves_to_another_shard_is_not_measured():
    world = new_world(deleting=True, finalizers=[FINALIZER])
    world.api.put(NAMESPACES, namespace())
    world.reconcile(NAME)
    before = list(world.api.writes)

    world.stores[ENVIRONMENTS].leave(NAME)

    assert world.reconcile_strictly(NAME) == Result()
    assert world.recorded.torn_down == []
    assert world.api.writes == before


def test_an_environment_that_only_waits_for_others_says_so():
    world = new_world(deleting=True, finalizers=["others"])

    world.run(NAME)

    assert [write.subresource for write in world.api.writes] == ["status"]
    message = "Everything is removed. These finalizers of others still hold the environment: others"
    assert status_of(world)["applicationStatusMsg"] == message


def test_one_reconcile_creates_the_release():
    world = new_world()

    world.reconcile(NAME)

    assert [(write.verb, write.resource) for write in world.api.writes] == [
        ("patch", ENVIRONMENTS),
        ("create", NAMESPACES),
        ("create", HELM_RELEASES),
    ]


def test_our_own_writes_are_awaited_in_the_cache():
    world = new_world()
    world.reconcile(NAME)
    writes = len(world.api.writes)

    with pytest.raises(ConsistencyError):
        world.reconcile_strictly(NAME)
    assert len(world.api.writes) == writes
    world.sync(ENVIRONMENTS)
    with pytest.raises(ConsistencyError):
        world.reconcile_strictly(NAME)
    world.sync()
    world.reconcile_strictly(NAME)


def test_a_namespace_missing_from_the_cache_is_not_assumed_to_be_ours():
    world = new_world()
    world.api.put(NAMESPACES, foreign_namespace())

    world.reconcile(NAME)

    assert world.api.peek(NAMESPACES, NAME)["metadata"]["labels"] == {"owner": "somebody"}
    assert world.api.all(HELM_RELEASES) == []
    assert stalled_reasons(world) == ["NamespaceNotOwned"]


def test_a_release_missing_from_the_cache_is_found_and_corrected():
    world = new_world()
    world.api.put(NAMESPACES, namespace())
    world.api.put(HELM_RELEASES, helm_release(labels={}) | {"spec": {"chart": {}}})
    world.sync()

    world.reconcile(NAME)

    found = world.api.peek(HELM_RELEASES, RELEASE_NAME, NAME)
    assert found["spec"] == helm_release()["spec"]
    assert found["metadata"]["labels"]["tronador.stakater.com/environment"] == NAME


def test_a_conflict_is_retried_without_a_report():
    world = new_world()
    world.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj["metadata"].update(labels={"changed": "meanwhile"}))

    assert world.reconcile(NAME) == Result(requeue=True)
    assert world.api.writes == []


def test_an_environment_that_disappeared_is_retried_without_a_report():
    world = new_world()
    world.api.remove(ENVIRONMENTS, NAME)

    assert world.reconcile(NAME) == Result(requeue=True)
    assert world.api.writes == []


def test_a_stale_cache_does_not_restart_a_finished_teardown():
    world = new_world(deleting=True, finalizers=[FINALIZER])
    world.reconcile_strictly(NAME)
    assert world.recorded.events == ["TeardownStarted", "TeardownFinished"]

    assert world.reconcile_strictly(NAME) == Result()

    assert world.recorded.events == ["TeardownStarted", "TeardownFinished"]
    assert not world.api.reads


@pytest.mark.parametrize("verb", ["get", "patch"])
def test_a_teardown_whose_first_reconcile_fails_is_announced_once(verb):
    world = new_world(deleting=True, finalizers=[FINALIZER])
    refused = ENVIRONMENTS if verb == "patch" else NAMESPACES
    refuse(world, verb, refused, api_error(503, "ServiceUnavailable"))
    with pytest.raises(ApiError):
        world.reconcile_strictly(NAME)
    world.api.refuse = lambda *_: None

    world.reconcile_strictly(NAME)

    assert world.recorded.events == ["TeardownStarted", "TeardownFinished"]


def test_a_new_environment_with_a_used_name_is_reconciled():
    world = new_world(deleting=True, finalizers=[FINALIZER])
    world.reconcile_strictly(NAME)
    world.api.put(ENVIRONMENTS, environment(finalizers=(), uid="another"))
    world.sync()

    world.reconcile_strictly(NAME)

    assert world.api.peek(ENVIRONMENTS, NAME)["metadata"]["finalizers"] == [FINALIZER]


def test_an_environment_waits_until_an_engine_is_installed():
    world = new_world(EnvironmentOptions(service_account="", release_engine="auto"))
    world.api.serves = set()
    for _ in range(3):
        world.sync()
        world.seconds += world.reconcile(NAME).requeue_after or 0.1
    ready = {c["type"]: c["reason"] for c in status_of(world)["conditions"]}
    assert (status_of(world)["applicationStatus"], ready["Ready"]) == ("pending", "ReleaseEngineMissing")

    world.api.serves = set(engines.resources())
    world.run(NAME)

    assert status_of(world)["applicationStatus"] == "deployed"
    assert status_of(world)["release"]["engine"] == "flux"


def test_a_deletion_without_a_recorded_engine_checks_every_engine():
    options = EnvironmentOptions(service_account="", release_engine="auto")
    world = new_world(options, deleting=True, finalizers=[FINALIZER])
    world.api.put(NAMESPACES, namespace())
    made = flux_release()
    # Its labels were stripped before anybody saw it: no cache has it.
    made["metadata"] = {**made["metadata"], "labels": {}}
    world.api.put(flux.HELM_RELEASES, made)
    world.sync()

    world.reconcile(NAME)

    assert [(w.verb, w.resource) for w in world.api.writes] == [("delete", flux.HELM_RELEASES)]
