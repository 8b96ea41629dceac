"""What a queue reports about itself; `controller.metrics` implements it for Prometheus."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class QueueMetrics(Protocol):
    """The counters are called under the queue's lock and must not block; seconds are monotonic durations.

    The gauges are pulled: a scrape sees the moment, and nothing has to be refreshed in between.
    """

    def added(self) -> None:
        """A key became dirty (an add of a key that was dirty already is not counted)."""
        ...

    def retried(self) -> None:
        """A key was added with a delay or rate limited."""
        ...

    def taken(self, queue_seconds: float) -> None:
        """A worker took a key that had been ready for `queue_seconds`."""
        ...

    def finished(self, work_seconds: float) -> None:
        """A worker was done with a key after `work_seconds`."""
        ...

    def observe(
        self, *, depth: Callable[[], float], unfinished: Callable[[], float], longest_running: Callable[[], float]
    ) -> None:
        """Where to read the number of ready keys, the summed and the greatest age (seconds) of keys in processing."""
        ...


class NoQueueMetrics:
    """For whoever does not measure."""

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
