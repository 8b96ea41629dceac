"""One reconcile of one environment: observe, decide and apply until no question is open, and then write the status.

Level-triggered and idempotent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Protocol

import structlog

from controller.api.environment import ENVIRONMENTS, Environment
from controller.apimachinery import objects
from controller.apimachinery.errors import Conflict, NotFound, NotLeader, Stopped
from controller.apimachinery.objects import Object
from controller.environment import echoes, recorded_status, rights
from controller.environment.apply import Applier, ChangeLog, Waker
from controller.environment.decide import decide
from controller.environment.drift.attempts import Write
from controller.environment.drift.bookkeeper import Bookkeeper
from controller.environment.effects import RemoveFinalizer, Subject, Target, WakeOnChange
from controller.environment.memory import Memory
from controller.environment.metrics import EnvironmentMetrics
from controller.environment.observation import Answer, Observation
from controller.environment.observe import Observer
from controller.environment.options import EnvironmentOptions
from controller.environment.plan_runner import Attempt, PlanRunner
from controller.environment.status_writer import StatusWriter
from controller.environment.stopwatch import Stopwatch
from controller.runtime.reconcile import Request, Result

log = structlog.get_logger(__name__)

# Each round answers questions of the round before, or follows a write that the server did not take. No environment
# needs this many.
_ROUNDS = 20


class Consistency(Protocol):
    """The part of the memory of our own writes that is used here."""

    def ensure_ready(self, owner_key: str) -> None:
        """Raise ConsistencyError unless the caches have all our writes for this environment."""
        ...

    def clear(self, owner_key: str) -> None:
        """Forget our writes for this environment."""
        ...


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
        memory: Memory,
        now: Callable[[], float],
        changes: ChangeLog = log,
    ) -> None:
        self._observer = observer
        self._wakeups = wakeups
        self._consistency = consistency
        self._stopwatch = stopwatch
        self._options = options
        self._memory = memory
        self._bookkeeper = Bookkeeper(corrections=memory.corrections, cluster=applier)
        self._plans = PlanRunner(
            applier=applier, bookkeeper=self._bookkeeper, metrics=metrics, options=options, now=now
        )
        self._status = StatusWriter(
            applier=applier,
            bookkeeper=self._bookkeeper,
            timers=memory.timers,
            metrics=metrics,
            stopwatch=stopwatch,
            options=options,
            now=now,
            wall_clock=observer.now,
            changes=changes,
        )

    def reconcile(self, request: Request) -> Result:
        """Bring one environment a step closer to what its spec asks for.

        Raises ApiError for what a retry may heal, ConsistencyError while the caches lag behind our own writes.
        """
        key = request.key
        environment = self._observer.environment(key)
        if environment is None or self._memory.let_go.get(key) != objects.uid(environment):
            self._memory.let_go.pop(key, None)
        if environment is None or (key in self._memory.let_go and not Environment(environment).is_let_go):
            self._forget(key)
            return Result()
        self._consistency.ensure_ready(key)
        attempt = Attempt()
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
                self._status.show(key, Environment(newest), attempt, error)
                if not isinstance(error, Conflict | NotFound):
                    raise
                log.debug("reconcile repeated after a conflict", error=error.message)
                return Result(requeue=True)

    def _reconcile(self, key: str, seen: Environment, attempt: Attempt) -> Result:
        environment = seen.obj
        ages = self._memory.timers.ages(key)
        # A user who asks for a reconcile now does not want to wait for paced corrections. Each request counts once.
        # An environment that has expired, or comes back, is another life.
        self._bookkeeper.begin(key, f"{objects.uid(environment)} {seen.reconcile_at} {seen.has_expired}")
        observation = self._observe(key, environment, ages)
        if (same := self._memory.echoes.result(key, observation)) is not None:
            return same
        is_recognisable = not seen.is_deleting
        answers: dict[Subject, Answer] = {}
        for _ in range(_ROUNDS):
            self._stopwatch.saw(observation.environment)
            plan = decide(observation, self._options)
            # Before the effects: if one of them fails, the next reconcile still knows that the others were begun.
            self._memory.timers.start(key, plan.timers)
            fresh_rights = rights.TIMER in plan.timers and rights.are_fresh(observation)
            attempt.observation = observation
            done = self._plans.run(plan, environment, attempt, fresh_rights=fresh_rights)
            self._bookkeeper.found(key, environment, plan.contests)
            is_repeated = done.is_complete and echoes.is_recognisable(plan, observation, done.answers)
            is_recognisable = is_recognisable and is_repeated
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
            self._memory.let_go[key] = objects.uid(environment)
            self._stopwatch.finished(key)
            self._memory.forget(key)
            return Result()
        result, newest = self._status.after(key, observation, done)
        is_removing = done.plan.is_removing
        if is_removing and done.plan.pauses:
            # Until then, only a change in the caches is a reason to look. The status may be due sooner.
            self._memory.timers.look_after(key, min(done.plan.pauses))
        if is_recognisable and not is_removing:
            self._memory.echoes.left(key, observation, newest, result)
        return result

    def _observe(self, key: str, environment: Object, ages: Mapping[str, float]) -> Observation:
        attempts, is_due = self._bookkeeper.of(key), self._memory.timers.is_look_due(key)
        return self._observer.observe(environment, ages=ages, attempts=attempts, is_due=is_due)

    def _say_who_holds(self, key: str, environment: Object) -> Result:
        """Write a last status after our part of the teardown, unless others remove their finalizers meanwhile."""
        self._wakeups.release(key)
        self._stopwatch.finished(key)
        observation = self._observe(key, environment, self._memory.timers.ages(key))
        wanted = recorded_status.of_let_go(observation, self._options)
        return self._status.settle(key, observation, wanted, (), [], passing=True)[0]

    def _forget(self, key: str) -> None:
        self._memory.forget(key)
        self._wakeups.release(key)
        self._consistency.clear(key)
        self._stopwatch.forget(key)
