"""Metrics of informers. Names are component-base's where it has them; names for reflectors are our own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from controller.metrics import buckets

_LABELS = ["name", "group", "version", "resource"]
# A float holds 15 decimal digits exactly. A resourceVersion may have more, so only its last digits are shown.
_DIGITS = 15


class Resource(Protocol):
    """The part of a resource that is used here."""

    @property
    def group(self) -> str:
        """The API group; "" is the core group."""
        ...

    @property
    def version(self) -> str:
        """The API version."""
        ...

    @property
    def plural(self) -> str:
        """The name in paths."""
        ...


class CacheMetrics:
    """Implements `controller.cache.metrics.CacheMetrics`. `name` is a label with the same value in every series."""

    def __init__(self, registry: CollectorRegistry, *, name: str = "tronador") -> None:
        self._name = name
        self._queued = Gauge("informer_queued_items", "Notifications waiting for handlers.", _LABELS, registry=registry)
        self._latency = Histogram(
            "informer_processing_latency_seconds",
            "Seconds in which handlers processed a notification.",
            _LABELS,
            buckets=buckets.HANDLER,
            registry=registry,
        )
        self._version = Gauge(
            "informer_store_resource_version",
            "Last 15 digits of the resourceVersion up to which the cache is current.",
            _LABELS,
            registry=registry,
        )
        self._stale = Gauge(
            "tronador_cache_stale_seconds",
            "Seconds since the cache was last known to be current; 0 while it is.",
            _LABELS,
            registry=registry,
        )
        self._lists = _counter("lists", "Complete states read, by list or by stream.", registry)
        self._list_duration = _histogram(
            "list_duration_seconds", "Seconds to read a complete state.", buckets.REQUEST, registry
        )
        self._list_items = _histogram("items_per_list", "Objects in a complete state.", buckets.ITEMS, registry)
        self._watches = _counter("watches", "Watches that ended.", registry)
        self._short_watches = _counter("short_watches", "Watches that ended at once without progress.", registry)
        self._watch_duration = _histogram(
            "watch_duration_seconds", "Seconds that watches lasted.", buckets.WATCH, registry
        )
        self._watch_items = _histogram("items_per_watch", "Events in a watch.", buckets.ITEMS, registry)
        self._failures = _counter("failures", "Lists and watches that failed and are retried.", registry)
        self._handler_failures = _counter("handler_failures", "Notifications that a handler failed on.", registry)
        self._index_failures = _counter("index_failures", "Objects that an index function failed on.", registry)
        self._unreadable = _counter("unreadable_objects", "Objects with a part that could not be read.", registry)
        self._skipped = _counter("skipped_objects", "Malformed objects and events that were skipped.", registry)

    def listed(self, resource: Resource, *, seconds: float, items: int) -> None:
        """See the protocol."""
        labels = self._labels(resource)
        self._lists.labels(*labels).inc()
        self._list_duration.labels(*labels).observe(seconds)
        self._list_items.labels(*labels).observe(items)

    def watched(self, resource: Resource, *, seconds: float, events: int, short: bool) -> None:
        """See the protocol."""
        labels = self._labels(resource)
        self._watches.labels(*labels).inc()
        self._watch_duration.labels(*labels).observe(seconds)
        self._watch_items.labels(*labels).observe(events)
        if short:
            self._short_watches.labels(*labels).inc()

    def failed(self, resource: Resource) -> None:
        """See the protocol."""
        self._failures.labels(*self._labels(resource)).inc()

    def handled(self, resource: Resource, *, seconds: float) -> None:
        """See the protocol."""
        self._latency.labels(*self._labels(resource)).observe(seconds)

    def handler_failed(self, resource: Resource) -> None:
        """See the protocol."""
        self._handler_failures.labels(*self._labels(resource)).inc()

    def skipped(self, resource: Resource) -> None:
        """See the protocol."""
        self._skipped.labels(*self._labels(resource)).inc()

    def unreadable(self, resource: Resource) -> None:
        """See the protocol."""
        self._unreadable.labels(*self._labels(resource)).inc()

    def index_failed(self, resource: Resource) -> None:
        """See the protocol."""
        self._index_failures.labels(*self._labels(resource)).inc()

    def observe(
        self,
        resource: Resource,
        *,
        queued: Callable[[], float],
        version: Callable[[], str],
        stale: Callable[[], float],
    ) -> None:
        """See the protocol."""
        labels = self._labels(resource)
        self._queued.labels(*labels).set_function(queued)
        self._version.labels(*labels).set_function(lambda: _last_digits(version()))
        self._stale.labels(*labels).set_function(stale)
        for counter in (
            self._lists,
            self._watches,
            self._short_watches,
            self._failures,
            self._handler_failures,
            self._index_failures,
            self._unreadable,
            self._skipped,
        ):
            counter.labels(*labels)
        for histogram in (
            self._latency,
            self._list_duration,
            self._list_items,
            self._watch_duration,
            self._watch_items,
        ):
            histogram.labels(*labels)

    def _labels(self, resource: Resource) -> tuple[str, str, str, str]:
        return self._name, resource.group, resource.version, resource.plural


def _last_digits(version: str) -> float:
    return float(version[-_DIGITS:]) if version.isascii() and version.isdigit() else 0.0


def _counter(name: str, text: str, registry: CollectorRegistry) -> Counter:
    return Counter(f"tronador_reflector_{name}_total", text, _LABELS, registry=registry)


def _histogram(name: str, text: str, bounds: tuple[float, ...], registry: CollectorRegistry) -> Histogram:
    return Histogram(f"tronador_reflector_{name}", text, _LABELS, buckets=bounds, registry=registry)
