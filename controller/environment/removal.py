"""Taking down what an environment has: first its release, then its namespace. A teardown and an expiry share this.

Every deletion names the UID and the version that were seen, so the API server refuses it if the object has changed. The
first one, of the release, goes by the caches. Everything after it rests on live reads. A namespace that is not ours, or
that was there before us, stays.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from controller.api.environment import (
    ADOPTED_ANNOTATION,
    APPLIED_LABELS_ANNOTATION,
    APPLIED_RESOURCES_ANNOTATION,
    ENVIRONMENT_LABEL,
    INSTALLATION_ANNOTATION,
    UID_ANNOTATION,
)
from controller.apimachinery import conditions, objects
from controller.apimachinery.objects import Object
from controller.environment import namespace_labels, ownership, releases, rights, stuck_deletions, uninstall
from controller.environment.decision import CurrentPhase, Wait
from controller.environment.effects import (
    Delete,
    Effect,
    Emit,
    EventType,
    Listing,
    Patch,
    Question,
    Read,
    Target,
)
from controller.environment.engines import ENGINES, choice
from controller.environment.engines.engine import Engine
from controller.environment.observation import REFUSED, UNASKED, Observation, Unknown
from controller.environment.options import EnvironmentOptions
from controller.environment.resources import pruning

TIMER: Final = "teardown"
DELETING: Final = "DeletingNamespace"
BLOCKED: Final = "TeardownBlocked"
FORBIDDEN: Final = "Forbidden"
# Seconds from one look at a terminating namespace to the next, at first. The informer shows its end much sooner.
_PATIENCE: Final = 30.0
# How much longer the pauses may grow while an informer shows every change of what is awaited.
_WATCHED: Final = 6
# Runs while only the namespace's own finalizers are left.
_HELD: Final = "teardown:held"
_SETTING_UP: Final = "Setting up the controller's rights in the namespace."


@dataclass(frozen=True, slots=True)
class Removed:
    """Nothing is left once these effects are done."""

    effects: tuple[Effect, ...] = ()


def decide(
    observation: Observation,
    options: EnvironmentOptions,
    *,
    announce: Callable[[Observation], tuple[Effect, ...]] = lambda _: (),
) -> Wait | Removed:
    """Return the next step, or Removed. What `announce` returns goes with the first step, and with each live look."""
    namespace = observation.live(observation.namespace_target)
    cached = observation.cached_namespace
    if namespace is UNASKED and (first := _first_step(observation, options)):
        return replace(first, effects=(*announce(observation), *first.effects))
    if namespace is UNASKED and cached is not None and not observation.is_due and _is_ending(observation, cached):
        # The watch of namespaces shows its progress. Only a look that is due reads it.
        return _await_namespace(observation, cached, options)
    if namespace is UNASKED and 0 < (age := observation.age(uninstall.TIMER)) < rights.PAUSE:
        # The next look may need rights that were set up beside the deletion of the release. It says what is awaited.
        # The timer does not show whether they were: if not, this costs next to nothing, because no engine uninstalls
        # within so short a time, and what changes meanwhile needs one look only.
        return Wait(
            reason=uninstall.REASON,
            message=_SETTING_UP,
            recheck_after=rights.PAUSE - age,
            timer=uninstall.TIMER,
            keeps_status=True,
        )
    if namespace is UNASKED:
        looks = map(Read, (observation.namespace_target, *_next_questions(observation, options)))
        message = "Looking for the namespace."
        return Wait(reason=uninstall.REASON, message=message, effects=(*announce(observation), *looks), timer=TIMER)
    if namespace is REFUSED:
        # The answer neither justifies a deletion nor proves that the namespace is gone.
        name = observation.environment.namespace_name
        return _wait(observation, options, FORBIDDEN, f"Waiting for the right to read namespace {name}.")
    if namespace is None:
        return Removed()
    if _is_ending(observation, namespace):
        return _await_namespace(observation, namespace, options)
    ours = ownership.is_labelled(observation, namespace)
    in_time = observation.age(uninstall.TIMER) < options.teardown_timeout
    if ours and in_time and not objects.is_deleting(namespace) and (effects := _rights(observation, options)):
        # The chart's own account may have changed the bindings that the next steps need. If it does so repeatedly, it
        # must not hold the namespace for ever.
        return _set_up_rights(observation, options, effects, _deletion(observation, options))
    targets = tuple(_releases(observation, options, ours=ours))
    outcome = uninstall.decide(_without_unlisted(observation, targets, options), targets, options)
    if isinstance(outcome, Wait):
        return outcome
    timed_out = (
        (Emit(EventType.WARNING, "UninstallTimedOut", "Uninstall", outcome.given_up),) if outcome.given_up else ()
    )
    if not ours:
        return Removed(timed_out)
    if not objects.is_deleting(namespace) and (searches := observation.unasked(_searches(observation, options))):
        return Wait(reason=uninstall.REASON, message="Looking for other releases.", effects=searches, timer=TIMER)
    if ownership.is_adopted(namespace):
        removals = pruning.remove(observation)
        if not any(isinstance(effect, Read) for effect in removals):
            removals += rights.remove(observation, options)
        if any(isinstance(effect, Read) for effect in removals):
            return _wait(observation, options, DELETING, "Looking for what the controller created.", *removals)
        return Removed((*timed_out, *removals, _release_adopted(observation, namespace)))
    if not objects.is_deleting(namespace):
        delete = Delete.of(observation.namespace_target, namespace)
        return _wait(
            observation, options, DELETING, f"Deleting namespace {objects.name(namespace)}.", *timed_out, delete
        )
    return _await_namespace(observation, namespace, options)


def has_begun(observation: Observation) -> bool:
    """Return whether an earlier reconcile of this process waited for a step that is not over yet."""
    return not observation.ages.keys().isdisjoint({TIMER, _HELD, uninstall.ASKING, uninstall.TIMER})


def is_left(observation: Observation) -> bool:
    """Return whether the caches have a release or a namespace of the environment."""
    namespace = observation.cached_namespace
    is_ours = namespace is not None and ownership.is_labelled(observation, namespace)
    return is_ours or bool(releases.cached(observation))


def _first_step(observation: Observation, options: EnvironmentOptions) -> Wait | None:
    """Return the deletion of the releases as the caches show them, or what our rights need before it.

    None: the caches do not suffice, or the removal has begun. If they were behind, the next look reads everything.
    """
    namespace = observation.cached_namespace
    if namespace is None or objects.is_deleting(namespace) or not ownership.is_labelled(observation, namespace):
        return None
    if has_begun(observation):
        return None
    observation = observation.assuming([*observation.cached.items(), (observation.namespace_target, namespace)])
    deletion = _deletion(observation, options)
    if deletion is None:
        return None
    rights_first = _rights(observation, options)
    return _set_up_rights(observation, options, rights_first, deletion) if rights_first else deletion


def _deletion(observation: Observation, options: EnvironmentOptions) -> Wait | None:
    return uninstall.deletion(observation, _releases(observation, options, ours=True), options)


def _set_up_rights(
    observation: Observation, options: EnvironmentOptions, effects: tuple[Effect, ...], deletion: Wait | None
) -> Wait:
    """Return the wait for our rights. Where the deletion of the releases needs none of them, it does not wait."""
    engine = choice.choose(observation, options)
    if deletion and engine and not engine.account(options) and not any(isinstance(each, Read) for each in effects):
        return replace(deletion, effects=(*effects, *deletion.effects), timer=uninstall.TIMER)
    return Wait(
        reason=uninstall.REASON,
        message=_SETTING_UP,
        recheck_after=rights.PAUSE,
        effects=effects,
        timer=uninstall.TIMER,
    )


def _rights(observation: Observation, options: EnvironmentOptions) -> tuple[Effect, ...]:
    """Return the writes that repair our rights; or, if these are right, those for the rights of the engine.

    Ours come first, because they need a moment to take effect. Once they were right, a refusal shows that they are not
    any more. An engine that works with an account needs its rights until the end, and no refusal shows us that they are
    gone.
    """
    engine = choice.choose(observation, options)
    has_account = engine is not None and bool(engine.account(options))
    has_begun = uninstall.has_begun(observation)
    if has_begun and not has_account and REFUSED not in observation.answers.values():
        return ()
    # The search for URLs and whatever was shared needed them before.
    is_expected = has_begun or has_account or options.discover_urls or not observation.share.is_empty
    ours = rights.repair_ours(observation, options, is_expected=is_expected)
    return ours or (rights.repair_releases(observation, options, engine) if engine else ())


def _releases(observation: Observation, options: EnvironmentOptions, *, ours: bool) -> Iterator[Target]:
    yield from releases.cached(observation)
    if recorded := releases.recorded(observation):
        yield recorded
    # It may have been created, but not recorded before the deletion. In a namespace of others we never create one.
    if ours:
        for candidate in _candidates(observation, options):
            yield releases.wanted(observation, candidate)
        for search in _searches(observation, options):
            found = observation.listed(search)
            for release in () if isinstance(found, Unknown) else found:
                if ownership.is_labelled(observation, release):
                    yield Target(search.resource, objects.name(release), search.namespace)


def _without_unlisted(observation: Observation, targets: Iterable[Target], options: EnvironmentOptions) -> Observation:
    """Return the observation with one more answer: those of these releases that a listing lacks do not exist."""
    found = {search.resource: observation.listed(search) for search in _searches(observation, options)}
    names = {resource: [*map(objects.name, objs)] for resource, objs in found.items() if not isinstance(objs, Unknown)}
    gone = [each for each in targets if each.resource in names and each.name not in names[each.resource]]
    return observation.assuming((target, None) for target in gone)


def _candidates(observation: Observation, options: EnvironmentOptions) -> tuple[Engine, ...]:
    engine = choice.choose(observation, options)
    return (engine,) if engine else tuple(ENGINES.values())


def _searches(observation: Observation, options: EnvironmentOptions) -> tuple[Listing, ...]:
    """Return what shows every release in the namespace before it goes.

    One of ours may be neither recorded nor cached: if the answer to its creation was lost, and its name was changed at
    once.
    """
    return tuple(
        Listing(engine.releases, observation.environment.namespace_name, metadata_only=True)
        for engine in _candidates(observation, options)
    )


def _next_questions(observation: Observation, options: EnvironmentOptions) -> tuple[Question, ...]:
    """Return what the uninstall will ask if the namespace is still ours, so that one round answers everything.

    An uninstall that has not begun may have to set up rights first, so nothing that needs these is asked yet.
    """
    cached = observation.cached_namespace
    if cached is None or not ownership.is_labelled(observation, cached) or _is_ending(observation, cached):
        return ()
    targets = tuple(dict.fromkeys(_releases(observation, options, ours=True)))
    if not uninstall.has_begun(observation):
        return targets
    asked = uninstall.questions(observation, targets)
    if releases.cached(observation):
        # While a release is known, there is no need to look for others.
        return asked
    searches = _searches(observation, options)
    listed = {search.resource for search in searches}
    # Whether a release is there is asked before what is left of it, because an installation may just begin.
    return (*searches, *(each for each in asked if not isinstance(each, Target) or each.resource not in listed))


def _is_ending(observation: Observation, namespace: Object) -> bool:
    """Return whether nothing is left to do but to wait for the end of the namespace, and of everything in it."""
    if not objects.is_deleting(namespace) or releases.cached(observation):
        return False
    return ownership.is_labelled(observation, namespace) and not ownership.is_adopted(namespace)


def _await_namespace(observation: Observation, namespace: Object, options: EnvironmentOptions) -> Wait:
    hold = stuck_deletions.of_namespace(namespace)
    is_late = observation.age(TIMER) >= options.teardown_timeout
    words = [
        f"Deleting namespace {objects.name(namespace)}.",
        hold.words,
        stuck_deletions.of_objects(observation.cached),
    ]
    if is_late and not hold.words:
        words.append("Its status does not say what remains in it. Check that kube-controller-manager runs.")
    blocked = hold.blocked or is_late
    timer = TIMER
    if hold.finalizers and not blocked:
        # Most controllers that put a finalizer on every namespace remove it within a second.
        timer = _HELD
        blocked = observation.age(_HELD) >= stuck_deletions.PATIENCE or _is_blocked_already(observation)
    message = " ".join(word for word in words if word)
    return _wait(observation, options, BLOCKED if blocked else DELETING, message, timer=timer)


def _is_blocked_already(observation: Observation) -> bool:
    return conditions.find(observation.environment.conditions, BLOCKED) is not None


def _release_adopted(observation: Observation, namespace: Object) -> Effect:
    ours = (
        UID_ANNOTATION,
        APPLIED_LABELS_ANNOTATION,
        APPLIED_RESOURCES_ANNOTATION,
        ADOPTED_ANNOTATION,
        INSTALLATION_ANNOTATION,
    )
    annotations = dict.fromkeys(ours)
    metadata = {
        "labels": namespace_labels.changes(namespace, {}) | {ENVIRONMENT_LABEL: None},
        "annotations": annotations,
        "resourceVersion": objects.resource_version(namespace),
    }
    return Patch(observation.namespace_target, {"metadata": metadata})


def _wait(
    observation: Observation,
    options: EnvironmentOptions,
    reason: str,
    message: str,
    *effects: Effect,
    timer: str = TIMER,
) -> Wait:
    # The informer of all namespaces shows when it is gone. This pause is for the case that it does not.
    is_watched = reason in (DELETING, BLOCKED)
    least = _PATIENCE if (reason, timer) == (DELETING, TIMER) else 1.0
    pause = min(max(observation.age(timer), least), options.recheck_interval * (_WATCHED if is_watched else 1))
    return Wait(
        reason=reason,
        message=message,
        effects=effects,
        recheck_after=pause,
        timer=timer,
        held=reason in (BLOCKED, FORBIDDEN),
        shown_as=CurrentPhase.DELETING if reason in (DELETING, BLOCKED) else "",
    )
