"""Watches one resource once, for any number of readers and handlers.

The reflector's thread is the only writer. Under one lock it changes the store first and then informs the notifier of
every handler. So a handler that is added later starts from a complete state and misses no change after it.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Mapping
from typing import Any

import structlog

from controller.apimachinery import objects
from controller.apimachinery.clock import Clock, MonotonicClock
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import Resource
from controller.apimachinery.threads import start_thread
from controller.cache.backoff import Backoff
from controller.cache.freshness import Freshness, Staleness
from controller.cache.listwatch import Collection, ListWatch, ReflectorSettings
from controller.cache.metrics import InformerMetrics, last_digits
from controller.cache.notifier import DeletedFinalStateUnknown, Handler, Notifier, Registration
from controller.cache.preparation import Preparation, Transform
from controller.cache.recovery import NoRecovery, Recovery
from controller.cache.reflector import Reflector
from controller.cache.store import IndexFunction, Store
from controller.cache.texts import Texts
from controller.metrics import Registry

log = structlog.get_logger(__name__)


class Informer:
    """A watched resource with a store and handlers. Add handlers, then call `start` once and `stop` once.

    Args:
        namespace, label_selector: restrict what is watched; "" means no restriction.
        resync_period: seconds between two resyncs, in which a handler gets `on_update(obj, obj)` for every object; 0:
            never. A resync sends no request. Handlers can have a period of their own.
        transform: applied once to each incoming object; it may change and return the same dict.
        indexers: see `Store`. If one raises for an object, the object is missing from that index only.
        missing_is_empty: treat a resource that the server does not serve (its CRD is not installed) as synced and
        empty.
            The store fills when the resource appears. Otherwise the informer is not synced before its first list.
        texts: informers with the same one keep one copy of equal texts.
        recovery: reports when the server answers again after an outage, which ends every wait.
    """

    def __init__(
        self,
        *,
        client: ListWatch,
        resource: Resource,
        namespace: str = "",
        label_selector: str = "",
        resync_period: float = 0.0,
        transform: Transform = objects.slim,
        indexers: Mapping[str, IndexFunction] | None = None,
        missing_is_empty: bool = False,
        settings: ReflectorSettings | None = None,
        backoff: Backoff | None = None,
        recovery: Recovery | None = None,
        texts: Texts | None = None,
        registry: Registry | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.resource = resource
        self.name = f"informer-{resource}"
        self._resync_period = resync_period
        self._missing_is_empty = missing_is_empty
        self._metrics = InformerMetrics(registry or Registry(), resource)
        self.store = Store(indexers={name: self._guarded(name, of) for name, of in (indexers or {}).items()})
        self._clock = clock or MonotonicClock()
        self._preparation = Preparation(resource=resource, transform=transform, metrics=self._metrics, texts=texts)
        settings = settings or ReflectorSettings()
        self._freshness = Freshness(proof=settings.short_watch, clock=self._clock)
        self._reflector = Reflector(
            client=client,
            collection=Collection(resource, namespace, label_selector),
            sink=_Sink(self),
            settings=settings,
            backoff=backoff or Backoff(clock=self._clock),
            freshness=self._freshness,
            recovery=recovery or NoRecovery(),
            metrics=self._metrics,
            clock=self._clock,
        )
        # Held while the store changes and the notifiers are informed, and while a notifier is added.
        self._lock = threading.Lock()
        self._notifiers: list[Notifier] = []
        self._populated = False
        self._initial_handlers: list[Notifier] = []
        self._thread: threading.Thread | None = None
        self._stopped = False
        self._missing = False
        self._metrics.queued.set_function(self._queued)
        self._metrics.version.set_function(lambda: last_digits(self.store.last_sync_resource_version()))
        self._metrics.stale.set_function(lambda: self.staleness().seconds)

    def add_handler(
        self, handler: Handler, *, name: str, resync_period: float | None = None, at_once: bool = False
    ) -> Registration:
        """Call `handler` for every existing object and then for every change, in a thread of its own.

        Args:
            handler: what to call.
            name: for logs, and for the name of its thread.
            resync_period: replaces the informer's; it is varied by 10 % so that informers do not resync at the same
                time.
            at_once: call it in the thread of the informer instead. Only for a handler that takes microseconds, never
                waits, and does not call the informer: the stream and the other handlers wait for it.

        Raises RuntimeError if the informer has been stopped.
        """
        period = self._resync_period if resync_period is None else resync_period
        notifier = Notifier(
            name=name,
            resource=self.resource,
            handler=handler,
            at_once=at_once,
            metrics=self._metrics,
            clock=self._clock,
            resync_period=period * random.uniform(0.9, 1.1),
            resync=self._resync,
        )
        with self._lock:
            if self._stopped:
                raise RuntimeError(f"cannot add handler {name!r}: {self.name} has been stopped")
            if self._populated:
                for obj in self.store.list():
                    notifier.added(objects.key(obj), obj)
                notifier.initial_state_complete()
            self._notifiers.append(notifier)
            if self._thread is not None:
                notifier.start()
        return _Registration(self, notifier)

    def start(self) -> None:
        """List and watch in threads of its own. Raises RuntimeError if it was started or stopped before."""
        with self._lock:
            if self._thread is not None or self._stopped:
                raise RuntimeError(f"{self.name} was already started or stopped")
            for notifier in self._notifiers:
                notifier.start()
            self._thread = start_thread(self.name, self._reflector.run)

    def stop(self, timeout: float) -> bool:
        """Stop all threads. Returns False if one of them did not end within `timeout` seconds. Idempotent."""
        with self._lock:
            self._stopped = True
            notifiers = list(self._notifiers)
        deadline = self._clock.now() + timeout
        self._reflector.stop()
        for notifier in notifiers:
            notifier.stop()
        ended = True
        if self._thread is not None:
            self._thread.join(timeout)
            ended = not self._thread.is_alive()
        for notifier in notifiers:
            ended = notifier.join(max(0.0, deadline - self._clock.now())) and ended
        return ended

    def has_synced(self) -> bool:
        """Whether the store has the initial state and every handler that existed then has processed it."""
        with self._lock:
            return self._populated and all(notifier.has_synced() for notifier in self._initial_handlers)

    @property
    def missing(self) -> bool:
        """Whether the server did not serve the resource when it was last asked."""
        return self._missing

    def staleness(self) -> Staleness:
        """Return how long the copy has not been known to be current, and why."""
        return self._freshness.staleness()

    def _guarded(self, index: str, function: IndexFunction) -> IndexFunction:
        """Wrap an index function: if it raises for an object, only that object is missing from the index."""

        def guarded(obj: Object) -> tuple[str, ...]:
            try:
                return tuple(function(obj))
            except Exception:  # an index function is the caller's code and may raise anything for an unusual object
                key = objects.key(obj)
                log.exception("index function failed", index=index, resource=str(self.resource), object=key)
                self._metrics.index_failures.inc()
                return ()

        return guarded

    def _remove(self, notifier: Notifier) -> None:
        notifier.stop()
        with self._lock:
            if notifier in self._notifiers:
                self._notifiers.remove(notifier)
            if notifier in self._initial_handlers:
                self._initial_handlers.remove(notifier)

    def _resync(self, notifier: Notifier) -> None:
        """Queue an update for every object. Runs in the notifier's thread."""
        with self._lock:
            for obj in self.store.list():
                notifier.updated(objects.key(obj), obj, obj)

    def _queued(self) -> float:
        with self._lock:
            return float(sum(len(notifier) for notifier in self._notifiers))

    # What follows is called by the sink, in the reflector's thread.

    def _replace(self, new: Mapping[str, Object], resource_version: str) -> None:
        with self._lock:
            old = self.store.replace(new, resource_version=resource_version)
            self._missing = False
            gone = [key for key in old if key not in new]
            for notifier in self._notifiers:
                for key in gone:
                    notifier.deleted(key, old[key], DeletedFinalStateUnknown(key, old[key]))
                for key, obj in new.items():
                    if key not in old:
                        notifier.added(key, obj)
                    elif objects.resource_version(old[key]) != objects.resource_version(obj):
                        notifier.updated(key, old[key], obj)
            self._populated_locked()

    def _populated_locked(self) -> None:
        if self._populated:
            return
        self._initial_handlers = list(self._notifiers)
        for notifier in self._notifiers:
            notifier.initial_state_complete()
        self._populated = True

    def _put(self, key: str, obj: Object) -> None:
        with self._lock:
            old = self.store.put(key, obj, resource_version=objects.resource_version(obj))
            for notifier in self._notifiers:
                if old is None:
                    notifier.added(key, obj)
                else:
                    notifier.updated(key, old, obj)

    def _delete(self, key: str, obj: Object) -> None:
        with self._lock:
            old = self.store.remove(key, resource_version=objects.resource_version(obj))
            if old is None:
                return
            for notifier in self._notifiers:
                notifier.deleted(key, old, obj)

    def _resource_missing(self) -> None:
        with self._lock:
            # The resource is gone, so this store will never reach the version of a write. Clear its version so that no
            # reconcile waits for that.
            self.store.disconnect()
            self._missing = True
            if self._missing_is_empty:
                self._populated_locked()
                self._freshness.absent()


class _Sink:
    """The informer as its reflector sees it. Keeps these methods out of the informer's public interface."""

    def __init__(self, informer: Informer) -> None:
        self._informer = informer

    def prepare(self, raw: dict[str, Any], *, listed: bool) -> tuple[str, Object] | None:
        return self._informer._preparation.prepare(raw, listed=listed)

    def replace(self, objects: Mapping[str, Object], *, resource_version: str) -> None:
        self._informer._replace(objects, resource_version)

    def put(self, key: str, obj: Object) -> None:
        self._informer._put(key, obj)

    def remove(self, key: str, obj: Object) -> None:
        self._informer._delete(key, obj)

    def bookmark(self, resource_version: str) -> None:
        self._informer.store.bookmark(resource_version)

    def resource_missing(self) -> None:
        self._informer._resource_missing()


class _Registration:
    """See `Registration`."""

    def __init__(self, informer: Informer, notifier: Notifier) -> None:
        self._informer = informer
        self._notifier = notifier

    def has_synced(self) -> bool:
        return self._notifier.has_synced()

    def remove(self) -> None:
        self._informer._remove(self._notifier)
