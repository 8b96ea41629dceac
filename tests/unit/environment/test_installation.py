"""Two installations in one cluster: an environment belongs to one of them, and the other leaves it alone."""

from __future__ import annotations

import pytest

from controller.api.environment import ENVIRONMENTS, FINALIZER, INSTALLATION_ANNOTATION, LEASE_NAME
from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery.errors import status_error
from controller.apimachinery.resources import LEASES, NAMESPACES
from controller.runtime.reconcile import Result
from tests.unit.environment.simulation.world import World
from tests.unit.environment.support.builders import NAME, environment, helm_release, namespace, operator_options

OTHER = "tronador-elsewhere"


def _lease(holder):
    metadata = {"name": LEASE_NAME, "namespace": OTHER}
    return {"metadata": metadata, "spec": {"holderIdentity": holder, "leaseDurationSeconds": 15}}


def _world(*, installation=OTHER, holder="pod-1", **changes):
    """Environment and namespace of another installation, with other labels than this one would give it."""
    world = World(operator_options(namespace_labels={"given-by": "this one"}))
    world.api.put(ENVIRONMENTS, environment(**{"uid": "uid-1", "status": {"applicationStatus": "deployed"}} | changes))
    annotations = {**namespace()["metadata"]["annotations"], INSTALLATION_ANNOTATION: installation}
    world.api.put(NAMESPACES, namespace(annotations=annotations))
    world.api.put(HELM_RELEASES, helm_release())
    if holder is not None:
        world.api.put(LEASES, _lease(holder))
    world.sync()
    return world


def _installation(world):
    return world.api.peek(NAMESPACES, NAME)["metadata"]["annotations"][INSTALLATION_ANNOTATION]


def test_the_namespace_names_its_installation():
    world = World(operator_options())
    world.api.put(ENVIRONMENTS, environment(finalizers=(), uid=""))
    world.run(NAME)
    assert _installation(world) == "tronador-system"


@pytest.mark.parametrize("changes", [{}, {"deleting": True}, {"suspend": True}, {"generation": 2}])
def test_an_environment_of_a_running_installation_is_not_changed(changes):
    world = _world(**changes)
    assert world.reconcile_strictly(NAME) == Result(requeue_after=300)
    assert world.api.writes == []


def test_one_event_names_the_owner_and_the_remedy():
    world = _world()
    for _ in range(3):
        world.reconcile_strictly(NAME)
        world.seconds += 300
    assert world.recorded.events == ["OtherInstallation"]
    assert f"belongs to the installation of the controller in namespace {OTHER}" in world.recorded.notes[0]
    assert f"delete Lease {LEASE_NAME} in namespace {OTHER}" in world.recorded.notes[0]


@pytest.mark.parametrize("holder", [None, ""])
def test_an_environment_of_an_installation_that_is_gone_is_taken_over(holder):
    world = _world(holder=holder)
    world.run(NAME)
    assert _installation(world) == "tronador-system"
    assert world.api.peek(NAMESPACES, NAME)["metadata"]["labels"]["given-by"] == "this one"


def test_an_environment_is_taken_over_once_its_installation_has_ended():
    world = _world()
    world.reconcile_strictly(NAME)
    world.api.put(LEASES, _lease(""))
    world.run(NAME)
    assert _installation(world) == "tronador-system"


def test_an_unreadable_installation_counts_as_running():
    world = _world()
    refused = status_error(403, {"kind": "Status", "reason": "Forbidden", "message": "no"})
    world.api.refuse = lambda verb, resource, *_: refused if resource == LEASES else None
    world.reconcile_strictly(NAME)
    assert world.api.writes == []


@pytest.mark.parametrize("garbage", ["", "../secrets", "a/b", "x" * 64, "UPPER"])
def test_a_value_without_a_namespace_does_not_count_as_an_installation(garbage):
    world = _world(installation=garbage)
    world.run(NAME)
    assert _installation(world) == "tronador-system"


def test_a_namespace_that_both_want_to_create_belongs_to_the_first():
    world = World(operator_options())
    world.api.put(ENVIRONMENTS, environment(finalizers=(), uid=""))
    world.sync()
    world.api.put(LEASES, _lease("pod-1"))
    annotations = {**namespace()["metadata"]["annotations"], INSTALLATION_ANNOTATION: OTHER}
    world.api.put(NAMESPACES, namespace(annotations=annotations))

    world.reconcile(NAME)

    assert _installation(world) == OTHER
    assert world.api.all(HELM_RELEASES) == []
    assert FINALIZER in world.api.peek(ENVIRONMENTS, NAME)["metadata"]["finalizers"]
    assert "status" not in world.api.peek(ENVIRONMENTS, NAME)
