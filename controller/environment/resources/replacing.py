"""Objects of ours with a field that cannot be changed: which are replaced, and what users read about the others.

A deletion must not lose data. So only listed kinds are deleted and created again: those whose whole content is in the
manifest, or comes back by itself. The content of other kinds, such as the data of a claim, could be lost for good.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from controller.api.environment import FIELD_MANAGER
from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.environment import ownership
from controller.environment.decision import Stop
from controller.environment.effects import Delete, Effect, Emit, EventType, Replace, Target
from controller.environment.observation import Observation, Unchangeable
from controller.environment.options import EnvironmentOptions
from controller.environment.resources import kinds
from controller.environment.resources.item import Item

REASON: Final = "ImmutableField"
_RBAC: Final = "rbac.authorization.k8s.io"
_STATEFUL_SET: Final = ("apps", "StatefulSet")
# (group, kind). Pods come back from their templates, with their claims.
_REPLACEABLE: Final = frozenset(
    {
        ("", "Secret"),
        ("", "ConfigMap"),
        ("", "Service"),
        ("", "ResourceQuota"),
        ("apps", "Deployment"),
        ("apps", "DaemonSet"),
        ("apps", "ReplicaSet"),
        _STATEFUL_SET,
        ("batch", "Job"),
        ("discovery.k8s.io", "EndpointSlice"),
        (_RBAC, "RoleBinding"),
    }
)
_CONTENT: Final = ("data", "binaryData")


def obstacle(observation: Observation, items: Sequence[Item], options: EnvironmentOptions) -> Stop | None:
    """Return why a person has to delete an object that cannot be changed; None if every object can be applied."""
    for item in items:
        stuck = _stuck(observation, item)
        why = stuck and _why_not(observation, item, stuck)
        if stuck and why:
            message = (
                f"{item.source}: {', '.join(stuck.fields)} of {item.identity} cannot be changed, and {why}; delete it "
                f"yourself in namespace {observation.environment.namespace_name}, or give it another name here"
            )
            return Stop(reason=REASON, message=message, recheck_after=options.recheck_interval)
    return None


def replace(observation: Observation, item: Item, target: Target) -> tuple[Effect, ...]:
    """Return the effects that replace an object that cannot be changed; () for any other. Call `obstacle` first."""
    stuck = _stuck(observation, item)
    if stuck is None:
        return ()
    live = observation.live(target)
    assert isinstance(live, Mapping), "without the object that stands there, `obstacle` has stopped the plan"
    note = f"Deleted {item.identity} and created it again: {', '.join(stuck.fields)} cannot be changed in place."
    return (
        Replace(Delete.of(target, live), item.body),
        Emit(EventType.NORMAL, "ResourceReplaced", "Apply", note),
    )


def _stuck(observation: Observation, item: Item) -> Unchangeable | None:
    target = kinds.target(observation, item.identity)
    outcome = None if target is None else observation.outcome(target)
    return outcome if isinstance(outcome, Unchangeable) else None


def _why_not(observation: Observation, item: Item, stuck: Unchangeable) -> str:
    """Return why the object must not be replaced, or ""."""
    target = kinds.target(observation, item.identity)
    live = None if target is None else observation.live(target)
    if not isinstance(live, Mapping) or not ownership.was_applied(observation, live):
        return "it no longer has the controller's labels and annotations"
    if stuck.replaced:
        return "somebody creates it again each time it is deleted"
    kind = item.identity.key[:2]
    if kind not in _REPLACEABLE or (kind == _STATEFUL_SET and _takes_its_claims_along(live)):
        return "its data could be lost"
    if _has_content_of_others(live, item.body):
        return "others have added content to it"
    return ""


def _takes_its_claims_along(stateful_set: Object) -> bool:
    policy = objects.mapping(stateful_set.get("spec")).get("persistentVolumeClaimRetentionPolicy")
    return objects.mapping(policy).get("whenDeleted") == "Delete"


def _has_content_of_others(live: Object, body: Object) -> bool:
    """Return whether a Secret or ConfigMap has keys that are not wanted and that we never applied."""
    return any(
        set(live.get(field) or ()) - set(body.get(field) or ()) - _applied_by_us(live, field) for field in _CONTENT
    )


def _applied_by_us(live: Object, field: str) -> frozenset[str]:
    entries: Sequence[Mapping[str, Any]] = live["metadata"].get("managedFields") or ()
    return frozenset(
        key.removeprefix("f:")
        for entry in entries
        if entry.get("manager") == FIELD_MANAGER and entry.get("operation") == "Apply"
        for key in (entry.get("fieldsV1") or {}).get(f"f:{field}") or ()
    )
