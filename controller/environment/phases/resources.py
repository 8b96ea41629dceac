"""Applies what the environment has besides its release: shared objects, copied Secrets, pull secrets on its accounts.

None of these objects is watched, so each reconcile reads all of them. An environment without any costs nothing here. If
one of them cannot be applied, none is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from controller.api.environment import APPLIED_RESOURCES_ANNOTATION
from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.environment import ownership, rights, stuck_deletions
from controller.environment.decision import Continue, Decision, Stop, Wait
from controller.environment.effects import Apply, Effect, Patch, Read, Target
from controller.environment.engines import choice
from controller.environment.engines.engine import Engine
from controller.environment.observation import REFUSED, UNASKED, Observation, Unknown
from controller.environment.options import EnvironmentOptions
from controller.environment.plan import Ready
from controller.environment.resources import (
    kinds,
    likeness,
    lost_config,
    pruning,
    pull_secrets,
    references,
    replacing,
    wanted,
)
from controller.environment.resources.item import Item
from controller.environment.resources.memory import Memory, remembered
from controller.tronadorconfig.content import cluster_scoped, unknown_kind


def decide(observation: Observation, options: EnvironmentOptions) -> Decision:
    """Read, refuse what cannot be applied, and then apply what differs and remove what is no longer wanted."""
    engine = choice.choose(observation, options)
    if not wanted.is_concerned(observation, engine):
        return Continue()
    if lost := lost_config.decide(observation, options):
        return lost
    if questions := wanted.questions(observation, engine):
        return _look(*questions)
    if found := wanted.obstacle(observation, options, engine):
        return found
    if observation.namespace is None:
        # This plan creates it, and the next steps need the object with its UID.
        return _look(Read(observation.namespace_target))
    items = wanted.items(observation, engine)
    memory = remembered(observation.namespace)
    accounts = pull_secrets.accounts(options, engine)
    identities = sorted({*memory.objects, *(item.identity for item in items)})
    if questions := (
        *kinds.questions(observation, identities),
        *pull_secrets.questions(observation, memory, accounts),
    ):
        return _look(*questions)
    if found := _unknown(observation, items, options) or _refused(observation, items, memory, options, engine):
        return found
    if found := _taken(observation, items, options) or replacing.obstacle(observation, items, options):
        return found
    return _carry_out(observation, options, engine, items)


def ready(observation: Observation) -> Ready:
    """Return what ResourcesReady says while it is True."""
    message = "All shared resources are in place."
    if not observation.share.withheld:
        return Ready("Applied", message)
    names = ", ".join(map(repr, observation.share.withheld))
    return Ready(
        "Applied",
        f"{message} Not handed out: {names}. A Secret for git is handed out only over https or ssh, and only if the "
        "TronadorConfig maps the repository with its host, or its URL is below --credential-git-prefixes.",
    )


def _look(*reads: Effect) -> Wait:
    return Wait(reason="ApplyingResources", message="Checking the shared resources.", effects=reads)


def _unknown(observation: Observation, items: Sequence[Item], options: EnvironmentOptions) -> Stop | None:
    """Return why some kinds cannot be applied: the cluster does not serve them, or they are cluster-scoped."""
    found = [problem for item in items if (problem := _problem_of_kind(observation, item))]
    if not found:
        return None
    message = "; ".join(message for _, message in found)
    return Stop(reason=found[0][0], message=message, recheck_after=options.recheck_interval)


def _problem_of_kind(observation: Observation, item: Item) -> tuple[str, str] | None:
    identity = item.identity
    resource = kinds.resource(observation, identity)
    if resource is None:
        finding = unknown_kind(identity.kind, identity.api_version)
    elif resource.namespaced:
        return None
    else:
        finding = cluster_scoped(identity.kind)
    return finding.reason, f"{item.source}: {finding}"


def _refused(
    observation: Observation,
    items: Sequence[Item],
    memory: Memory,
    options: EnvironmentOptions,
    engine: Engine | None,
) -> Wait | Stop | None:
    """Return which objects the controller may not read, or a Wait if its rights are so new that this may change."""
    looked_at = [_target(observation, item) for item in items]
    looked_at += pull_secrets.targets(observation, memory, pull_secrets.accounts(options, engine))
    refused = [target for target in looked_at if observation.live(target) is REFUSED]
    if not refused:
        return None
    if rights.are_fresh(observation):
        return Wait(reason=rights.AWAITING, message=rights.AWAITING_MESSAGE, recheck_after=rights.PAUSE)
    message = "; ".join(dict.fromkeys(rights.missing("get", target) for target in refused))
    if held := rights.obstacle(observation):
        message = f"{message}. {held}"
    return Stop(reason="Forbidden", message=message, recheck_after=options.recheck_interval)


def _taken(observation: Observation, items: Sequence[Item], options: EnvironmentOptions) -> Wait | Stop | None:
    """Return why a name is not free: an object of others has it, or an object that is being deleted."""
    memory = remembered(observation.namespace)
    ours = {identity.key for identity in memory.objects}
    for item in items:
        live = observation.live(_target(observation, item))
        if live is None or isinstance(live, Unknown):
            continue
        lost_its_marks = item.identity.key in ours and ownership.has_our_fields(live)
        if not ownership.was_applied(observation, live) and not lost_its_marks:
            message = (
                f"{item.source}: {item.identity} already exists in the namespace, and the controller did not create "
                "it; remove it, or give this one another name"
            )
            return Stop(reason="ResourceNotOwned", message=message, recheck_after=options.recheck_interval)
        if objects.is_deleting(live):
            return _await_end(observation, item, live, options)
    return None


def _await_end(observation: Observation, item: Item, live: Object, options: EnvironmentOptions) -> Wait:
    message, again = f"{item.identity} is still terminating.", options.recheck_interval
    if not objects.finalizers(live):
        return Wait(reason="ResourceTerminating", message=message, recheck_after=again)
    return stuck_deletions.wait(
        observation,
        "ResourceTerminating",
        f"{message} It is held by {stuck_deletions.finalizers(live)}.",
        part="ResourcesReady",
        patience=stuck_deletions.PATIENCE,
        recheck_after=again,
    )


def _carry_out(
    observation: Observation, options: EnvironmentOptions, engine: Engine | None, items: Sequence[Item]
) -> Continue:
    memory = remembered(observation.namespace)
    keys = {item.identity.key for item in items}
    surplus = [identity for identity in memory.objects if identity.key not in keys]
    pruned, left = pruning.prune(observation, surplus)
    attachment = pull_secrets.attach(observation, memory, pull_secrets.accounts(options, engine))
    remaining = frozenset({*(item.identity for item in items), *left})
    origin = _origin(observation, memory, is_going=bool(left or attachment.added))
    after = Memory(remaining, attachment.added, origin)
    effects = (
        *_remember(observation, memory, after),
        *_applications(observation, items),
        *attachment.effects,
        *pruned,
    )
    # Originals in other namespaces, and objects that are being deleted, are not watched.
    unwatched = references.foreign(observation.environment, engine) or [
        identity for identity in left if kinds.target(observation, identity)
    ]
    return Continue(effects=effects, recheck_after=options.recheck_interval if unwatched else None)


def _origin(observation: Observation, memory: Memory, *, is_going: bool) -> str:
    if observation.share.is_empty:
        return memory.origin if is_going else ""
    return objects.uid(observation.own_namespace) if observation.own_namespace else memory.origin


def _remember(observation: Observation, before: Memory, after: Memory) -> Iterator[Patch]:
    if before.text == after.text:
        return
    assert observation.namespace is not None, "a namespace that is not there yet is waited for"
    metadata = {
        "annotations": {APPLIED_RESOURCES_ANNOTATION: after.text},
        "resourceVersion": objects.resource_version(observation.namespace),
    }
    yield Patch(observation.namespace_target, {"metadata": metadata})


def _applications(observation: Observation, items: Sequence[Item]) -> Iterator[Effect]:
    for item in items:
        target = _target(observation, item)
        yield from replacing.replace(observation, item, target)
        applied = observation.outcome(target) is not UNASKED
        if not applied and not likeness.holds(observation.live(target), item.body):
            yield Apply(target, item.body, item.source)


def _target(observation: Observation, item: Item) -> Target:
    target = kinds.target(observation, item.identity)
    assert target is not None, "an unknown kind is refused before"
    return target
