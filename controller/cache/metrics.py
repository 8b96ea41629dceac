"""Metrics of informers. Names are component-base's where it has them; names for reflectors are our own."""

from __future__ import annotations

from typing import Final

from prometheus_client import Counter, Histogram

from controller.apimachinery.resources import Resource
from controller.metrics import Registry, buckets

# A float holds 15 decimal digits exactly. A resourceVersion may have more, so only its last digits are shown.
_DIGITS: Final = 15


class InformerMetrics:
    """The metrics of the informer of `resource`."""

    def __init__(self, registry: Registry, resource: Resource) -> None:
        labels = {
            "name": "tronador",
            "group": resource.group,
            "version": resource.version,
            "resource": resource.plural,
        }

        def counter(name: str, meaning: str) -> Counter:
            return registry.counter(f"tronador_reflector_{name}_total", meaning, labels)

        def histogram(name: str, meaning: str, bounds: tuple[float, ...]) -> Histogram:
            return registry.histogram(f"tronador_reflector_{name}", meaning, bounds, labels)

        self.queued = registry.gauge("informer_queued_items", "Notifications waiting for handlers.", labels)
        self.handling = registry.histogram(
            "informer_processing_latency_seconds",
            "Seconds in which handlers processed a notification.",
            buckets.HANDLER,
            labels,
        )
        self.version = registry.gauge(
            "informer_store_resource_version",
            "Last 15 digits of the resourceVersion up to which the cache is current.",
            labels,
        )
        self.stale = registry.gauge(
            "tronador_cache_stale_seconds",
            "Seconds since the cache was last known to be current; 0 while it is.",
            labels,
        )
        self.lists = counter("lists", "Complete states read, by list or by stream.")
        self.list_duration = histogram("list_duration_seconds", "Seconds to read a complete state.", buckets.REQUEST)
        self.list_items = histogram("items_per_list", "Objects in a complete state.", buckets.ITEMS)
        self.watches = counter("watches", "Watches that ended.")
        self.short_watches = counter("short_watches", "Watches that ended at once without progress.")
        self.watch_duration = histogram("watch_duration_seconds", "Seconds that watches lasted.", buckets.WATCH)
        self.watch_items = histogram("items_per_watch", "Events in a watch.", buckets.ITEMS)
        self.failures = counter("failures", "Lists and watches that failed and are retried.")
        self.handler_failures = counter("handler_failures", "Notifications that a handler failed on.")
        self.index_failures = counter("index_failures", "Objects that an index function failed on.")
        self.unreadable = counter("unreadable_objects", "Objects with a part that could not be read.")
        self.skipped = counter("skipped_objects", "Malformed objects and events that were skipped.")


def last_digits(version: str) -> float:
    """Return what `informer_store_resource_version` shows for `version`: 0 if that is not a number."""
    return float(version[-_DIGITS:]) if version.isascii() and version.isdigit() else 0.0
