"""Uninstalling releases, and knowing that it is over: the part that teardown and a changed release name share.

The Helm Operator keeps no finalizer on its HelmReleases. The object vanishes at once, and the uninstall runs after it.
It is over when Helm's storage Secrets of the release are gone; only their metadata is ever read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from controller.api.environment import UID_ANNOTATION
from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import SECRETS
from controller.environment.decision import Wait
from controller.environment.effects import Delete, Effect, Listing, Read, WakeOnChange
from controller.environment.observation import REFUSED, UNASKED, Observation
from controller.environment.options import EnvironmentOptions

TIMER = "uninstall"
# Runs while the deletion itself is refused; what comes after it has a time of its own.
ASKING = "uninstall:asking"
REASON = "UninstallingRelease"


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing of the releases is left, or, where `given_up` says so, nobody removed it in time."""

    given_up: str = ""


def decide(observation: Observation, names: Iterable[str], options: EnvironmentOptions) -> Wait | Done:
    """The next step towards having no release of these names. Every answer that it rests on is a live one."""
    targets = {name: observation.release_target(name) for name in sorted(set(names))}
    if reads := [Read(target) for target in targets.values() if observation.answer(target) is UNASKED]:
        return _wait(observation, "Looking for the release.", options, *reads)
    live = {name: observation.answer(target) for name, target in targets.items()}
    leaving = observation.namespace is None or objects.is_deleting(observation.namespace)
    if not leaving and (refused := [name for name, answer in live.items() if answer is REFUSED]):
        return _wait_or_give_up(observation, f"the right to read HelmRelease {', '.join(refused)}", options)
    present = {name: answer for name, answer in live.items() if isinstance(answer, Mapping)}
    if ours := {name: release for name, release in present.items() if is_ours(observation, release)}:
        deletes = [
            Delete(targets[name], objects.uid(release))
            for name, release in ours.items()
            if not objects.is_deleting(release)
        ]
        if deletes:
            return _ask(observation, ", ".join(ours), deletes, options)
        if not leaving:
            return _wait_or_give_up(observation, f"HelmRelease {', '.join(ours)} to go", options)
    if leaving:
        # The namespace takes everything with it, and there even our own rights may be gone: nothing can be known.
        return Done()
    return _decide_storage(observation, [name for name in targets if name not in present], options)


def outdated(observation: Observation) -> frozenset[str]:
    """The releases that were made under other names than the one wanted now."""
    environment = observation.environment
    return frozenset({*observation.cached_releases, environment.recorded_release} - {"", environment.release_name})


def is_ours(observation: Observation, release: Object) -> bool:
    """Whether we made this HelmRelease. Where its labels were stripped, its annotation still tells.

    Where that is gone too, the name in our status tells, but only within a namespace of ours: in another one a release
    of that name may be anybody's.
    """
    if observation.is_ours(release) or UID_ANNOTATION in objects.annotations(release):
        return True
    namespace = observation.namespace
    within_ours = namespace is not None and observation.is_ours(namespace)
    return within_ours and objects.name(release) == observation.environment.recorded_release


def _decide_storage(observation: Observation, names: Iterable[str], options: EnvironmentOptions) -> Wait | Done:
    listings = {name: storage(observation, name) for name in names}
    if reads := [Read(listing) for listing in listings.values() if observation.answer(listing) is UNASKED]:
        return _wait(observation, "Looking for the release's storage.", options, *reads)
    remaining = {name: listing for name, listing in listings.items() if observation.answer(listing)}
    if not observation.is_ours(observation.namespace or {}):
        # Rights in a stranger's namespace are not going to come: what is refused there will never be known.
        remaining = {name: listing for name, listing in remaining.items() if observation.answer(listing) is not REFUSED}
    if not remaining:
        return Done()
    refused = [name for name, listing in remaining.items() if observation.answer(listing) is REFUSED]
    what = (
        f"the uninstall of {', '.join(remaining)} to finish"
        if not refused
        else f"the right to read the Helm storage Secrets of {', '.join(refused)}"
    )
    watches = (WakeOnChange(listing) for name, listing in remaining.items() if name not in refused)
    return _wait_or_give_up(observation, what, options, *watches)


def storage(observation: Observation, release_name: str) -> Listing:
    """Where Helm keeps the revisions of a release."""
    return Listing(
        SECRETS,
        observation.environment.namespace_name,
        label_selector=f"owner=helm,name={release_name}",
        metadata_only=True,
    )


def _ask(observation: Observation, names: str, deletes: Iterable[Effect], options: EnvironmentOptions) -> Wait | Done:
    if observation.age(ASKING) >= options.teardown_timeout:
        return Done(given_up=f"Waited {options.teardown_timeout:g}s for HelmRelease {names} to be deleted, in vain.")
    return _wait(observation, f"Uninstalling the release {names}.", options, *deletes, timer=ASKING)


def _wait_or_give_up(observation: Observation, what: str, options: EnvironmentOptions, *effects: Effect) -> Wait | Done:
    if observation.age(TIMER) >= options.teardown_timeout:
        return Done(given_up=f"Waited {options.teardown_timeout:g}s for {what}, in vain.")
    return _wait(observation, f"Waiting for {what}.", options, *effects)


def _wait(
    observation: Observation, message: str, options: EnvironmentOptions, *effects: Effect, timer: str = TIMER
) -> Wait:
    # As long again as it has taken so far: 1, 2, 4 seconds, and so on up to the longest pause.
    pause = min(max(observation.age(timer), 1.0), options.recheck_interval)
    return Wait(REASON, message, recheck_after=pause, effects=effects, timer=timer)
