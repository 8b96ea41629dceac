"""Metrics of leader election, with the names of client-go and component-base."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge


class LeaderElectionMetrics:
    """Implements `controller.leaderelection.metrics.LeaderElectionMetrics`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._master = Gauge(
            "leader_election_master_status", "1 while this process is the leader.", ["name"], registry=registry
        )
        self._slowpath = Counter(
            "leader_election_slowpath_total",
            "Renewals that had to read the lease first, because writing it directly failed.",
            ["name"],
            registry=registry,
        )

    def leading(self, *, name: str, leading: bool) -> None:
        """Whether this process leads."""
        self._master.labels(name).set(1 if leading else 0)
        self._slowpath.labels(name)

    def slow_path(self, *, name: str) -> None:
        """A renewal had to read the lease first."""
        self._slowpath.labels(name).inc()
