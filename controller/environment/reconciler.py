"""One reconcile of one environment: observe, decide and apply until no question is open, and then write the status.

Level-triggered and idempotent. All of its own state, such as timers, may be lost at any moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import structlog

from controller.api.environment import ENVIRONMENTS, Environment
from controller.apimachinery import objects, patches
from controller.apimachinery.errors import ApiError, Conflict, NotFound, NotLeader, Stopped
from controller.apimachinery.objects import Object
from controller.apimachinery.scope import Scope, current_scope
from controller.environment import echoes, persistent_errors, recorded_status, rights, status, transitions
from controller.environment.apply import Applier, ChangeLog, Waker
from controller.environment.decide import decide
from controller.environment.decision import Continue, Wait
from controller.environment.drift.attempts import Write, digest
from controller.environment.drift.bookkeeper import Bookkeeper
from controller.environment.drift.corrections import Corrections
from controller.environment.effects import Create, Effect, Emit, Outcome, RemoveFinalizer, Subject, Target, WakeOnChange
from controller.environment.failures import explain, is_expected, is_refusal
from controller.environment.metrics import EnvironmentMetrics
from controller.environment.observation import Answer, Answers, Observation, Unchangeable
from controller.environment.observe import Observer
from controller.environment.options import EnvironmentOptions
from controller.environment.plan import STATUS, Plan, Step
from controller.environment.stopwatch import Stopwatch
from controller.environment.timers import Timers
from controller.runtime.reconcile import Request, Result

log = structlog.get_logger(__name__)

# Each round answers questions of the round before, or follows a write that the server did not take. No environment
# needs this many.
_ROUNDS = 20
# Seconds for the write that says why a reconcile did not end in time.
_LAST_WORDS = 5.0


class Consistency(Protocol):
    """The part of the memory of our own writes that is used here."""

    def ensure_ready(self, owner_key: str) -> None:
        """Raise ConsistencyError unless the caches have all our writes for this environment."""
        ...

    def clear(self, owner_key: str) -> None:
        """Forget our writes for this environment."""
        ...


@dataclass(frozen=True, slots=True)
class _Round:
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
class _Attempt:
    """How far a reconcile has come, for the status about an error. `step` and `effect` are in progress."""

    observation: Observation | None = None
    answers: dict[Subject, Answer] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    step: Step | None = None
    effect: Effect | None = None


class EnvironmentReconciler:
    """See the module. `now` returns monotonic seconds. `changes` gets a line for each status that was written."""

    def __init__(
        self,
        *,
        observer: Observer,
        applier: Applier,
        wakeups: Waker,
        consistency: Consistency,
        metrics: EnvironmentMetrics,
        stopwatch: Stopwatch,
        options: EnvironmentOptions,
        now: Callable[[], float],
        changes: ChangeLog = log,
    ) -> None:
        self._observer = observer
        self._applier = applier
        self._wakeups = wakeups
        self._consistency = consistency
        self._metrics = metrics
        self._stopwatch = stopwatch
        self._options = options
        self._now = now
        self._changes = changes
        self._timers = Timers(now=now)
        self._bookkeeper = Bookkeeper(corrections=Corrections(now=now), cluster=applier)
        # The environments (name: UID) whose finalizer we removed, as long as the cache still has them. The memory
        # of our writes does not cover this: the answer to the removal of the last finalizer has the earlier version.
        self._let_go: dict[str, str] = {}
        self._echoes = echoes.Echoes(now=now)

    def reconcile(self, request: Request) -> Result:
        """Bring one environment a step closer to what its spec asks for.

        Raises ApiError for what a retry may heal, ConsistencyError while the caches lag behind our own writes.
        """
        key = request.key
        environment = self._observer.environment(key)
        if environment is None or self._let_go.get(key) != objects.uid(environment):
            self._let_go.pop(key, None)
        if environment is None or (key in self._let_go and not Environment(environment).is_let_go):
            self._forget(key)
            return Result()
        self._consistency.ensure_ready(key)
        attempt = _Attempt()
        seen = Environment(environment)
        with structlog.contextvars.bound_contextvars(environment=key):
            try:
                if seen.is_let_go:
                    return self._say_who_holds(key, environment)
                return self._reconcile(key, seen, attempt)
            except (Stopped, NotLeader):
                raise
            except Exception as error:  # a lasting bug has to reach the status like an error of the API
                written = attempt.answers.get(Target(ENVIRONMENTS, key))
                newest = written if isinstance(written, Mapping) else environment
                self._show(key, Environment(newest), attempt, error)
                if not isinstance(error, Conflict | NotFound):
                    raise
                log.debug("reconcile repeated after a conflict", error=error.message)
                return Result(requeue=True)

    def _reconcile(self, key: str, seen: Environment, attempt: _Attempt) -> Result:
        environment = seen.obj
        ages = self._timers.ages(key)
        # A user who asks for a reconcile now does not want to wait for paced corrections. Each request counts once.
        # An environment that has expired, or comes back, is another life.
        self._bookkeeper.begin(key, f"{objects.uid(environment)} {seen.reconcile_at} {seen.has_expired}")
        observation = self._observe(key, environment, ages)
        if (same := self._echoes.result(key, observation)) is not None:
            return same
        is_recognisable = not seen.is_deleting
        answers: dict[Subject, Answer] = {}
        for _ in range(_ROUNDS):
            self._stopwatch.saw(observation.environment)
            plan = decide(observation, self._options)
            # Before the effects: if one of them fails, the next reconcile still knows that the others were begun.
            self._timers.start(key, plan.timers)
            fresh_rights = rights.TIMER in plan.timers and rights.are_fresh(observation)
            attempt.observation = observation
            done = self._carry_out(plan, environment, attempt, fresh_rights=fresh_rights)
            self._bookkeeper.found(key, environment, plan.contests)
            is_recognisable = is_recognisable and done.is_complete and echoes.is_recognisable(plan)
            if done.answers:
                answers.update(done.answers)
                has_written = any(isinstance(effect, Write) for effect in plan.effects)
                attempts = self._bookkeeper.of(key) if has_written else observation.attempts
                observation = replace(observation, answers=dict(answers), attempts=attempts)
            if not done.decide_again:
                break
        else:
            raise RuntimeError(f"environment {key} is still undecided after {_ROUNDS} rounds")
        effects = done.plan.effects
        if not any(isinstance(effect, WakeOnChange) for effect in effects):
            self._wakeups.release(key)
        if any(isinstance(effect, RemoveFinalizer) for effect in effects):
            # The environment is gone; or others hold it, and its next change leads to a last status.
            self._let_go[key] = objects.uid(environment)
            self._stopwatch.finished(key)
            self._timers.forget(key)
            self._bookkeeper.forget(key)
            return Result()
        result, newest = self._settle_status(key, observation, done)
        is_removing = done.plan.is_removing
        if is_removing and result.requeue_after is not None:
            # Until then, only a change in the caches is a reason to look.
            self._timers.look_after(key, result.requeue_after)
        if is_recognisable and not is_removing:
            self._echoes.left(key, observation, newest, result)
        return result

    def _observe(self, key: str, environment: Object, ages: Mapping[str, float]) -> Observation:
        attempts, is_due = self._bookkeeper.of(key), self._timers.is_look_due(key)
        return self._observer.observe(environment, ages=ages, attempts=attempts, is_due=is_due)

    def _carry_out(self, plan: Plan, environment: Object, attempt: _Attempt, *, fresh_rights: bool) -> _Round:
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
                done = self._carry_out_step(step, environment, attempt, fresh_rights=fresh_rights)
            steps.append(done.step)
            attempt.step = attempt.effect = None
            answers.update(done.answers)
            decide_again = decide_again or done.decide_again
            if done.cut_short:
                break
        is_complete = tuple(steps) == plan.steps
        carried_out = plan if is_complete else replace(plan, steps=tuple(steps))
        return _Round(carried_out, plan.timers, answers, decide_again, is_complete)

    def _carry_out_step(self, step: Step, environment: Object, attempt: _Attempt, *, fresh_rights: bool) -> _StepDone:
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

    def _settle_status(self, key: str, observation: Observation, done: _Round) -> tuple[Result, Object]:
        wanted = status.desired(observation, done.plan, self._options)
        recheck = [s.decision.recheck_after for s in done.plan.steps if s.decision.recheck_after is not None]
        passing = status.is_passing(wanted, observation.environment)
        return self._settle(key, observation, wanted, done.timers, recheck, passing=passing)

    def _settle(
        self,
        key: str,
        observation: Observation,
        wanted: Mapping[str, Any],
        running: Iterable[str],
        recheck: list[float],
        *,
        passing: bool,
    ) -> tuple[Result, Object]:
        """Return the result of the reconcile, and the environment in its newest version."""
        timers = set(running)
        patch = patches.merge_patch(observation.environment.status, wanted)
        if patch and passing:
            timer = _settle_timer(wanted)
            left = self._options.status_settle - observation.age(timer)
            if left > 0:
                timers.add(timer)
                recheck.append(left)
                patch = {}
        if patch and (wait := self._status_wait(key, observation.environment, wanted, patch)):
            recheck.append(wait)
            patch = {}
        before = observation.environment
        newest = self._write_status(key, before, wanted, patch) if patch else before.obj
        # After the write: if it fails, what a look has found is lost, and the timer of that look still is due.
        self._timers.keep(key, timers)
        recheck += self._bookkeeper.recheck(key)
        return Result(requeue_after=min(recheck, default=None)), newest

    def _status_wait(
        self, key: str, environment: Environment, wanted: Mapping[str, Any], patch: Mapping[str, Any]
    ) -> float:
        target = Target(ENVIRONMENTS, environment.name)
        return self._bookkeeper.status_wait(key, environment.obj, target, status.untimed(wanted), patch)

    def _write_status(
        self, key: str, environment: Environment, wanted: Mapping[str, Any], patch: Mapping[str, Any]
    ) -> Object:
        started, before = self._now(), environment.status
        target = Target(ENVIRONMENTS, environment.name)
        answer = self._applier.patch_status(environment.obj, target, patch)
        self._bookkeeper.wrote_status(key, environment.obj, target, status.untimed(wanted), patch, answer)
        self._metrics.phase(STATUS, outcome="continue", seconds=self._now() - started)
        self._changes.info("status written", state=wanted["applicationStatus"], current_phase=wanted["currentPhase"])
        for event in transitions.events(before, wanted):
            self._applier.apply(event, environment.obj)
        if mode := transitions.end_of_lifetime(before, wanted):
            self._metrics.expired(mode)
        if reason := transitions.release_failure(before, wanted):
            self._metrics.release_failed(reason)
        if transitions.became_deployed(before, wanted):
            self._stopwatch.deployed(environment)
        return answer

    def _say_who_holds(self, key: str, environment: Object) -> Result:
        """Write a last status after our part of the teardown, unless others remove their finalizers meanwhile."""
        self._wakeups.release(key)
        self._stopwatch.finished(key)
        observation = self._observe(key, environment, self._timers.ages(key))
        wanted = recorded_status.of_let_go(observation, self._options)
        return self._settle(key, observation, wanted, (), [], passing=True)[0]

    def _show(self, key: str, environment: Environment, attempt: _Attempt, error: Exception) -> None:
        """Write an error into the status if it has lasted for some seconds. Until then a retry may succeed."""
        self._timers.start(key, (persistent_errors.TIMER,))
        scope = current_scope()
        too_late = scope is not None and scope.expired
        if not too_late and self._timers.ages(key)[persistent_errors.TIMER] < persistent_errors.PATIENCE:
            return
        shown = persistent_errors.explain(error, attempt.effect, too_late=too_late, standing=environment.conditions)
        try:
            with Scope(timeout=_LAST_WORDS).bound() if too_late else nullcontext():
                self._show_in_status(environment, attempt, shown)
        except Exception as failure:  # noqa: BLE001  # the error itself is what counts, and goes to the log by its own way
            log.warning("error not written to the status", error_type=type(failure).__name__)

    def _show_in_status(self, environment: Environment, attempt: _Attempt, shown: Wait) -> None:
        wanted = None
        if attempt.observation is not None and attempt.step is not None:
            plan = Plan((*attempt.steps, replace(attempt.step, decision=shown)))
            try:
                seen = replace(attempt.observation, answers={**attempt.observation.answers, **attempt.answers})
                wanted = status.desired(seen, plan, self._options)
            except Exception as failure:  # noqa: BLE001  # whatever failed may fail here too
                log.debug("status not judged", error_type=type(failure).__name__)
        if wanted is None:
            wanted = recorded_status.unjudged(environment, shown, self._options, self._observer.now())
        patch = patches.merge_patch(environment.status, wanted)
        if patch and not self._status_wait(environment.name, environment, wanted, patch):
            self._write_status(environment.name, environment, wanted, patch)

    def _forget(self, key: str) -> None:
        self._echoes.forget(key)
        self._timers.forget(key)
        self._bookkeeper.forget(key)
        self._wakeups.release(key)
        self._consistency.clear(key)
        self._stopwatch.forget(key)


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


def _settle_timer(wanted: Mapping[str, Any]) -> str:
    # The reconcile that changes the release is in another phase than those that follow, but the state is the same.
    state = {field: value for field, value in wanted.items() if field != "currentPhase"}
    return f"settle:{digest(status.untimed(state))}"
