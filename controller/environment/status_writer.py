"""Writes the status of an environment: when it settles, when it may be written, and what comes with it.

A temporary state is written only if it lasts, and an error only if it does not heal by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

import structlog

from controller.api.environment import ENVIRONMENTS, Environment
from controller.apimachinery import patches
from controller.apimachinery.objects import Object
from controller.apimachinery.scope import Scope, current_scope
from controller.environment import persistent_errors, recorded_status, status, transitions
from controller.environment.apply import Applier, ChangeLog
from controller.environment.decision import Wait
from controller.environment.drift.attempts import digest
from controller.environment.drift.bookkeeper import Bookkeeper
from controller.environment.effects import Target
from controller.environment.engines.engine import State
from controller.environment.metrics import EnvironmentMetrics
from controller.environment.observation import Observation
from controller.environment.options import EnvironmentOptions
from controller.environment.plan import STATUS, Plan
from controller.environment.plan_runner import Attempt, Round
from controller.environment.stopwatch import Stopwatch
from controller.environment.timers import Timers
from controller.runtime.reconcile import Result

log = structlog.get_logger(__name__)

# Seconds for the write that says why a reconcile did not end in time.
_LAST_WORDS: Final = 5.0


class StatusWriter:
    """See the module. Each `key` is that of an environment.

    Args:
        now: returns monotonic seconds.
        wall_clock: returns the time of the wall clock, with a time zone.
        changes: gets a line for each status that was written.
    """

    def __init__(
        self,
        *,
        applier: Applier,
        bookkeeper: Bookkeeper,
        timers: Timers,
        metrics: EnvironmentMetrics,
        stopwatch: Stopwatch,
        options: EnvironmentOptions,
        now: Callable[[], float],
        wall_clock: Callable[[], datetime],
        changes: ChangeLog,
    ) -> None:
        self._applier = applier
        self._bookkeeper = bookkeeper
        self._timers = timers
        self._metrics = metrics
        self._stopwatch = stopwatch
        self._options = options
        self._now = now
        self._wall_clock = wall_clock
        self._changes = changes

    def after(self, key: str, observation: Observation, done: Round) -> tuple[Result, Object]:
        """Write the status after a plan. Return the result of the reconcile, and the environment's newest version."""
        wanted = status.desired(observation, done.plan, self._options)
        recheck = list(done.plan.pauses)
        if wanted.get("applicationStatus") == State.QUEUED:
            # It is woken when it gets a place. Not even its lifetime runs until then.
            recheck.clear()
        passing = status.is_passing(wanted, observation.environment) and done.plan.records is None
        return self.settle(key, observation, wanted, done.timers, recheck, passing=passing)

    def settle(
        self,
        key: str,
        observation: Observation,
        wanted: Mapping[str, Any],
        running: Iterable[str],
        recheck: list[float],
        *,
        passing: bool,
    ) -> tuple[Result, Object]:
        """Write `wanted`, unless it has to wait. Return the same as `after`.

        Args:
            key: the environment's.
            observation: what is known about it.
            wanted: its whole status.
            running: the timers that run on.
            recheck: seconds after which to look again.
            passing: whether this state leads to another one, so that it is written only if it lasts.
        """
        timers = set(running)
        patch = patches.merge_patch(observation.environment.status, wanted)
        if patch and passing:
            timer = _settle_timer(wanted)
            left = self._options.status_settle - observation.age(timer)
            if left > 0:
                timers.add(timer)
                recheck.append(left)
                patch = {}
        if patch and (wait := self._wait(key, observation.environment, wanted, patch)):
            recheck.append(wait)
            patch = {}
        before = observation.environment
        newest = self._write(key, before, wanted, patch) if patch else before.obj
        # After the write: if it fails, what a look has found is lost, and the timer of that look still is due.
        self._timers.keep(key, timers)
        recheck += self._bookkeeper.recheck(key)
        return Result(requeue_after=min(recheck, default=None)), newest

    def show(self, key: str, environment: Environment, attempt: Attempt, error: Exception) -> None:
        """Write an error into the status if it has lasted for some seconds. Until then a retry may succeed.

        One that was written stays for a while, even if another follows.
        """
        scope = current_scope()
        too_late = scope is not None and scope.expired
        if not persistent_errors.is_due(self._timers, key, environment.generation, too_late=too_late):
            return
        shown = persistent_errors.explain(error, attempt.effect, too_late=too_late, standing=environment.conditions)
        try:
            with Scope(timeout=_LAST_WORDS).bound() if too_late else nullcontext():
                is_shown = self._show_plan(environment, attempt, shown)
            if is_shown:
                persistent_errors.record_shown(self._timers, key, environment.generation)
        except Exception as failure:  # noqa: BLE001  # the error itself is what counts, and goes to the log by its own way
            log.warning("error not written to the status", error_type=type(failure).__name__)

    def _show_plan(self, environment: Environment, attempt: Attempt, shown: Wait) -> bool:
        """Return whether the status shows it now."""
        wanted = None
        if attempt.observation is not None and attempt.step is not None:
            plan = Plan((*attempt.steps, replace(attempt.step, decision=shown)))
            try:
                seen = replace(attempt.observation, answers={**attempt.observation.answers, **attempt.answers})
                wanted = status.desired(seen, plan, self._options)
            except Exception as failure:  # noqa: BLE001  # whatever failed may fail here too
                log.debug("status not judged", error_type=type(failure).__name__)
        if wanted is None:
            wanted = recorded_status.unjudged(environment, shown, self._options, self._wall_clock())
        patch = patches.merge_patch(environment.status, wanted)
        if patch and self._wait(environment.name, environment, wanted, patch):
            return False
        if patch:
            self._write(environment.name, environment, wanted, patch)
        return True

    def _wait(self, key: str, environment: Environment, wanted: Mapping[str, Any], patch: Mapping[str, Any]) -> float:
        target = Target(ENVIRONMENTS, environment.name)
        return self._bookkeeper.status_wait(key, environment.obj, target, status.untimed(wanted), patch)

    def _write(self, key: str, environment: Environment, wanted: Mapping[str, Any], patch: Mapping[str, Any]) -> Object:
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


def _settle_timer(wanted: Mapping[str, Any]) -> str:
    # The reconcile that changes the release is in another phase than those that follow, but the state is the same.
    state = {field: value for field, value in wanted.items() if field != "currentPhase"}
    return f"settle:{digest(status.untimed(state))}"
