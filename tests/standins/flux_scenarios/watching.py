"""Sees every state of a namespace's two Flux objects, in the order in which the API server reports them."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass
from functools import partial
from typing import Any

from controller.api.flux import GIT_REPOSITORIES, HELM_RELEASES
from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.threads import start_thread
from controller.client import Client, WatchStream
from tests.standins.flux_scenarios.scenario import Until


@dataclass(frozen=True, slots=True)
class Sight:
    """What an object of a kind looked like, or None if it was gone."""

    kind: str
    obj: Object | None

    @property
    def generation(self) -> float:
        """The generation of the object; above all others if it was gone."""
        return math.inf if self.obj is None else objects.generation(self.obj)


class Watching:
    """Begins when it is made; `stop` ends it."""

    def __init__(self, *, client: Client, namespace: str) -> None:
        self._changed = threading.Condition()
        self._sights: list[Sight] = []
        self._read = 0
        self._streams: list[WatchStream] = []
        # An informer would leave out states that follow each other quickly.
        for resource in (GIT_REPOSITORIES, HELM_RELEASES):
            version = client.list(resource, namespace=namespace)["metadata"]["resourceVersion"]
            stream = client.watch(resource, namespace=namespace, resource_version=version, allow_bookmarks=False)
            self._streams.append(stream)
            start_thread(f"watch of {resource}", partial(self._read_all, resource.kind, stream))

    def _read_all(self, kind: str, stream: WatchStream) -> None:
        with stream:
            for event in stream:
                self._see(kind, None if event["type"] == "DELETED" else event["object"])

    def _see(self, kind: str, obj: Object | None) -> None:
        with self._changed:
            self._sights.append(Sight(kind, obj))
            self._changed.notify_all()

    def until(self, wanted: tuple[Until, ...], seconds: float) -> list[Sight]:
        """Return what was seen since the last call, up to the moment at which all of this held.

        Raises AssertionError with the last states if that moment has not come within `seconds`.
        """
        deadline = time.monotonic() + seconds
        with self._changed:
            number = self._read
            while True:
                while number < len(self._sights):
                    number += 1
                    if self._all_hold(wanted, number):
                        seen, self._read = self._sights[self._read : number], number
                        return seen
                left = deadline - time.monotonic()
                assert left > 0, f"not within {seconds:g}s: {wanted}; now {self._statuses(number)}"
                self._changed.wait(left)

    def stop(self) -> None:
        """End; no more is seen."""
        for stream in self._streams:
            stream.close()

    def _all_hold(self, wanted: tuple[Until, ...], number: int) -> bool:
        last = self._last(number)
        return all(each.holds(last.get(each.kind)) for each in wanted)

    def _statuses(self, number: int) -> dict[str, Any]:
        return {kind: obj and obj.get("status") for kind, obj in self._last(number).items()}

    def _last(self, number: int) -> dict[str, Any]:
        return {sight.kind: sight.obj for sight in self._sights[:number]}
