"""Removes from a plan the corrections that have to wait, and finds out who contests them. Pure.

A correction that waits does not hold up other writes, with three exceptions (`_Guard`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from controller.api.environment import ENVIRONMENTS
from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import NAMESPACES
from controller.environment import engines
from controller.environment.decision import Wait
from controller.environment.drift import reports
from controller.environment.drift.attempts import (
    USUAL,
    Attempts,
    Contest,
    Correction,
    Write,
    correction,
    fingerprint,
)
from controller.environment.drift.comparison import differences
from controller.environment.effects import AddFinalizer, Create, Delete, Effect, Emit, Listing, Patch, Read, Target
from controller.environment.observation import Answer, Observation
from controller.environment.plan import Phase, Plan, Step

WAITING: Final = "Contested"


class _Guard(Enum):
    """What must not be written while a correction waits."""

    NOTHING = "nothing"
    # A release runs with these rights, so they must be right before it is created or changed.
    RELEASES = "releases"
    # Nothing is written until our finalizer holds the environment.
    WRITES = "writes"
    # The next phases need the namespace.
    PHASES = "phases"


@dataclass(frozen=True, slots=True)
class _Held:
    """A step without the writes that have to wait, and what these hold up."""

    step: Step
    guard: _Guard
    contests: Mapping[Correction, Contest]
    corrections: frozenset[Correction]


def question(target: Target) -> Target | Listing:
    """Return what to read in order to find out who changed an object."""
    # The controller may list environments, but not read a single one.
    if target.resource == ENVIRONMENTS:
        return Listing(ENVIRONMENTS, "", field_selector=f"metadata.name={target.name}")
    return target


def find(answer: Answer, target: Target) -> Object | None:
    """Return the object in the answer to that question, or None."""
    items = answer if isinstance(answer, tuple) else (answer,)
    return next((obj for obj in items if isinstance(obj, Mapping) and objects.name(obj) == target.name), None)


def pace(plan: Plan, observation: Observation) -> Plan:
    """Return the plan without the corrections that are not due yet."""
    steps: list[Step] = []
    contests: dict[Correction, Contest] = {}
    waiting: frozenset[Correction] = frozenset()
    guards: dict[_Guard, Step] = {}
    for step in plan.steps:
        if not step.decision.effects:
            steps.append(step)
            continue
        if blocked := _blocked(step, guards):
            steps.append(blocked)
            break
        held = _hold(step, observation)
        contests |= held.contests
        waiting |= held.corrections
        if held.guard is _Guard.PHASES:
            steps.append(_wait(step.phase, held.step))
            break
        steps.append(held.step)
        if held.guard is not _Guard.NOTHING:
            guards[held.guard] = held.step
    return Plan(tuple(steps), contests=contests, waiting=waiting)


def _hold(step: Step, observation: Observation) -> _Held:
    held: dict[Target, float] = {}
    found: dict[Correction, Contest] = {}
    reads: list[Read] = []
    known = list(_known(step, observation))
    for effect, key, attempts in known:
        if attempts.wait > 0:
            held[key.target] = max(attempts.wait, held.get(key.target, 0.0))
        if attempts.writes < USUAL or attempts.contest is not None:
            continue
        if read := _unasked(effect, observation):
            # Read first, because the correction removes the traces of who changed the object.
            held.setdefault(key.target, 0.0)
            reads.append(read)
        elif contest := _contest(effect, observation):
            found[key] = contest
    if not held:
        return _Held(step, _Guard.NOTHING, found, frozenset())
    kept = tuple(effect for effect in step.decision.effects if not _goes_with(effect, held))
    waits = [seconds for seconds in held.values() if seconds > 0]
    # A step that only waits for its own corrections need not look again before they are due.
    again = None if waits and not kept and isinstance(step.decision, Wait) else step.decision.recheck_after
    soonest = [seconds for seconds in (again, *waits) if seconds is not None]
    decision = replace(step.decision, effects=(*kept, *reads), recheck_after=min(soonest, default=None))
    guards = {_guard(step.phase, effect) for effect, key, _ in known if key.target in held}
    guard = next(guard for guard in reversed(_Guard) if guard in guards)
    waiting = frozenset(key for _, key, _ in known if key.target in held)
    return _Held(replace(step, decision=decision), guard, found, waiting)


def _known(step: Step, observation: Observation) -> Iterator[tuple[Write, Correction, Attempts]]:
    """Return the writes of a step that repeat an earlier correction."""
    for effect in step.decision.effects:
        key = correction(step.phase.name, effect)
        if key is None or not isinstance(effect, Write):
            continue
        attempts = observation.attempts.get(key)
        if attempts is not None and attempts.wanted == fingerprint(effect):
            yield effect, key, attempts


def _goes_with(effect: Effect, held: Mapping[Target, float]) -> bool:
    """Return whether an effect waits too: it is about an object that waits, or an Event."""
    if isinstance(effect, Read):
        return effect.subject in held
    return isinstance(effect, Emit) or (isinstance(effect, Write) and effect.target in held)


def _blocked(step: Step, guards: Mapping[_Guard, Step]) -> Step | None:
    """Return the step with a decision to wait for earlier corrections, or None if it need not wait."""
    for guard, before in guards.items():
        if any(_is_guarded(effect, guard) for effect in step.decision.effects):
            return _wait(step.phase, before)
    return None


def _wait(phase: Phase, held: Step) -> Step:
    message = (
        f"Somebody undoes what the controller writes in phase {held.phase.name}, so it pauses before the next "
        "correction, and writes nothing that depends on it. The condition Contested names the field."
    )
    reads = tuple(effect for effect in held.decision.effects if isinstance(effect, Read)) if phase == held.phase else ()
    return Step(phase, Wait(reason=WAITING, message=message, recheck_after=held.decision.recheck_after, effects=reads))


def _is_guarded(effect: Effect, guard: _Guard) -> bool:
    if guard is _Guard.RELEASES:
        return isinstance(effect, Create | Patch) and engines.find(effect.target.resource) is not None
    return isinstance(effect, Write)


def _guard(phase: Phase, effect: Write) -> _Guard:
    if isinstance(effect, AddFinalizer):
        return _Guard.WRITES
    if isinstance(effect, Create) and effect.target.resource == NAMESPACES:
        return _Guard.PHASES
    return _Guard.RELEASES if phase.guards_releases else _Guard.NOTHING


def _unasked(effect: Write, observation: Observation) -> Read | None:
    """Return the Read that shows who changed the object, or None if it is not needed or already answered."""
    if isinstance(effect, Create):
        return None
    return next(iter(observation.unasked((question(effect.target),))), None)


def _contest(effect: Write, observation: Observation) -> Contest | None:
    if isinstance(effect, Create):
        return reports.deleted(effect.target)
    live = find(observation.answers.get(question(effect.target)), effect.target)
    if live is None:
        return None
    if isinstance(effect, Delete):
        return reports.recreated(effect.target, live)
    found = differences(effect, live)
    return reports.reverted(effect.target, found, live) if found else None
