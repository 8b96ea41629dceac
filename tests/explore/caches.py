"""What the caches hold, and which of them lag behind the cluster."""

from __future__ import annotations

from controller.apimachinery.resources import Resource
from tests.explore.cluster import Cluster
from tests.explore.controller import Controller
from tests.explore.numbering import SETTINGS, Key, Objects

# A kind, and the view after its cache caught up.
Delivery = tuple[Resource, int]


class Caches:
    """See the module."""

    def __init__(self, known: Objects, controller: Controller, cluster: Cluster) -> None:
        self._objects = known
        self._controller = controller
        self._cluster = cluster
        self._late: dict[tuple[int, int], tuple[Delivery, ...]] = {}

    def current(self, cluster: int) -> int:
        """Return the view of a process that has just read all lists."""
        return self._view(self._wanted(cluster))

    def late(self, view: int, cluster: int) -> tuple[Delivery, ...]:
        """Return the kinds whose caches lag, each with the view after it caught up."""
        found = self._late.get((view, cluster))
        if found is None:
            have = {self._objects.key(number): number for number in self._controller.views[view]}
            want = self._wanted(cluster)
            kinds = {key[0] for key in have.keys() | want.keys() if have.get(key) != want.get(key)} - {SETTINGS[0]}
            found = tuple((kind, self._view(_caught_up(have, want, kind))) for kind in sorted(kinds, key=str))
            self._late[(view, cluster)] = found
        return found

    def _wanted(self, cluster: int) -> dict[Key, int]:
        keys = {self._objects.key(number): number for number in self._cluster.states[cluster]}
        return {key: n for key, n in keys.items() if self._controller.is_cached(key, self._objects[n])}

    def _view(self, have: dict[Key, int]) -> int:
        return self._controller.views.number(tuple(sorted(have.values())))


def _caught_up(have: dict[Key, int], want: dict[Key, int], kind: Resource) -> dict[Key, int]:
    others = {key: number for key, number in have.items() if key[0] != kind}
    return others | {key: number for key, number in want.items() if key[0] == kind}
