"""Uninstalling releases, and knowing that it is over: the part that teardown and a changed release share.

The Helm Operator keeps no finalizer on its HelmReleases. The object vanishes at once, and the uninstall runs after it.
It is over when Helm's storage Secrets of the release are gone; only their metadata is ever read. Flux holds a
HelmRelease until it has uninstalled it, and needs the source of the chart until then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import SECRETS
from controller.environment import engines, ownership, releases, rights, stuck_deletions
from controller.environment.decision import CurrentPhase, Wait
from controller.environment.effects import Delete, Effect, Question, Target, WakeOnChange
from controller.environment.engines import choice
from controller.environment.engines.engine import UNINSTALL_FAILED, Engine
from controller.environment.observation import REFUSED, Observation, Unknown
from controller.environment.options import EnvironmentOptions

TIMER = "uninstall"
# Runs while the deletion itself is refused. What follows the deletion has a timer of its own.
ASKING = "uninstall:asking"
# Runs while the status does not show yet what is to be uninstalled.
RECORDING = "uninstall:recording"
REASON = "UninstallingRelease"
# How many of Helm's Secrets a message names.
_NAMED_AT_MOST = 3


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing of the releases is left; or `given_up` says what is left although the time is over."""

    given_up: str = ""


def decide(observation: Observation, targets: Iterable[Target], options: EnvironmentOptions) -> Wait | Done:
    """Return the next step to remove these releases, or Done. It rests on live reads only."""
    wanted_gone = sorted(set(targets), key=str)
    unrecorded = _to_record(observation, wanted_gone, options)
    outcome = _decide(observation, [target for target in wanted_gone if target not in unrecorded], options)
    if isinstance(outcome, Wait) or not unrecorded:
        return outcome
    # The cache may still have one that is gone. To record that again and again would never end.
    if reads := observation.unasked(unrecorded):
        return _wait(observation, "Looking for the release.", options, *reads, timer=RECORDING)
    return Wait(
        reason=REASON,
        message=f"Recording {_named(unrecorded[:1])}, which is to be uninstalled.",
        timer=RECORDING,
        shown_as=CurrentPhase.UNINSTALLING,
        records=unrecorded[0],
    )


def _to_record(observation: Observation, targets: Collection[Target], options: EnvironmentOptions) -> list[Target]:
    """Return the releases of which, after their deletion, nothing would show that their uninstall is not over.

    It happens if the author renames a release right after its creation, before the status has recorded it. The author
    can do that until the environment is gone. What the status cannot record is deleted after the timeout all the same.
    """
    recorded = releases.recorded(observation)
    unrecorded = [target for target in targets if target != recorded and _leaves_storage(observation, target)]
    if not unrecorded or observation.age(RECORDING) >= options.teardown_timeout:
        return []
    engine = choice.choose(observation, options)
    wanted = releases.wanted(observation, engine) if engine else None
    if wanted is None or wanted in targets or observation.get(wanted) is None:
        return unrecorded
    # Beside a release that stays, nothing waits for the end of a surplus one.
    return []


def _leaves_storage(observation: Observation, target: Target) -> bool:
    obj = observation.get(target)
    if obj is None or not ownership.is_our_release(observation, obj) or _is_leaving(observation):
        return False
    # An engine without leftovers keeps its object until the uninstall is over.
    return engines.of(target.resource).leftovers(target) is not None


def _decide(observation: Observation, wanted_gone: list[Target], options: EnvironmentOptions) -> Wait | Done:
    if outcome := _remove(observation, wanted_gone, "the release", options):
        return outcome
    if _is_leaving(observation):
        # The namespace is deleted with everything in it, and our rights there may be gone, so no more can be known.
        return Done()
    gone = [target for target in wanted_gone if not isinstance(observation.live(target), Mapping)]
    sources = [source for target in gone if (source := releases.source_of(target))]
    if outcome := _remove(observation, sources, "the source of the chart", options):
        return outcome
    return _decide_storage(observation, gone, options)


def deletion(observation: Observation, targets: Iterable[Target], options: EnvironmentOptions) -> Wait | None:
    """Return the step that deletes those of these releases that were read, or None if it is not the next one."""
    wanted_gone = sorted(set(targets), key=str)
    step = _remove(observation, wanted_gone, "the release", options)
    if not isinstance(step, Wait) or step.timer != ASKING:
        return None
    return None if _to_record(observation, wanted_gone, options) else step


def questions(observation: Observation, targets: Iterable[Target]) -> tuple[Question, ...]:
    """Return what the next decision about these releases will ask, judged by the cache."""
    asked = tuple(dict.fromkeys(targets))
    if any(target in observation.cached for target in asked):
        return asked
    storage = (engines.of(target.resource).leftovers(target) for target in asked)
    return (*asked, *(listing for listing in storage if listing is not None))


def has_begun(observation: Observation) -> bool:
    """Return whether an earlier reconcile of this process waited for an uninstall that is not over yet."""
    return not observation.ages.keys().isdisjoint({ASKING, TIMER})


def _is_leaving(observation: Observation) -> bool:
    return observation.namespace is None or objects.is_deleting(observation.namespace)


