"""`tronador run --dry-run`: the same caches, queues and reconcilers, with hands that write nothing.

Each look at an environment begins like the first of a controller that was just started, with no memory of earlier ones.
Otherwise a write that never happens would count as one that somebody keeps undoing. What a look would write is logged,
each write once for as long as it is planned.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import structlog

from controller.apimachinery.objects import Object
from controller.client import Client, PlannedWrite, PlanningClient
from controller.environment.effects import Listing
from controller.runtime import Reconciler, Request, Result

log = structlog.get_logger(__name__)


class Silence:
    """Stands for everything that has effects beside the API objects: Events, wake-ups, memories, lines about changes.

    It does nothing.
    """

    def event(self, regarding: Object, *, type: str, reason: str, action: str, note: str) -> None:  # noqa: A002
        """Post no Event."""

    def ensure(self, listing: Listing, key: str) -> None:
        """Open no stream: the resync and the caches suffice to observe."""

    def release(self, key: str) -> None:
        """Close no stream."""

    def ensure_ready(self, owner_key: str) -> None:
        """Return at once: a dry run writes nothing that the caches would have to catch up with."""

    def clear(self, owner_key: str) -> None:
        """Forget no write."""

    def info(self, event: str, /, **fields: Any) -> None:
        """Log no change, because none is made."""


class DryRun:
    """What was found so far, and when it is complete.

    Args:
        client: reads from the cluster.
        keys: what there is to look at, once the caches are filled.
        finished: called when each of these was looked at once; None for a dry run that stays and observes.
    """

    name = "dry-run"

    def __init__(
        self, *, client: Client, keys: Callable[[], Iterable[str]], finished: Callable[[], None] | None
    ) -> None:
        self._client = client
        self._keys = keys
        self._finished = finished
        self._lock = threading.Lock()
        self._planned: dict[str, tuple[PlannedWrite, ...]] = {}
        self._looked_at: set[str] = set()
        self._failed: set[str] = set()
        self._wanted: frozenset[str] | None = None

    def reconciler(self, make: Callable[[PlanningClient], Reconciler]) -> Reconciler:
        """A reconciler that plans. `make` gives a fresh one that acts through the client it is given."""
        return _Planning(self, self._client, make)

    def start(self) -> None:
        """Begin to wait for the end: the caches are filled, so it is known what there is."""
        with self._lock:
            self._wanted = frozenset(self._keys())
        self._end_when_complete()

    def stop(self, timeout: float) -> bool:
        """Nothing to stop."""
        return True

    def counts(self) -> Mapping[tuple[str, str], int]:
        """How many writes are planned now, by verb and resource."""
        with self._lock:
            return Counter((write.verb, write.resource) for writes in self._planned.values() for write in writes)

    def report(self) -> bool:
        """Log what a dry run that has ended has found; whether it could look at everything."""
        with self._lock:
            looked_at, failed = len(self._looked_at), sorted(self._failed)
            complete = not failed and self._has_seen_all_locked()
        found = {"looked_at": looked_at, "writes": sum(self.counts().values()), "failed": failed}
        if complete:
            log.info("dry run complete", **found)
        else:
            log.error("dry run incomplete", **found)
        return complete

    def found(self, key: str, writes: tuple[PlannedWrite, ...]) -> None:
        """Remember what is planned for a key now, and log what was not planned before."""
        with self._lock:
            before = self._planned.pop(key, ())
            if writes:
                self._planned[key] = writes
            self._looked_at.add(key)
            self._failed.discard(key)
        for write in writes:
            if write not in before:
                shown = {name: value for name in PlannedWrite.__slots__ if (value := getattr(write, name))}
                log.info("write planned", key=key, **shown)
        self._end_when_complete()

    def failed(self, key: str) -> None:
        """A look at a key failed; the queue has it tried again, unless the dry run ends."""
        with self._lock:
            self._looked_at.add(key)
            self._failed.add(key)
        self._end_when_complete()

    def _end_when_complete(self) -> None:
        with self._lock:
            complete = self._has_seen_all_locked()
        if complete and self._finished is not None:
            self._finished()

    def _has_seen_all_locked(self) -> bool:
        return self._wanted is not None and self._wanted <= self._looked_at


class _Planning:
    def __init__(self, dry_run: DryRun, client: Client, make: Callable[[PlanningClient], Reconciler]) -> None:
        self._dry_run = dry_run
        self._client = client
        self._make = make

    def reconcile(self, request: Request) -> Result:
        """Reconcile without writing. Raises what the reconciler raises."""
        client = PlanningClient(self._client)
        try:
            result = self._make(client).reconcile(request)
        except Exception:  # whatever a reconcile raises, a bug included, makes the list of writes incomplete
            self._dry_run.failed(request.key)
            raise
        if not result.requeue:
            self._dry_run.found(request.key, client.writes)
        return result
