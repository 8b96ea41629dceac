"""What a phase can decide, and the plan that the decisions of all phases make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.environment.drift.attempts import Contest, Correction
from controller.environment.effects import Effect


@dataclass(frozen=True, slots=True, kw_only=True)
class Continue:
    """The phase has nothing to wait for once its effects are done, so the next phase may decide.

    Attributes:
        effects: what to do, in order.
        recheck_after: seconds until the next reconcile; None where a watch is sure to start it.
        timer: name of a timer that starts with this decision, and runs as long as the decision is repeated.
    """

    effects: tuple[Effect, ...] = ()
    recheck_after: float | None = None
    timer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Something has to happen before the next phases can begin. A watch shows it, or the controller looks again.

    Attributes:
        reason: CamelCase, for conditions.
        message: for people.
        held: whether this takes longer than it should because of something outside, so that a person may have to help.

    The other attributes are those of Continue.
    """

    reason: str
    message: str
    effects: tuple[Effect, ...] = ()
    recheck_after: float | None = None
    timer: str = ""
    held: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Nothing can be done before a person changes what `message` names. The attributes are those of Wait."""

    reason: str
    message: str
    effects: tuple[Effect, ...] = ()
    recheck_after: float | None = None


Decision = Continue | Wait | Stop


@dataclass(frozen=True, slots=True)
class Step:
    """A phase (by the name that metrics and logs use) and what it decided."""

    phase: str
    decision: Decision


@dataclass(frozen=True, slots=True)
class Plan:
    """The steps in order; only the last one may be a Wait or a Stop.

    Attributes:
        steps: see above.
        waiting: the corrections that were taken out of the steps, as their time has not come.
        contests: what was found out about corrections that somebody undoes.
    """

    steps: tuple[Step, ...]
    waiting: frozenset[Correction] = frozenset()
    contests: Mapping[Correction, Contest] = field(default_factory=dict)

    @property
    def timers(self) -> frozenset[str]:
        """Timers that run as long as the plan stays as it is."""
        return frozenset(
            step.decision.timer for step in self.steps if not isinstance(step.decision, Stop) and step.decision.timer
        )

    @property
    def last(self) -> Decision:
        """The decision that the plan ends with."""
        return self.steps[-1].decision
