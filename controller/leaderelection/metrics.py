"""The measurements that an elector reports. `controller.metrics` implements the protocol for Prometheus."""

from __future__ import annotations

from typing import Protocol


class LeaderElectionMetrics(Protocol):
    """Called from the elector's thread. `name` is the name of the Lease."""

    def leading(self, *, name: str, leading: bool) -> None:
        """Whether this process leads now."""
        ...

    def slow_path(self, *, name: str) -> None:
        """A renewal had to read the lease first."""
        ...


class NoLeaderElectionMetrics:
    """Discards all measurements."""

    def leading(self, *, name: str, leading: bool) -> None:
        """Ignore."""

    def slow_path(self, *, name: str) -> None:
        """Ignore."""
