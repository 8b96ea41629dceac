"""The settings of leader election, with a check that the durations fit together."""

from __future__ import annotations

from dataclasses import dataclass

# client-go's JitterFactor: standby replicas wait retry_period * (1 .. 2.2) between two attempts.
JITTER = 1.2


@dataclass(frozen=True, slots=True)
class LeaderElectionConfig:
    """Durations in seconds. Raises ValueError with an explanation if they do not fit together.

    Attributes:
        lease_duration: how long standby replicas wait after the last renewal before they take over.
        renew_deadline: how long the leader tries to renew before it exits, so that it ends before another one begins.
        retry_period: the pause between two attempts.
    """

    namespace: str
    name: str
    identity: str
    lease_duration: float = 15.0
    renew_deadline: float = 10.0
    retry_period: float = 2.0

    def __post_init__(self) -> None:
        if not (self.namespace and self.name and self.identity):
            raise ValueError("leader election needs a namespace, a name and an identity")
        if min(self.lease_duration, self.renew_deadline, self.retry_period) <= 0:
            raise ValueError("lease duration, renew deadline and retry period must be greater than zero")
        if self.lease_duration <= self.renew_deadline:
            raise ValueError(
                f"the lease duration ({self.lease_duration:g} s) must exceed the renew deadline "
                f"({self.renew_deadline:g} s), or two replicas could lead at once"
            )
        if self.renew_deadline <= JITTER * self.retry_period:
            raise ValueError(
                f"the renew deadline ({self.renew_deadline:g} s) must exceed {JITTER} times the retry period "
                f"({self.retry_period:g} s), or one failure would lose the lease"
            )

    @property
    def request_timeout(self) -> float:
        """Seconds allowed for one request about the Lease: two requests fit into the renew deadline."""
        return max(1.0, self.renew_deadline / 2)