def _remove(
    observation: Observation, targets: Iterable[Target], what: str, options: EnvironmentOptions
) -> Wait | Done | None:
    """Return the next step to remove these objects, or None if they are gone."""
    live = {target: observation.live(target) for target in targets}
    if reads := observation.unasked(live):
        return _wait(observation, f"Looking for {what}.", options, *reads)
    leaving = _is_leaving(observation)
    if not leaving and (refused := [target for target, answer in live.items() if answer is REFUSED]):
        what = f"the right to read {_named(refused)}"
        return _wait_or_give_up(observation, what, options, why=rights.obstacle(observation))
    present = {target: answer for target, answer in live.items() if isinstance(answer, Mapping)}
    ours = {target: obj for target, obj in present.items() if ownership.is_our_release(observation, obj)}
    if steps := [step for target, obj in ours.items() for step in _deletion(target, obj)]:
        return _ask(observation, ours, steps, options)
    if ours and not leaving:
        return _wait_or_give_up(observation, f"{_named(ours)} to be deleted", options, why=_why_they_stay(ours))
    return None


def _why_they_stay(live: Mapping[Target, Object]) -> str:
    """Return what the engines say about failed uninstalls, and which finalizers hold the releases, or ""."""
    found = (
        engine.health(obj, None, chart_patience=0.0)
        for target, obj in live.items()
        for engine in engines.ENGINES.values()
        if target.resource == engine.releases
    )
    words = (
        *(health.message for health in found if health.reason == UNINSTALL_FAILED),
        stuck_deletions.of_objects(live),
    )
    return " ".join(word for word in words if word)


def _deletion(target: Target, obj: Object) -> Iterator[Effect]:
    if resume := engines.of(target.resource).resume(target, obj):
        # Its deletion follows the next look, because this changes the version that was read.
        yield resume
    elif not objects.is_deleting(obj):
        yield Delete.of(target, obj)


def _decide_storage(observation: Observation, gone: Iterable[Target], options: EnvironmentOptions) -> Wait | Done:
    listings = {target: listing for target in gone if (listing := engines.of(target.resource).leftovers(target))}
    if reads := observation.unasked(listings.values()):
        return _wait(observation, "Looking for the release's storage.", options, *reads)
    found = {target: observation.listed(listing) for target, listing in listings.items()}
    left = {target: secrets for target, secrets in found.items() if secrets and not isinstance(secrets, Unknown)}
    watches = [WakeOnChange(listings[target]) for target in left]
    refused = [target.name for target, secrets in found.items() if secrets is REFUSED]
    # The controller never gets rights in a namespace of others, so it does not wait for them there.
    if refused and ownership.is_labelled(observation, observation.namespace or {}):
        what = f"the right to read the Helm storage Secrets of {', '.join(refused)}"
        return _wait_or_give_up(observation, what, options, *watches, why=rights.obstacle(observation))
    if not left:
        return Done()
    what = f"the uninstall of {', '.join(target.name for target in left)} to finish"
    secrets = [secret for one in left.values() for secret in one]
    why = _why_storage_stays(secrets, engines.of(next(iter(left)).resource))
    return _wait_or_give_up(observation, what, options, *watches, why=why)


def _why_storage_stays(secrets: Iterable[Object], engine: Engine) -> str:
    """Return which of Helm's Secrets are left, and who removes them."""
    held = {Target(SECRETS, objects.name(secret), objects.namespace(secret)): secret for secret in secrets}
    if words := stuck_deletions.of_objects(held):
        return words
    names = sorted(target.name for target in held)
    more = " and others" if len(names) > _NAMED_AT_MOST else ""
    shown = ", ".join(names[:_NAMED_AT_MOST])
    return f"Helm's storage remains ({shown}{more}); {engine.facts.title} removes it last."


def _named(targets: Iterable[Target]) -> str:
    return ", ".join(f"{target.resource.kind} {target.name}" for target in targets)


def _ask(
    observation: Observation, targets: Iterable[Target], steps: Iterable[Effect], options: EnvironmentOptions
) -> Wait | Done:
    if observation.age(ASKING) >= options.teardown_timeout:
        what = f"{_named(targets)} to be deleted"
        return Done(given_up=_timed_out(what, options))
    return _wait(observation, f"Uninstalling {_named(targets)}.", options, *steps, timer=ASKING)


def _wait_or_give_up(
    observation: Observation, what: str, options: EnvironmentOptions, *effects: Effect, why: str = ""
) -> Wait | Done:
    if observation.age(TIMER) >= options.teardown_timeout:
        return Done(given_up=f"{_timed_out(what, options)} {why}".strip())
    return _wait(observation, f"Waiting for {what}. {why}".strip(), options, *effects)


def _timed_out(what: str, options: EnvironmentOptions) -> str:
    return f"Timed out after {options.teardown_timeout:g}s waiting for {what}; continuing without it."


def _wait(
    observation: Observation, message: str, options: EnvironmentOptions, *effects: Effect, timer: str = TIMER
) -> Wait:
    # The pause doubles: 1, 2, 4 seconds, and so on up to the longest pause.
    pause = min(max(observation.age(timer), 1.0), options.recheck_interval)
    return Wait(
        reason=REASON,
        message=message,
        effects=effects,
        recheck_after=pause,
        timer=timer,
        shown_as=CurrentPhase.UNINSTALLING,
    )
