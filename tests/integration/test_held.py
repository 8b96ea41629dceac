"""What finalizers of others hold: the namespace itself, and the environment after its teardown."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from controller.api.environment import ENVIRONMENTS, FINALIZER
from controller.apimachinery import objects
from controller.apimachinery.errors import NotFound
from controller.apimachinery.resources import NAMESPACES, Resource
from tests.integration.support.clusters import Cluster
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environment, Environments, condition
from tests.integration.support.history import History
from tests.integration.support.waiting import eventually, throughout

HOLDER = "example.com/holder"


@contextmanager
def held(cluster: Cluster, resource: Resource, name: str) -> Iterator[None]:
    """While inside, somebody's finalizer is on the object beside those that are there."""
    _set(cluster, resource, name, lambda finalizers: [*finalizers, HOLDER])
    try:
        yield
    finally:
        _set(cluster, resource, name, lambda finalizers: [found for found in finalizers if found != HOLDER])


def _set(cluster: Cluster, resource: Resource, name: str, change: object) -> None:
    found = cluster.get(resource, name)
    if found is None:
        return
    finalizers = change(objects.finalizers(found))  # type: ignore[operator]
    metadata = {"finalizers": finalizers, "resourceVersion": objects.resource_version(found)}
    try:
        cluster.client.patch(resource, name, {"metadata": metadata})
    except NotFound:
        return


def reasons(environment: Environment) -> list[str]:
    return [event["reason"] for event in environment.events()]


def deployed(environments: Environments) -> Environment:
    environment = environments.create()
    environment.deployed()
    return environment


def test_an_environment_held_by_others_says_so_and_is_no_longer_written(
    cluster: Cluster,
    environments: Environments,
    engine: Engine,
    controller: ThreadedController,
    history: History,
) -> None:
    environment = deployed(environments)
    with held(cluster, ENVIRONMENTS, environment.name):
        environment.delete()
        last = environment.until(lambda obj: condition(obj, "Ready").get("reason") == "HeldByOthers", "its last status")
        assert (
            last["status"]["applicationStatusMsg"]
            == f"Everything is removed. These finalizers of others still hold the environment: {HOLDER}"
        )
        assert FINALIZER not in objects.finalizers(last)
        assert environment.namespace() is None
        version = int(objects.resource_version(last))
        throughout(
            0.5,
            lambda: [v for v in history.versions(ENVIRONMENTS, environment.name) if v.at > version] == [],
            "an environment that others hold is written again",
        )
    environment.gone()


@pytest.mark.slow
def test_a_teardown_held_by_a_finalizer_of_the_namespace_names_it(
    cluster: Cluster, environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    environment = deployed(environments)
    with held(cluster, NAMESPACES, environment.name):
        environment.delete()
        blocked = environment.until(lambda obj: condition(obj, "TeardownBlocked"), "it is said that it is blocked")
        assert HOLDER in condition(blocked, "TeardownBlocked")["message"]
        eventually(lambda: reasons(environment).count("TeardownBlocked") == 1, "one Event says so")
    environment.gone()


@pytest.mark.slow
def test_an_environment_names_the_finalizer_on_its_namespace_and_recovers(
    cluster: Cluster, environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    environment = deployed(environments)
    with held(cluster, NAMESPACES, environment.name):
        cluster.client.delete(NAMESPACES, environment.name)
        waiting = environment.until(
            lambda obj: condition(obj, "NamespaceReady").get("status") == "False", "its namespace is said to be held"
        )
        assert condition(waiting, "NamespaceReady")["reason"] == "NamespaceTerminating"
        assert HOLDER in condition(waiting, "NamespaceReady")["message"]
        eventually(lambda: reasons(environment).count("NamespaceTerminating") == 1, "one Event says so")
    environment.deployed()
