"""The places of environments where their number is limited: one ledger, shared by all workers, as a part of a state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from controller.api.environment import ENVIRONMENT_LABEL, ENVIRONMENTS
from controller.apimachinery import objects
from controller.apimachinery.resources import NAMESPACES
from controller.environment.admission.claims import Verdict
from controller.environment.admission.ledger import Ledger
from controller.environment.admission.places import Places
from controller.environment.options import LimitOptions
from tests.explore.calls import Call, arguments
from tests.explore.memory import Memories
from tests.explore.numbering import Objects
from tests.explore.scripted import Store

# What the process says to them on its way. None of these is a request, so nothing can come between.
TOLD: Final = frozenset({"created", "ended", "failed", "interrupted"})
CALLS: Final = TOLD | {"take"}


@dataclass(frozen=True, slots=True)
class Said:
    """What came of a call. `woken`: the environments that got a place while they waited."""

    places: int
    verdict: Verdict | None
    woken: tuple[str, ...]


class Line:
    """See the module.

    Args:
        limits: the limits.
        known: all objects.
        cached: returns the numbers of the objects in a view.
        live: returns the numbers of the objects in a state of the cluster.
    """

    def __init__(
        self,
        limits: LimitOptions,
        *,
        known: Objects,
        cached: Callable[[int], Iterable[int]],
        live: Callable[[int], Iterable[int]],
    ) -> None:
        self._limits = limits
        self._objects = known
        self._cached = cached
        self._live = live
        self._memories = Memories()
        self._said: dict[tuple[int, int, int, Call], Said] = {}

    def say(self, places: int, view: int, cluster: int, asked: Call) -> Said:
        """Call a method of the places about an environment."""
        # Only the first count looks at the cluster.
        key = places, view, -1 if places else cluster, asked
        if key not in self._said:
            self._said[key] = self._say(places, view, cluster, asked)
        return self._said[key]

    def _say(self, places: int, view: int, cluster: int, said: Call) -> Said:
        woken: list[str] = []
        caches = {resource: Store() for resource in (ENVIRONMENTS, NAMESPACES)}
        for number in self._cached(view):
            resource, _, cached = self._objects.key(number)
            if resource in caches:
                caches[resource].put("", cached, self._objects[number])
        asked = Places(
            limits=self._limits,
            environments=caches[ENVIRONMENTS],
            namespaces=caches[NAMESPACES],
            counts_all=True,
            read=lambda: list(self._labelled(cluster)),
            wake=woken.append,
            now=lambda: 0.0,
        )
        vars(asked).update(self._memories[places])
        given = arguments(said)
        verdict: Verdict | None = getattr(asked, said.verb)(given.get("environment", said.name))
        # The pause between two counts is over whenever somebody asks.
        memory = {name: value for name, value in vars(asked).items() if isinstance(value, dict | set | Ledger)}
        before, after = _ledger(self._memories[places]), _ledger(memory)
        if after is None:
            memory = {}
        elif before is not None:
            _check_order(before, after)
        return Said(self._memories.number(memory), verdict, tuple(woken))

    def _labelled(self, cluster: int) -> Iterator[dict[str, Any]]:
        for number in self._live(cluster):
            obj = self._objects[number]
            if self._objects.key(number)[0] == NAMESPACES and ENVIRONMENT_LABEL in objects.labels(obj):
                yield obj


def _ledger(memory: Mapping[str, Any]) -> Ledger | None:
    return next((value for value in memory.values() if isinstance(value, Ledger)), None)


def _check_order(before: Ledger, after: Ledger) -> None:
    """Raise AssertionError if a place was given to an environment while an older one had waited for it."""
    for claim in before.waiting & after.waiting:
        younger = [other.name for other in before.waiting if other.created > claim.created]
        given = [name for name in younger if after.hold_of(name) is not None]
        assert not given, f"{given[0]} got a place, and {claim.name} has waited longer"
