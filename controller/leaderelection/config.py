"""The settings of leader election, with a check that the durations fit together."""

from __future__ import annotations

from dataclasses import dataclass, field

from controller.apimachinery.optionkinds import DURATION, SWITCH, TEXT
from controller.apimachinery.options import group, option

# client-go's JitterFactor: standby replicas wait retry_period * (1 .. 2.2) between two attempts.
JITTER = 1.2


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseDurations:
    """Durations of leader election, in seconds. `LeaderElectionConfig` checks that they fit together."""

    lease_duration: float = option(
        DURATION,
        15.0,
        "how long standby replicas wait after the last renewal before one of them takes over",
        least=0.1,
    )
    renew_deadline: float = option(
        DURATION,
        10.0,
        "how long a leader tries to renew its lease before it ends",
        least=0.1,
        name="lease_renew_deadline",
    )
    retry_period: float = option(
        DURATION, 2.0, "pause between two attempts at the lease", least=0.01, name="lease_retry_period"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaderElectionOptions:
    """The options of leader election."""

    leader_elect: bool = option(
        SWITCH, True, "let only one of several replicas work; a Lease in the controller's own namespace decides which"
    )
    lease_identity: str = option(
        TEXT,
        "",
        "name of this process in the leader election, different for each replica; if it stays the same across a "
        "restart, a leader need not wait for its own lease to expire; without it a random name",
    )
    durations: LeaseDurations = group(LeaseDurations)


@dataclass(frozen=True, slots=True)
class LeaderElectionConfig:
    """What an elector competes for: the Lease and the durations.

    Raises ValueError with an explanation if the durations do not fit together.
    """

    namespace: str
    name: str
    identity: str
    durations: LeaseDurations = field(default_factory=LeaseDurations)

    def __post_init__(self) -> None:
        durations = self.durations
        if not (self.namespace and self.name and self.identity):
            raise ValueError("leader election needs a namespace, a name and an identity")
        if min(durations.lease_duration, durations.renew_deadline, durations.retry_period) <= 0:
            raise ValueError("lease duration, renew deadline and retry period must be greater than zero")
        if durations.lease_duration <= durations.renew_deadline:
            raise ValueError(
                f"the lease duration ({durations.lease_duration:g} s) must exceed the renew deadline "
                f"({durations.renew_deadline:g} s), or two replicas could lead at once"
            )
        if durations.renew_deadline <= JITTER * durations.retry_period:
            raise ValueError(
                f"the renew deadline ({durations.renew_deadline:g} s) must exceed {JITTER} times the retry period "
                f"({durations.retry_period:g} s), or one failure would lose the lease"
            )

    @property
    def request_timeout(self) -> float:
        """Seconds allowed for one request about the Lease: two requests fit into the renew deadline."""
        return max(1.0, self.durations.renew_deadline / 2)
