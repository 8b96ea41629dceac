"""Sees in the watch of environments when each of them has become what was asked for."""

from __future__ import annotations

import threading
import time

from controller.api.environment import ENVIRONMENTS
from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.cache import DeletedFinalStateUnknown, Informer
from controller.client import Client
from hack.bench.bed import BenchError

DEPLOYED = "deployed"
_SYNC_SECONDS = 60.0


class Observer:
    """Watches until stopped. Times are those of `time.monotonic`.

    Readers need no lock, because its thread replaces what it changes.

    Attributes:
        gone: names of the environments that were deleted, and when.
    """

    def __init__(self, client: Client) -> None:
        self.gone: dict[str, float] = {}
        self._deployed: dict[str, dict[int, float]] = {}
        self._informer = Informer(client=client, resource=ENVIRONMENTS, transform=lambda obj: obj)
        self._informer.add_handler(self, name="bench")
        self._informer.start()

    def await_sync(self) -> None:
        """Wait until it has seen everything that existed at its start. Raises BenchError after a minute."""
        pause = threading.Event()
        deadline = time.monotonic() + _SYNC_SECONDS
        while not self._informer.has_synced():
            if time.monotonic() > deadline:
                raise BenchError(f"the list of environments did not come within {_SYNC_SECONDS:g} s")
            pause.wait(0.1)

    def names(self) -> list[str]:
        """Return the names of all environments."""
        return [objects.name(obj) for obj in self._informer.store.list()]

    def deployed(self, name: str, generation: int) -> float | None:
        """Return when the status first said that this generation, or a later one, is deployed."""
        times = [when for seen, when in self._deployed.get(name, {}).items() if seen >= generation]
        return min(times, default=None)

    def stop(self) -> None:
        """End the watch."""
        self._informer.stop(10.0)

    # The informer's handler.

    def on_add(self, obj: Object) -> None:
        self._see(obj)

    def on_update(self, old: Object, new: Object) -> None:
        self._see(new)

    def on_delete(self, obj: Object | DeletedFinalStateUnknown) -> None:
        key = obj.key if isinstance(obj, DeletedFinalStateUnknown) else objects.key(obj)
        self.gone[key] = time.monotonic()
        self._deployed.pop(key, None)

    def _see(self, obj: Object) -> None:
        status = obj.get("status") or {}
        generation = obj["metadata"]["generation"]
        if status.get("applicationStatus") == DEPLOYED and status.get("observedGeneration") == generation:
            # A new dict, because another thread reads the old one.
            before = self._deployed.get(objects.name(obj), {})
            self._deployed[objects.name(obj)] = {generation: time.monotonic()} | before
