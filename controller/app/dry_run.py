"""`tronador run --dry-run`: the same caches, queues and reconcilers, with a client that writes nothing.

Each reconcile starts without memory of earlier ones. Otherwise a correction that the dry run never writes would look
like one that another program undoes. A planned write is logged once, until it is no longer planned.
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
    """Replaces everything with effects outside the API objects, and does nothing: Events, wake-ups, memories, logs."""

    def event(self, regarding: Object, *, type: str, reason: str, action: str, note: str) -> None:  # noqa: A002
        """Post no Event."""

    def ensure(self, listing: Listing, key: str) -> None:
        """Open no stream, because the resync and the caches are enough to observe."""

    def release(self, key: str) -> None:
        """Close no stream."""

    def ensure_ready(self, owner_key: str) -> None:
        """Return at once, because a dry run writes nothing that the caches would have to show."""

    def clear(self, owner_key: str) -> None:
        """Forget no write."""

    def info(self, event: str, /, **fields: Any) -> None:
        """Log no change, because none is made."""


class DryRun:
    """Collects the planned writes, and ends the dry run when all keys have been reconciled once.

    Args:
        client: reads from the cluster.
        keys: returns the keys to reconcile; called when the caches are filled.
        finished: called when each key was reconciled once; None if the dry run continues until it is stopped.
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
        """Return a reconciler that plans. It calls `make` for each reconcile, with the client to use."""
        return _Planning(self, self._client, make)

    def start(self) -> None:
        """Read the keys. Call this when the caches are filled."""
        with self._lock:
            self._wanted = frozenset(self._keys())
        self._end_when_complete()

    def stop(self, timeout: float) -> bool:
        """Return True: there is no thread to stop."""
        return True

    def counts(self) -> Mapping[tuple[str, str], int]:
        """Return how many writes are planned now, by verb and resource."""
        with self._lock:
            return Counter((write.verb, write.resource) for writes in self._planned.values() for write in writes)

    def report(self) -> bool:
        """Log the result. Returns whether all keys were reconciled without a failure."""
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
        """Record the planned writes of a key, and log those that are new."""
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
        """Record that a reconcile of a key failed. The queue retries it unless the dry run ends."""
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
        """Reconcile without a write. Raises the errors of the reconciler."""
        client = PlanningClient(self._client)
        try:
            result = self._make(client).reconcile(request)
        except Exception:  # any error, even a bug, makes the list of writes incomplete
            self._dry_run.failed(request.key)
            raise
        if not result.requeue:
            self._dry_run.found(request.key, client.writes)
        return result
