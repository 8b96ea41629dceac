"""What a phase can decide, and the plan that the decisions of all phases make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from controller.environment.drift.attempts import Contest, Correction
from controller.environment.effects import Effect


@dataclass(frozen=True, slots=True)
class Continue:
    """This phase is content, or will be once its effects are done: the next phase may look.

    Attributes:
        effects: what to do, in order.
        recheck_after: seconds until the next look, or None where a watch is sure to tell.
        timer: a timer that starts with this decision and runs for as long as it is made anew.
    """

    effects: tuple[Effect, ...] = ()
    recheck_after: float | None = None
    timer: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """The next phases cannot begin: something has to happen first. A watch shows that it has, or we look again.

    `reason` is CamelCase and stands in conditions, `message` is for people. `held`: something outside holds this up for
    longer than it should, so a person may have to look. The rest is as for Continue.
    """

    reason: str
    message: str
    recheck_after: float | None = None
    effects: tuple[Effect, ...] = ()
    timer: str = ""
    held: bool = False


@dataclass(frozen=True, slots=True)
class Stop:
    """Nothing can be done before a person changes something: what `message` names."""

    reason: str
    message: str
    recheck_after: float | None = None
    effects: tuple[Effect, ...] = ()


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
