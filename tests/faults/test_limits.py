"""No more environments than the limit, whatever happens: seen by a watch of the namespaces."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import pytest

from controller.api.environment import ENVIRONMENT_LABEL, ENVIRONMENTS
from controller.apimachinery.resources import NAMESPACES
from hack.localcluster import LocalCluster
from tests.faults.support.replicas import ELECTION
from tests.integration.support.clusters import Cluster
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environments, manifest
from tests.integration.support.fixtures import StartController, StartProcess
from tests.integration.support.history import History
from tests.integration.support.waiting import eventually, throughout


def numbers_of_namespaces(history: History) -> Iterator[int]:
    """How many namespaces of environments there were after each of their changes."""
    existing: set[str] = set()
    for version in history.versions(NAMESPACES):
        if ENVIRONMENT_LABEL in (version.obj["metadata"].get("labels") or {}):
            (existing.discard if version.type == "DELETED" else existing.add)(version.name)
            yield len(existing)


def in_order_of_creation(history: History) -> list[str]:
    """The environments in the order in which their namespaces were created."""
    found = history.versions(NAMESPACES)
    created = [v for v in found if v.type == "ADDED" and ENVIRONMENT_LABEL in (v.obj["metadata"].get("labels") or {})]
    return [version.name for version in created]


def states(cluster: Cluster) -> dict[str, str]:
    """The status of each environment, by name. One that was deleted just now may not say so yet."""
    return {obj["metadata"]["name"]: _state(obj) for obj in cluster.list(ENVIRONMENTS)}


def _state(obj: dict[str, Any]) -> str:
    if obj["metadata"].get("deletionTimestamp"):
        return "uninstalling"
    return str((obj.get("status") or {}).get("applicationStatus", ""))


def deployed(cluster: Cluster) -> list[str]:
    """The environments that are deployed, by name."""
    return sorted(name for name, state in states(cluster).items() if state == "deployed")


def close(cluster: Cluster, names: Iterable[str]) -> None:
    """Delete environments."""
    for name in names:
        cluster.client.delete(ENVIRONMENTS, name)


def happens(history: History, number: int, is_at_rest: Callable[[], bool]) -> bool:
    """Whether there were so many changes of environments, or nothing else is to come."""
    return len(history.versions(ENVIRONMENTS)) >= number or is_at_rest()


def test_a_place_that_becomes_free_serves_the_next_environment(
    environments: Environments, engine: Engine, history: History, start_controller: StartController
) -> None:
    start_controller(max_environments=1)
    first = environments.create("pr-1")
    first.deployed()
    second = environments.create("pr-2")
    second.until(lambda obj: obj["status"]["applicationStatus"] == "queued", "it waits")
    assert second.condition("Admitted")["status"] == "False"
    first.delete()
    second.deployed()

    assert second.condition("Admitted") == {}
    assert max(numbers_of_namespaces(history)) == 1


def test_namespaces_that_the_cache_does_not_show_count(
    local: LocalCluster, environments: Environments, engine: Engine, start_controller: StartController
) -> None:
    start_controller(max_environments=2)
    local.hold(str(NAMESPACES))
    made = [environments.create(f"pr-{number}") for number in range(4)]
    for environment in made[2:]:
        environment.until(lambda obj: obj["status"]["applicationStatus"] == "queued", "it waits")

    assert [environment.namespace() is not None for environment in made] == [True, True, False, False]
    local.release(str(NAMESPACES))


def test_a_new_leader_with_a_stale_cache_begins_nothing(
    local: LocalCluster, environments: Environments, engine: Engine, start_controller: StartController
) -> None:
    leader = start_controller(max_environments=1, **ELECTION)
    standby = start_controller(max_environments=1, wait=False, **ELECTION)
    eventually(lambda: standby.has_caches, "the other one stands by")
    local.hold(str(NAMESPACES))
    first = environments.create("pr-1")
    eventually(lambda: first.namespace(), "the leader creates its namespace")
    leader.stop()
    second = environments.create("pr-2")
    second.until(lambda obj: obj["status"]["conditions"][0]["reason"] == "CountingEnvironments", "it is looked at")
    throughout(0.5, lambda: second.namespace() is None, "a second namespace exists")
    local.release(str(NAMESPACES))

    second.until(lambda obj: obj["status"]["applicationStatus"] == "queued", "it waits")
    first.deployed()


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", range(2))
def test_a_controller_that_is_killed_again_and_again_never_exceeds_the_limit_and_serves_all(
    cluster: Cluster, engine: Engine, history: History, start_process: StartProcess, seed: int
) -> None:
    limit, number = 10, 50
    names = [cluster.name(f"pr-{position:02}") for position in range(number)]
    for name in names:
        cluster.client.create(ENVIRONMENTS, manifest(name))
    age = {name: cluster.client.get(ENVIRONMENTS, name)["metadata"]["creationTimestamp"] for name in names}
    chance = random.Random(seed)
    process = start_process(max_environments=limit, log_level="warning")

    def is_at_rest() -> bool:
        found = [*states(cluster).values()]
        return found.count("deployed") == min(limit, len(found)) and {*found} <= {"deployed", "queued"}

    for _ in range(8):
        # People close pull requests, and the controller dies at any moment of what follows.
        close(cluster, chance.sample(deployed(cluster), min(len(deployed(cluster)), 4)))
        moment = len(history.versions(ENVIRONMENTS)) + chance.randint(1, 40)
        eventually(partial(happens, history, moment, is_at_rest), "something happens")
        process.kill()
        process = start_process(max_environments=limit, log_level="warning")
    while states(cluster):
        eventually(is_at_rest, lambda: f"it comes to rest: {states(cluster)}")
        close(cluster, deployed(cluster))

    assert max(numbers_of_namespaces(history)) == limit
    served = in_order_of_creation(history)
    assert sorted(served) == names
    order = sorted(names, key=lambda name: (age[name], name))
    # Those that get a place at the same time are created at the same time, so each may be a few places off.
    assert all(abs(served.index(name) - order.index(name)) < limit for name in names), served
