"""Carries out a plan, step by step, as far as it goes. A step that the API server refuses ends with its reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import structlog

from controller.apimachinery import objects
from controller.apimachinery.errors import ApiError
from controller.apimachinery.objects import Object
from controller.environment.apply import Applier
from controller.environment.decision import Continue
from controller.environment.drift.attempts import Write
from controller.environment.drift.bookkeeper import Bookkeeper
from controller.environment.effects import Create, Effect, Emit, Outcome, Subject
from controller.environment.failures import explain, is_expected, is_refusal
from controller.environment.metrics import EnvironmentMetrics
from controller.environment.observation import Answer, Answers, Observation, Unchangeable
from controller.environment.options import EnvironmentOptions
from controller.environment.plan import Plan, Step

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Round:
    """A plan as far as it was carried out, the timers of the whole plan, and the answers of the API server.

    `is_complete`: no step failed or was left out. The environment still waits for a step that failed, so its timer
    keeps running although its decision was replaced.
    """

    plan: Plan
    timers: frozenset[str]
    answers: Answers
    decide_again: bool
    is_complete: bool


@dataclass(frozen=True, slots=True)
class _StepDone:
    """One step as it was carried out. `cut_short`: the steps after it rested on something that is not true."""

    step: Step
    answers: Answers
    decide_again: bool = False
    cut_short: bool = False


@dataclass(slots=True)
class Attempt:
    """How far a reconcile has come, for the status about an error. `step` and `effect` are in progress."""

    observation: Observation | None = None
    answers: dict[Subject, Answer] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    step: Step | None = None
    effect: Effect | None = None


class PlanRunner:
    """See the module. `now` returns monotonic seconds."""

    def __init__(
        self,
        *,
        applier: Applier,
        bookkeeper: Bookkeeper,
        metrics: EnvironmentMetrics,
        options: EnvironmentOptions,
        now: Callable[[], float],
    ) -> None:
        self._applier = applier
        self._bookkeeper = bookkeeper
        self._metrics = metrics
        self._options = options
        self._now = now

    def run(self, plan: Plan, environment: Object, attempt: Attempt, *, fresh_rights: bool) -> Round:
        """Carry out the plan of an environment, and record in `attempt` how far it came.

        With `fresh_rights`, a 403 means that our rights have not taken effect yet. Raises ApiError for what no decision
        explains.
        """
        steps: list[Step] = []
        attempt.steps = steps
        answers: dict[Subject, Answer] = {}
        decide_again = False
        for step in plan.steps:
            if not step.decision.effects:
                if not isinstance(step.decision, Continue):
                    self._metrics.phase(step.phase.name, outcome=_outcome(step), seconds=0.0)
                steps.append(step)
                continue
            with structlog.contextvars.bound_contextvars(phase=step.phase.name):
                done = self._run_step(step, environment, attempt, fresh_rights=fresh_rights)
            steps.append(done.step)
            attempt.step = attempt.effect = None
            answers.update(done.answers)
            decide_again = decide_again or done.decide_again
            if done.cut_short:
                break
        is_complete = tuple(steps) == plan.steps
        carried_out = plan if is_complete else replace(plan, steps=tuple(steps))
        return Round(carried_out, plan.timers, answers, decide_again, is_complete)

    def _run_step(self, step: Step, environment: Object, attempt: Attempt, *, fresh_rights: bool) -> _StepDone:
        started = self._now()
        attempt.step = step
        answers: dict[Subject, Answer] = {}
        decide_again = False
        lost = False
        for effect in step.decision.effects:
            attempt.effect = effect
            if _is_idle(effect, answers):
                continue
            key = objects.key(environment)
            refusal = self._bookkeeper.refusal(key, step.phase, effect) if isinstance(effect, Write) else None
            if refusal and not fresh_rights:
                # The server would refuse it again, whatever others have changed since.
                return _StepDone(replace(step, decision=refusal), answers, cut_short=True)
            try:
                applied = self._applier.apply(effect, environment)
            except ApiError as error:
                self._metrics.phase(step.phase.name, outcome="error", seconds=self._now() - started)
                decision = explain(effect, error, self._options, fresh_rights=fresh_rights)
                if decision is None:
                    raise
                if is_expected(decision):
                    log.debug("effect postponed", reason=decision.reason, error=str(error))
                else:
                    log.warning("effect failed", reason=decision.reason, error=str(error))
                if isinstance(effect, Write) and is_refusal(decision):
                    self._bookkeeper.refused(key, step.phase, effect, decision)
                return _StepDone(replace(step, decision=decision), answers, cut_short=True)
            answers.update(applied.answers)
            attempt.answers.update(applied.answers)
            decide_again = decide_again or applied.decide_again
            if applied.decide_again and isinstance(effect, Create):
                # The object existed, but no cache had it. Everything after this step was decided without it.
                return _StepDone(step, answers, decide_again=True, cut_short=True)
            if isinstance(effect, Write) and not _is_unchangeable(effect, applied.answers):
                answer = applied.answers.get(effect.target)
                written = answer if isinstance(answer, Mapping) else None
                lost |= self._bookkeeper.wrote(key, environment, step.phase, effect, written)
        self._metrics.phase(step.phase.name, outcome=_outcome(step), seconds=self._now() - started)
        # If the server did not take all of a write, the steps that rest on it may have to wait.
        return _StepDone(step, answers, decide_again=decide_again or lost, cut_short=lost)


def _is_unchangeable(effect: Write, answers: Answers) -> bool:
    """Return whether the API server refused the write because a field cannot be changed."""
    return isinstance(answers.get(Outcome(effect.target)), Unchangeable)


def _is_idle(effect: Effect, answers: Answers) -> bool:
    """Return whether an Event is about a write that changed nothing."""
    if not isinstance(effect, Emit) or effect.beyond is None:
        return False
    written = answers.get(effect.beyond.target)
    return not isinstance(written, Mapping) or objects.generation(written) <= effect.beyond.number


def _outcome(step: Step) -> str:
    return type(step.decision).__name__.lower()
