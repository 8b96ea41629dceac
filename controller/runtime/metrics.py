"""The measurements that controllers report. `controller.metrics` implements the protocol for Prometheus."""

from __future__ import annotations

from typing import Protocol


class ControllerMetrics(Protocol):
    """Called from the workers' threads."""

    def configured(self, *, controller: str, workers: int) -> None:
        """A controller with `workers` workers is about to run. All its series should exist from now on."""
        ...

    def active(self, *, controller: str, change: int) -> None:
        """The number of busy workers changed by `change`."""
        ...

    def reconciled(self, *, controller: str, result: str, seconds: float) -> None:
        """A reconcile ended: `result` is success, requeue, requeue_after or error."""
        ...

    def failed(self, *, controller: str, terminal: bool, panic: bool, timeout: bool) -> None:
        """A reconcile failed; the flags describe the error."""
        ...

    def stale(self, *, controller: str) -> None:
        """A reconcile was postponed because a cache had not caught up with our own writes."""
        ...


class NoControllerMetrics:
    """Discards all measurements."""

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
