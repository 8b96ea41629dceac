"""What controllers report about themselves; `controller.metrics` implements it for Prometheus."""

from __future__ import annotations

from typing import Protocol


class ControllerMetrics(Protocol):
    """Called from the workers' threads."""

    def configured(self, *, controller: str, workers: int) -> None:
        """A controller with so many workers is going to run; every series of it should exist from now on."""
        ...

    def active(self, *, controller: str, change: int) -> None:
        """So many workers more (or fewer) are busy."""
        ...

    def reconciled(self, *, controller: str, result: str, seconds: float) -> None:
        """A reconcile ended: `result` is success, requeue, requeue_after or error."""
        ...

    def failed(self, *, controller: str, terminal: bool, panic: bool, timeout: bool) -> None:
        """Details of an error."""
        ...

    def stale(self, *, controller: str) -> None:
        """A reconcile was put off because a cache had not caught up with our own writes."""
        ...


class NoControllerMetrics:
    """For whoever does not measure."""

    def configured(self, *, controller: str, workers: int) -> None:
        """Ignore."""

    def active(self, *, controller: str, change: int) -> None:
        """Ignore."""

    def reconciled(self, *, controller: str, result: str, seconds: float) -> None:
        """Ignore."""

    def failed(self, *, controller: str, terminal: bool, panic: bool, timeout: bool) -> None:
        """Ignore."""

    def stale(self, *, controller: str) -> None:
        """Ignore."""
