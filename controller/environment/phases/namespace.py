"""Creates the environment's namespace, adopts it if its owner agrees, or refuses it; and keeps its labels right."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from controller.api.environment import (
    ADOPT_ANNOTATION,
    ADOPTED_ANNOTATION,
    APPLIED_LABELS_ANNOTATION,
    INSTALLATION_ANNOTATION,
    UID_ANNOTATION,
    Environment,
)
from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import NAMESPACES
from controller.environment import namespace_labels, ownership, stuck_deletions
from controller.environment.decision import Continue, Decision, Stop, Wait
from controller.environment.effects import Create, Emit, EventType, Patch, Read
from controller.environment.observation import UNASKED, Observation
from controller.environment.options import EnvironmentOptions
from controller.environment.plan import Ready

CREATING = "CreatingNamespace"
TERMINATING = "NamespaceTerminating"
_LOOKING = "Looking for the environment."


def decide(observation: Observation, options: EnvironmentOptions) -> Decision:
    """Create, adopt, refuse, wait for, or correct the namespace."""
    environment, namespace = observation.environment, observation.namespace
    if namespace is None:
        if unconfirmed := _confirm(observation):
            return unconfirmed
        labels = namespace_labels.wanted(environment, options.namespace_labels, adopted=False)
        return _create(observation, labels, options)
    if objects.is_deleting(namespace):
        return _await_end(observation, namespace)
    ours = ownership.is_labelled(observation, namespace)
    if ours or objects.annotations(namespace).get(ADOPT_ANNOTATION) == environment.name:
        adopted = not ours or ownership.is_adopted(namespace)
        labels = namespace_labels.wanted(environment, options.namespace_labels, adopted=adopted)
        return _correct(observation, namespace, labels, options, adopted=adopted)
    return Stop(
        reason="NamespaceNotOwned",
        message=f"metadata.name: {environment.name!r}: a namespace of this name already exists, and the controller did "
        "not create it; give the environment another name, or annotate the namespace with "
        f"{ADOPT_ANNOTATION}={environment.name} to let the environment use it",
    )


def _confirm(observation: Observation) -> Wait | None:
    """Return None if the environment surely exists; otherwise the wait for a live read of it, or for its end.

    A process that has just become the leader may have an older view of it, with a finalizer that is gone too. Then
    nothing would ever remove the namespace. Right after the finalizer was added, there is no doubt. Without the right
    to read environments, the namespace is created all the same.
    """
    live = observation.live(observation.environment_target)
    if not observation.environment.has_finalizer or not (live is UNASKED or live is None):
        return None
    if live is UNASKED:
        return Wait(reason=CREATING, message=_LOOKING, effects=(Read(observation.environment_target),))
    return Wait(reason=CREATING, message=_LOOKING, keeps_status=True)


def ready(observation: Observation) -> Ready:
    """Return what NamespaceReady says while it is True."""
    return Ready("Active", f"Namespace {observation.environment.namespace_name} is ready.")


def _await_end(observation: Observation, namespace: Object) -> Wait:
    hold = stuck_deletions.of_namespace(namespace)
    words = (
        f"The earlier namespace {objects.name(namespace)} is still terminating.",
        hold.words,
        stuck_deletions.of_objects(observation.cached),
    )
    message = " ".join(word for word in words if word)
    if not (hold.blocked or hold.finalizers):
        return Wait(reason=TERMINATING, message=message)
    return stuck_deletions.wait(
        observation, TERMINATING, message, part="NamespaceReady", patience=stuck_deletions.PATIENCE
    )


def _annotations(environment: Environment, labels: Mapping[str, str], options: EnvironmentOptions) -> dict[str, str]:
    own = objects.annotations(environment.obj) if options.namespace_annotations else {}
    # Only what the operator names is taken over from the environment: other programs obey a namespace's annotations.
    allowed = {name: str(own.get(name) or value) for name, value in options.namespace_annotations.items()}
    return {
        **allowed,
        UID_ANNOTATION: environment.uid,
        INSTALLATION_ANNOTATION: options.own_namespace,
        APPLIED_LABELS_ANNOTATION: namespace_labels.memory_of(labels),
    }


def _create(observation: Observation, labels: Mapping[str, str], options: EnvironmentOptions) -> Continue:
    environment = observation.environment
    body = {
        "apiVersion": NAMESPACES.api_version,
        "kind": NAMESPACES.kind,
        "metadata": {
            "name": environment.namespace_name,
            "labels": dict(labels),
            "annotations": _annotations(environment, labels, options),
        },
    }
    # The Event about the release names the namespace too.
    return Continue(effects=(Create(observation.namespace_target, body),))


def _correct(
    observation: Observation,
    namespace: Object,
    labels: Mapping[str, str],
    options: EnvironmentOptions,
    *,
    adopted: bool,
) -> Continue:
    wanted = _annotations(observation.environment, labels, options) | ({ADOPTED_ANNOTATION: "true"} if adopted else {})
    actual = objects.annotations(namespace)
    metadata: dict[str, Any] = {}
    if changed_labels := namespace_labels.changes(namespace, labels):
        metadata["labels"] = changed_labels
    if changed := {name: value for name, value in wanted.items() if actual.get(name) != value}:
        metadata["annotations"] = changed
    if not metadata:
        return Continue()
    # The labels to remove were computed from this version, so the patch must not apply to a newer one.
    metadata["resourceVersion"] = objects.resource_version(namespace)
    patch = Patch(observation.namespace_target, {"metadata": metadata}, wanted=[dict(labels), wanted])
    if ownership.is_labelled(observation, namespace):
        return Continue(effects=(patch,))
    event = Emit(
        EventType.NORMAL, "NamespaceAdopted", "Adopt", f"Adopted namespace {observation.environment.namespace_name}."
    )
    return Continue(effects=(patch, event))
