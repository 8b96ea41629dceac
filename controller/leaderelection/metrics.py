"""What an elector reports about itself; `controller.metrics` implements it for Prometheus."""

from __future__ import annotations

from typing import Protocol


class LeaderElectionMetrics(Protocol):
    """Called from the elector's thread. `name` is the lease's."""

    def leading(self, *, name: str, leading: bool) -> None:
        """Whether this process leads now."""
        ...

    def slow_path(self, *, name: str) -> None:
        """A renewal had to read the lease first."""
        ...


class NoLeaderElectionMetrics:
    """For whoever does not measure."""

    def leading(self, *, name: str, leading: bool) -> None:
        """Ignore."""

    def slow_path(self, *, name: str) -> None:
        """Ignore."""
