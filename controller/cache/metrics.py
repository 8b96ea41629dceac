"""The measurements that informers report. `controller.metrics` implements the protocol for Prometheus."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from controller.apimachinery.resources import Resource


class CacheMetrics(Protocol):
    """Called from the reflectors' and handlers' threads; seconds are durations."""

    def listed(self, resource: Resource, *, seconds: float, items: int) -> None:
        """A complete state was read, by list or by streaming."""
        ...

    def watched(self, resource: Resource, *, seconds: float, events: int, short: bool) -> None:
        """A watch ended; `short`: it ended within a second without advancing."""
        ...

    def failed(self, resource: Resource) -> None:
        """A list or watch failed and will be tried again."""
        ...

    def handled(self, resource: Resource, *, seconds: float) -> None:
        """A handler has processed one notification."""
        ...

    def handler_failed(self, resource: Resource) -> None:
        """A handler raised."""
        ...

    def skipped(self, resource: Resource) -> None:
        """A malformed object or event was skipped."""
        ...

    def unreadable(self, resource: Resource) -> None:
        """An object has a part that could not be read."""
        ...

    def index_failed(self, resource: Resource) -> None:
        """An index function raised, so the object is missing from that index."""
        ...

    def observe(
        self,
        resource: Resource,
        *,
        queued: Callable[[], float],
        version: Callable[[], str],
        stale: Callable[[], float],
    ) -> None:
        """Register functions that return the number of notifications waiting for handlers, the store's resourceVersion,
        and the seconds since the store was last known to be current."""
        ...


class NoCacheMetrics:
    """Discards all measurements."""

    def listed(self, resource: Resource, *, seconds: float, items: int) -> None:
        """Ignore."""

    def watched(self, resource: Resource, *, seconds: float, events: int, short: bool) -> None:
        """Ignore."""

    def failed(self, resource: Resource) -> None:
        """Ignore."""

    def handled(self, resource: Resource, *, seconds: float) -> None:
        """Ignore."""

    def handler_failed(self, resource: Resource) -> None:
        """Ignore."""

    def skipped(self, resource: Resource) -> None:
        """Ignore."""

    def unreadable(self, resource: Resource) -> None:
        """Ignore."""

    def index_failed(self, resource: Resource) -> None:
        """Ignore."""

    def observe(
        self,
        resource: Resource,
        *,
        queued: Callable[[], float],
        version: Callable[[], str],
        stale: Callable[[], float],
    ) -> None:
        """Ignore."""
