"""What informers report about themselves; `controller.metrics` implements it for Prometheus."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from controller.apimachinery.resources import Resource


class CacheMetrics(Protocol):
    """Called from the reflectors' and handlers' threads; seconds are durations."""

    def listed(self, resource: Resource, *, seconds: float, items: int) -> None:
        """The initial or a repeated state was read: by list or by streaming."""
        ...

    def watched(self, resource: Resource, *, seconds: float, events: int, short: bool) -> None:
        """A watch ended; `short`: within a second and without an event."""
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
        """An object or event was left out because it made no sense."""
        ...

    def unreadable(self, resource: Resource) -> None:
        """A part of an object could not be read."""
        ...

    def index_failed(self, resource: Resource) -> None:
        """An index function raised: its index leaves the object out."""
        ...

    def observe(
        self,
        resource: Resource,
        *,
        queued: Callable[[], float],
        version: Callable[[], str],
        stale: Callable[[], float],
    ) -> None:
        """Where to read the number of notifications waiting for handlers, the store's resourceVersion, and the seconds
        since the store was last known to be current."""
        ...


class NoCacheMetrics:
    """For whoever does not measure."""

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
