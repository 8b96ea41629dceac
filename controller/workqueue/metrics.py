"""The measurements that a queue reports. `controller.metrics` implements the protocol for Prometheus."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class QueueMetrics(Protocol):
    """The counters are called under the queue's lock and must not block. Seconds are durations.

    The gauges are read at each scrape, so they need no updates in between.
    """

    def added(self) -> None:
        """A key became dirty. Adding a key that is already dirty is not counted."""
        ...

    def retried(self) -> None:
        """A key was added with a delay or a rate limit."""
        ...

    def taken(self, queue_seconds: float) -> None:
        """A worker took a key that had been ready for `queue_seconds`."""
        ...

    def finished(self, work_seconds: float) -> None:
        """A worker finished a key after `work_seconds`."""
        ...

    def observe(
        self, *, depth: Callable[[], float], unfinished: Callable[[], float], longest_running: Callable[[], float]
    ) -> None:
        """Register functions that return the number of ready keys, and total and greatest age of keys in processing.

        Ages are in seconds.
        """
        ...


class NoQueueMetrics:
    """Discards all measurements."""

    def added(self) -> None:
        """Ignore."""

    def retried(self) -> None:
        """Ignore."""

    def taken(self, queue_seconds: float) -> None:
        """Ignore."""

    def finished(self, work_seconds: float) -> None:
        """Ignore."""

    def observe(
        self, *, depth: Callable[[], float], unfinished: Callable[[], float], longest_running: Callable[[], float]
    ) -> None:
        """Ignore."""
