"""Why an object that is being deleted still exists, and who has to act.

Most deletions finish after a moment, so a finalizer is reported only after some patience. What was reported before a
restart remains reported, because the status records it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from controller.apimachinery import conditions, objects
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import Resource
from controller.environment import engines
from controller.environment.decision import Wait
from controller.environment.effects import Target
from controller.environment.observation import Observation

# Seconds that the owner of a finalizer may take to remove it. Most take less than one.
PATIENCE: Final = 5.0
# The same for a release, whose finalizer is removed only after a whole uninstall.
RELEASE_PATIENCE: Final = 60.0
# The conditions of a namespace that mean that a person has to help. Mere remaining content disappears by itself.
_BLOCKING: Final = (
    "NamespaceDeletionDiscoveryFailure",
    "NamespaceDeletionGroupVersionParsingFailure",
    "NamespaceDeletionContentFailure",
    "NamespaceFinalizersRemaining",
)
_REMAINING: Final = ("NamespaceContentRemaining", *_BLOCKING)
# The finalizer of the namespace controller, which removes it when the content is gone.
_OF_KUBERNETES: Final = "kubernetes"


@dataclass(frozen=True, slots=True)
class Hold:
    """Why a namespace still exists.

    Attributes:
        words: sentences for people, or "".
        blocked: whether the namespace's own conditions say that a person has to help.
        finalizers: whether only finalizers of the namespace itself remain.
    """

    words: str = ""
    blocked: bool = False
    finalizers: bool = False


def of_namespace(namespace: Object) -> Hold:
    """Return why a namespace that is being deleted still exists."""
    found = objects.mapping(namespace.get("status")).get("conditions")
    true = {type_: condition for type_ in _REMAINING if (condition := _if_true(found, type_))}
    words = sorted(_sentence(str(condition.get("message") or type_)) for type_, condition in true.items())
    in_spec = [str(name) for name in objects.mapping(namespace.get("spec")).get("finalizers") or ()]
    own = [*objects.finalizers(namespace), *(name for name in in_spec if name != _OF_KUBERNETES)]
    only_finalizers = bool(own) and _OF_KUBERNETES not in in_spec
    if only_finalizers:
        words.append(f"Its content is gone, but the namespace itself has finalizers: {', '.join(sorted(own))}.")
    return Hold(" ".join(words), any(type_ in true for type_ in _BLOCKING), only_finalizers)


def _sentence(text: str) -> str:
    """Return the text with a full stop. Kubernetes ends most of these messages without one."""
    return text if text.endswith(".") else f"{text}."


def of_objects(held: Mapping[Target, Object]) -> str:
    """Return sentences about those objects that are being deleted and have finalizers, or ""."""
    return " ".join(
        f"{target.resource.kind} {target.name} is held by {finalizers(obj, target.resource)}."
        for target, obj in sorted(held.items(), key=lambda pair: str(pair[0]))
        if objects.is_deleting(obj) and objects.finalizers(obj)
    )


def finalizers(obj: Object, resource: Resource | None = None) -> str:
    """Return the finalizers of an object, each with the controller that removes it, as far as that is known."""
    engine = engines.find(resource) if resource else None
    known = engine.finalizers.get(resource, {}) if engine and resource else {}
    return ", ".join(f"{name} ({known[name]})" if name in known else name for name in sorted(objects.finalizers(obj)))


def wait(
    observation: Observation,
    reason: str,
    message: str,
    *,
    part: str,
    patience: float,
    recheck_after: float | None = None,
) -> Wait:
    """Wait for a deletion that finalizers delay. After `patience` seconds the condition `part` becomes False."""
    timer = f"held:{reason}"
    known = conditions.find(observation.environment.conditions, part) or {}
    shown = (known.get("status"), known.get("reason")) == (conditions.FALSE, reason)
    left = 0.0 if shown else max(0.0, patience - observation.age(timer))
    pauses = [pause for pause in (left, recheck_after) if pause]
    return Wait(reason=reason, message=message, recheck_after=min(pauses, default=None), timer=timer, held=not left)


def _if_true(found: Iterable[Mapping[str, Any]] | None, type_: str) -> Mapping[str, Any] | None:
    condition = conditions.find(found, type_)
    return condition if condition and condition.get("status") == conditions.TRUE else None
