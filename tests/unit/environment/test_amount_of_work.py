"""How much an environment costs: requests, writes, Events, and calls of the controller's functions.

These counts depend on neither the machine nor the time, so the limits are close to today's figures. A change that
exceeds one is made cheaper, or it raises the limit and says why.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import controller
from controller.api.environment import ENVIRONMENTS
from controller.environment import echoes
from tests.unit.environment.simulation.world import World
from tests.unit.environment.support.builders import NAME, environment, operator_options
from tests.unit.measured import count_calls

CODE = str(Path(controller.__file__).parent)


@dataclass(frozen=True)
class Cost:
    """What a piece of work cost. A call counts if it is one of the controller's Python functions."""

    calls: int
    reads: int
    writes: int
    events: int

    def __le__(self, most: Cost) -> bool:
        pairs = zip(vars(self).values(), vars(most).values(), strict=True)
        return all(figure <= limit for figure, limit in pairs)


@pytest.fixture
def world() -> World:
    """A world with an environment, and a controller that has an account of its own."""
    world = World(
        operator_options(service_account="tronador-controller", own_namespace="tronador-system", discover_urls=True)
    )
    world.api.put(ENVIRONMENTS, environment(finalizers=(), uid=""))
    return world


@pytest.fixture
def cost_of(world: World, monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], Cost]:
    """Measures work in this world."""
    reads: list[str] = []
    for verb in ("get", "list"):
        monkeypatch.setattr(world.api, verb, _noting(getattr(world.api, verb), reads))

    def cost_of(work: Callable[[], object]) -> Cost:
        reads.clear()
        writes, events = len(world.api.writes), len(world.recorded.events)
        calls = count_calls(work, below=CODE)
        return Cost(calls, len(reads), len(world.api.writes) - writes, len(world.recorded.events) - events)

    return cost_of


def test_a_creation_stays_within_its_limits(world, cost_of):
    cost = cost_of(lambda: world.run(NAME))
    assert _status(world) == "deployed"
    # Two reads for the URLs, and the RoleBinding that allows them. It is in no cache, so the echo is decided again.
    assert cost <= Cost(calls=5300, reads=2, writes=5, events=2), cost


def test_the_echo_of_a_write_stays_within_its_limits(world, cost_of):
    world.run(NAME)
    cost = cost_of(lambda: world.reconcile_strictly(NAME))
    assert cost <= Cost(calls=100, reads=0, writes=0, events=0), cost


def test_a_reconcile_without_a_change_stays_within_its_limits(world, cost_of):
    world.run(NAME)
    world.seconds += echoes.SECONDS
    cost = cost_of(lambda: world.reconcile_strictly(NAME))
    assert cost <= Cost(calls=595, reads=0, writes=0, events=0), cost


def test_a_restart_stays_within_its_limits(world, cost_of):
    world.run(NAME)
    world.restart()
    cost = cost_of(lambda: world.run(NAME))
    assert cost <= Cost(calls=595, reads=0, writes=0, events=0), cost


def test_an_update_stays_within_its_limits(world, cost_of):
    world.run(NAME)
    world.api.edit(ENVIRONMENTS, NAME, "", _with_another_tag)
    cost = cost_of(lambda: world.run(NAME))
    assert _status(world) == "deployed"
    # The two reads are those of the new generation's URLs. Their answers take one more decision.
    # While a release is being deployed, each reconcile also decides when to look at its Pods.
    assert cost <= Cost(calls=5020, reads=2, writes=2, events=1), cost


def test_a_teardown_stays_within_its_limits(world, cost_of):
    world.run(NAME)
    world.api.remove(ENVIRONMENTS, NAME)
    cost = cost_of(lambda: world.run(NAME))
    assert world.api.peek(ENVIRONMENTS, NAME) is None
    # The RoleBinding is there since the creation. To create it again, and be refused, takes about 30 calls more.
    assert cost <= Cost(calls=1290, reads=5, writes=3, events=2), cost


def _noting(call: Callable[..., Any], calls: list[str]) -> Callable[..., Any]:
    def noted(*args: Any, **kwargs: Any) -> Any:
        calls.append(call.__name__)
        return call(*args, **kwargs)

    return noted


def _status(world: World) -> str:
    return str(world.api.peek(ENVIRONMENTS, NAME)["status"]["applicationStatus"])


def _with_another_tag(obj: dict[str, Any]) -> None:
    obj["spec"]["application"]["release"]["values"] = {"image": {"tag": "SNAPSHOT-PR-74-7a61bb30"}}
