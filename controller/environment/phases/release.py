"""The release: created, or corrected if anybody changed it. An outdated one is uninstalled first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.environment import engines, ownership, release_sync, releases, uninstall
from controller.environment.decision import Continue, Decision, Stop, Wait
from controller.environment.drift.attempts import Correction
from controller.environment.effects import Create, Effect, Emit, EventType, Generation, Patch, Target
from controller.environment.engines import choice
from controller.environment.engines.engine import Engine, ReleaseContext, State
from controller.environment.observation import Observation
from controller.environment.options import EnvironmentOptions

# Also the name under which the memory of corrections knows this phase.
NAME: Final = "release"


def decide(observation: Observation, options: EnvironmentOptions) -> Decision:
    """Bring the release to what the spec asks for, or suspend it."""
    if observation.environment.suspended:
        return Continue(effects=tuple(_suspend(observation)))
    engine = choice.choose(observation, options)
    assert engine is not None, "without an engine the source phase waits"
    target = releases.wanted(observation, engine)
    context = releases.context(observation, options, engine)
    current = observation.get(target)
    if current is not None:
        return _update(observation, target, current, context, engine)
    events: tuple[Effect, ...] = ()
    if outdated := releases.outdated(observation, engine):
        outcome = uninstall.decide(observation, outdated, options)
        if isinstance(outcome, Wait):
            return outcome
        if outcome.given_up:
            events = (Emit(EventType.WARNING, "UninstallTimedOut", "Uninstall", outcome.given_up),)
    note = f"Created {target.resource.kind} {target.name} in namespace {observation.environment.namespace_name}."
    created = Emit(EventType.NORMAL, "ReleaseCreated", "Create", note)
    effects = (*events, Create(target, engine.desired(context)), created, *_ignored(observation, engine))
    return Continue(effects=effects, release=target)


def _suspend(observation: Observation) -> Iterator[Patch]:
    """Suspend our releases, as far as their engines can. Resuming is a correction like any other."""
    for target in sorted(releases.cached(observation), key=str):
        release = observation.get(target)
        if release is None or objects.is_deleting(release) or not ownership.is_our_release(observation, release):
            continue
        if patch := engines.of(target.resource).suspend(target, release):
            yield patch


def _update(
    observation: Observation, target: Target, current: Object, context: ReleaseContext, engine: Engine
) -> Decision:
    if found := release_sync.obstacle(observation, target, current):
        return found
    desired = engine.desired(context)
    if _rests(observation, target, current, desired, engine):
        return _rest(target, current, engine.desired(replace(context, suspended=True)), engine.account_field)
    correction = release_sync.correction(target, current, desired)
    if correction is None:
        return Continue(release=target)
    patch, changes_spec = correction
    if not changes_spec:
        return Continue(effects=(patch,), release=target)
    before = Generation(target, objects.generation(current))
    events = (*_corrected(observation, target, before), *_ignored(observation, engine, before))
    return Continue(effects=(patch, *events), release=target)


def _rests(
    observation: Observation, target: Target, current: Object, desired: Mapping[str, Any], engine: Engine
) -> bool:
    """Return whether the release must not run. Without its account it would have the rights of the engine itself."""
    account = engine.account_field
    if objects.mapping(current.get("spec")).get(account) == desired["spec"].get(account):
        return False
    attempts = observation.attempts.get(Correction(NAME, target))
    # If somebody merely changed it, one patch is enough.
    is_suspended = engine.suspend(target, current) is None
    return is_suspended or (attempts is not None and ("spec", account) in attempts.lost)


def _rest(target: Target, current: Object, resting: Mapping[str, Any], account_field: str) -> Stop:
    correction = release_sync.correction(target, current, resting)
    message = (
        f"{target.resource.kind} {target.name} does not have the {account_field} "
        f"{resting['spec'].get(account_field)!r}, so it is suspended until it does. The condition Contested says what "
        "prevents it."
    )
    return Stop(reason="AccountNotTaken", message=message, effects=(correction[0],) if correction else ())


def _corrected(observation: Observation, target: Target, before: Generation) -> Iterator[Emit]:
    # After a change of the spec, an Event about the outcome follows.
    environment = observation.environment
    status = environment.status
    if status.get("applicationStatus") == State.DEPLOYED and status.get("observedGeneration") == environment.generation:
        note = f"Updated {target.resource.kind} {target.name}, although the spec did not change."
        yield Emit(EventType.NORMAL, "ReleaseUpdated", "Update", note, before)


def _ignored(observation: Observation, engine: Engine, before: Generation | None = None) -> Iterator[Emit]:
    if fields := engine.ignored_fields(observation.environment):
        named = ", ".join(f"spec.application.release.{field}" for field in fields)
        yield Emit(EventType.NORMAL, "FieldsIgnored", "Update", f"{engine.name} does not support {named}.", before)
