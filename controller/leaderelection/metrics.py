"""Metrics of leader election, with the names of client-go and component-base."""

from __future__ import annotations

from controller.metrics import Registry


class LeaderElectionMetrics:
    """The metrics of the elector for the Lease `name`."""

    def __init__(self, registry: Registry, name: str) -> None:
        self.leading = registry.gauge(
            "leader_election_master_status", "1 while this process is the leader.", {"name": name}
        )
        self.slow_path = registry.counter(
            "leader_election_slowpath_total",
            "Renewals that had to read the lease first, because writing it directly failed.",
            {"name": name},
        )
