"""Notifies one handler of changes, in its own thread, with memory bounded by the number of objects.

A map of pending changes separates the informer from the handler. Changes to the same key are merged, so at most one
change per object waits for a slow handler: from the last state that the handler knows to the newest state.

A handler that never waits can be called `at_once`, in the informer's own thread. Waking another thread for a change
costs more than such a handler itself.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import structlog

from controller.apimachinery.clock import Clock
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import Resource
from controller.apimachinery.threads import start_thread
from controller.cache.metrics import InformerMetrics

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DeletedFinalStateUnknown:
    """Stands for an object whose deletion was not observed. Holds its last known state, which may be outdated."""

    key: str
    obj: Object


class Handler(Protocol):
    """Receives changes in one thread, one at a time. It should only map objects to keys and queue the keys: no I/O, no
    waiting.

    An update may hide a deletion and a new creation: compare the UIDs. A delete may arrive for an object that was never
    added, if both happened while the handler was busy.
    """

    def on_add(self, obj: Object) -> None:
        """`obj` exists. Also called for every object that existed before the handler was added."""
        ...

    def on_update(self, old: Object, new: Object) -> None:
        """`old` became `new`. In a resync both are the same object."""
        ...

    def on_delete(self, obj: Object | DeletedFinalStateUnknown) -> None:
        """`obj` is gone."""
        ...


class Registration(Protocol):
    """The registration of a handler with an informer."""

    def has_synced(self) -> bool:
        """Whether the handler has processed every object of the initial state."""
        ...

    def remove(self) -> None:
        """Remove the handler. Does not wait for a call that is running. Idempotent."""
        ...


@dataclass(slots=True)
class _Pending:
    """The pending change of one key: the state the handler last knew (None: none) and the current state.

    The current state is None after a deletion; `last` then holds the final state.
    """

    old: Object | None
    new: Object | None
    last: Object | DeletedFinalStateUnknown | None = None


class Notifier:
    """The pending changes and the thread of one handler. `added`, `updated` and `deleted` never block.

    With `at_once`, these three call the handler themselves, and the thread only resyncs.
    """

    def __init__(
        self,
        *,
        name: str,
        resource: Resource,
        handler: Handler,
        at_once: bool,
        metrics: InformerMetrics,
        clock: Clock,
        resync_period: float,
        resync: Callable[[Notifier], None],
    ) -> None:
        self.name = name
        self._resource = resource
        self._handler = handler
        self._at_once = at_once
        self._metrics = metrics
        self._clock = clock
        self._resync_period = resync_period
        self._resync = resync
        self._condition = threading.Condition()
        self._pending: OrderedDict[str, _Pending] = OrderedDict()
        # The key whose change the handler is processing now.
        self._delivering: str | None = None
        # Keys of the initial state that the handler has not processed yet; None until that state is known.
        self._unsynced: set[str] | None = None
        self._synced = threading.Event()
        self._stopped = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start calling the handler. Until then, changes are collected."""
        if self._at_once and self._resync_period <= 0:
            return
        self._thread = start_thread(f"handler-{self._resource.plural}-{self.name}", self._run)

    def stop(self) -> None:
        """Stop calling the handler and drop its pending changes. Idempotent."""
        with self._condition:
            self._stopped = True
            self._pending.clear()
            self._condition.notify_all()

    def join(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds for the thread to end; return whether it has."""
        if self._thread is None or self._thread is threading.current_thread():
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def added(self, key: str, obj: Object) -> None:
        """Queue the notification that `obj` appeared."""
        self._notify(key, _Pending(old=None, new=obj))

    def updated(self, key: str, old: Object, new: Object) -> None:
        """Queue the notification that `old` became `new`."""
        self._notify(key, _Pending(old=old, new=new))

    def deleted(self, key: str, old: Object, last: Object | DeletedFinalStateUnknown) -> None:
        """Queue the notification that `old`, whose final state was `last`, is gone.

        The handler is notified even if it never saw the object added, because it may know the object from elsewhere.
        """
        self._notify(key, _Pending(old=old, new=None, last=last))

    def initial_state_complete(self) -> None:
        """Record that every object of the initial state was passed to `added` or already has a pending change."""
        with self._condition:
            if self._unsynced is None:
                self._unsynced = set(self._pending)
                if self._delivering is not None:
                    self._unsynced.add(self._delivering)
                self._check_synced_locked()

    def has_synced(self) -> bool:
        """See `Registration`."""
        return self._synced.is_set()

    def __len__(self) -> int:
        """Return the number of keys with a pending change."""
        with self._condition:
            return len(self._pending)

    def _notify(self, key: str, change: _Pending) -> None:
        if self._at_once:
            if not self._stopped:
                self._call(key, change)
            return
        with self._condition:
            pending = self._pending.get(key)
            if pending is not None:
                pending.new, pending.last = change.new, change.last
            elif not self._stopped:
                self._pending[key] = change
                self._condition.notify_all()

    def _check_synced_locked(self) -> None:
        if self._unsynced is not None and not self._unsynced:
            self._synced.set()

    def _run(self) -> None:
        due = self._clock.now() + self._resync_period if self._resync_period > 0 else None
        while True:
            with self._condition:
                while not self._stopped and not self._pending and not self._is_due(due):
                    self._clock.wait_until(self._condition, due)
                if self._stopped:
                    return
                key, pending = self._pending.popitem(last=False) if self._pending else ("", None)
                self._delivering = key if pending is not None else None
            if pending is not None:
                self._deliver(key, pending)
            if self._is_due(due):
                due = self._clock.now() + self._resync_period
                self._resync(self)

    def _is_due(self, due: float | None) -> bool:
        return due is not None and self._clock.now() >= due

    def _deliver(self, key: str, pending: _Pending) -> None:
        self._call(key, pending)
        with self._condition:
            self._delivering = None
            if self._unsynced is not None:
                self._unsynced.discard(key)
                self._check_synced_locked()

    def _call(self, key: str, pending: _Pending) -> None:
        started = self._clock.now()
        try:
            if pending.new is None:
                assert pending.last is not None, "a pending change without a new state is a deletion"
                self._handler.on_delete(pending.last)
            elif pending.old is None:
                self._handler.on_add(pending.new)
            else:
                self._handler.on_update(pending.old, pending.new)
        except Exception:  # a bug in a handler may lose one notification, but must not stop the informer
            self._metrics.handler_failures.inc()
            log.exception("handler failed", handler=self.name, resource=str(self._resource), key=key)
        self._metrics.handling.observe(self._clock.now() - started)
