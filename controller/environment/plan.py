"""A phase as a value, and the plan that the decisions of the phases make."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from controller.environment.decision import Continue, Decision, Stop, Wait
from controller.environment.drift.attempts import Contest, Correction
from controller.environment.effects import Create, Effect, Patch, Target
from controller.environment.engines.engine import Health, State
from controller.environment.observation import Observation
from controller.environment.options import EnvironmentOptions

# The write of the status follows the last phase. This is its name in metrics and in the memory of corrections.
STATUS: Final = "status"


@dataclass(frozen=True, slots=True)
class Ready:
    """What a condition says while it is True."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase of a reconcile; `decide.py` has the table of all of them.

    Attributes:
        name: in metrics, logs and the memory of corrections.
        decide: pure; decides from what is observed.
        condition: type of the condition that shows whether this phase could continue; "" for the teardown.
        shown_as: `status.currentPhase` while the phase waits.
        removes: whether the phase waits for the removal of what the environment has.
        ready: what the condition says once the phase could continue; the last phase of a condition needs one.
        while_suspended: whether the phase also decides for a suspended environment.
        beside_release: whether an obstacle in this phase says nothing about a release that runs already.
        guards_releases: whether no release is made or changed while a correction of this phase waits.
        while_release: the states of the release in which the phase decides; None for all. Such a phase comes after the
            one that finds the state.
        spec_decides_existence: whether the spec decides if an object of this phase exists. A write that creates it then
            ends the memory of writes that deleted it, and the other way round.
    """

    name: str
    decide: Callable[[Observation, EnvironmentOptions], Decision]
    condition: str
    shown_as: str
    ready: Callable[[Observation], Ready] | None = field(default=None, kw_only=True)
    removes: bool = field(default=False, kw_only=True)
    while_suspended: bool = field(default=False, kw_only=True)
    beside_release: bool = field(default=False, kw_only=True)
    guards_releases: bool = field(default=False, kw_only=True)
    spec_decides_existence: bool = field(default=False, kw_only=True)
    while_release: frozenset[State] | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class Step:
    """A phase and what it decided."""

    phase: Phase
    decision: Decision


# It has no slots, because what is asked several times is cached.
@dataclass(frozen=True)
class Plan:
    """The steps in order; only the last one may be a Wait or a Stop.

    Attributes:
        steps: see above.
        waiting: the corrections that were taken out of the steps, because they are not due yet.
        contests: what was found out about corrections that somebody undoes.
    """

    steps: tuple[Step, ...]
    waiting: frozenset[Correction] = frozenset()
    contests: Mapping[Correction, Contest] = field(default_factory=dict)

    @property
    def last(self) -> Decision:
        """The decision that the plan ends with."""
        return self.steps[-1].decision

    @cached_property
    def records(self) -> Target | None:
        """The release that the status has to record before the next step, or None."""
        return self.last.records if isinstance(self.last, Wait) else None

    @property
    def is_removing(self) -> bool:
        """Whether the plan waits for the removal of what the environment has."""
        return self.steps[-1].phase.removes and not isinstance(self.last, Continue)

    @cached_property
    def effects(self) -> tuple[Effect, ...]:
        """The effects of all steps, in order."""
        return tuple([effect for step in self.steps for effect in step.decision.effects])

    @cached_property
    def writes(self) -> tuple[Create | Patch, ...]:
        """Those effects that create or patch an object."""
        return tuple([effect for effect in self.effects if isinstance(effect, Create | Patch)])

    @cached_property
    def timers(self) -> frozenset[str]:
        """Timers that run as long as the plan stays as it is."""
        decisions = [step.decision for step in self.steps]
        return frozenset([each.timer for each in decisions if not isinstance(each, Stop) and each.timer])

    @cached_property
    def pauses(self) -> tuple[float, ...]:
        """The seconds after which the decisions ask for another look."""
        return tuple([step.decision.recheck_after for step in self.steps if step.decision.recheck_after is not None])

    @cached_property
    def release(self) -> Target | None:
        """The release that the plan came to, or None."""
        decisions = [step.decision for step in self.steps]
        return next(iter([each.release for each in decisions if isinstance(each, Continue) and each.release]), None)

    @cached_property
    def health(self) -> Health | None:
        """The health of that release before the effects, or None if the plan did not come so far."""
        decisions = [step.decision for step in self.steps]
        return next(iter([each.health for each in decisions if isinstance(each, Continue) and each.health]), None)
