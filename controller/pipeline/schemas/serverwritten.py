"""Fields that only a server writes into an object. In a file that is applied they do harm, so they are refused there.

An export (`kubectl get -o yaml`) has them. An API server refuses an object with another version or UID than its own,
and Argo CD applies nothing of a folder in which one object is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from controller.api.environment import FINALIZER
from controller.pipeline.errors import Problem
from controller.pipeline.yamlfiles import Document
from controller.pipeline.yamlfiles.document import Path

_SERVER: Final = "the API server writes it"
_DELETION: Final = "it says that the object is being deleted"
_CONTROLLER: Final = "the controller writes it"
_METADATA: Final[Mapping[str, str]] = {
    "managedFields": _SERVER,
    "resourceVersion": f"{_SERVER}, and refuses a file with an older one",
    "uid": f"{_SERVER}, and refuses a file with another one",
    "creationTimestamp": _SERVER,
    "generation": _SERVER,
    "selfLink": _SERVER,
    "deletionTimestamp": _DELETION,
    "deletionGracePeriodSeconds": _DELETION,
    "finalizers": f"{_CONTROLLER} ({FINALIZER}), and could not take it away",
    "ownerReferences": "it names the UID of another object, which only that cluster knows",
}
_STATUS: Final = ("status",)
_ANNOTATIONS: Final[Mapping[str, str]] = {
    "kubectl.kubernetes.io/last-applied-configuration": "kubectl writes it",
    "argocd.argoproj.io/tracking-id": "Argo CD writes it",
}


def problems(document: Document) -> list[Problem]:
    """Each field of an object's file that a server has written, with its place.

    A status by itself does no harm: an API server leaves it out, and people write it to show what an object looks like.
    """
    found = [
        document.problem(path, f"must not be in a file: {why}; remove it", at_key=True)
        for path, why in _fields()
        if _is_given(document.value, path)
    ]
    if found and _is_given(document.value, _STATUS):
        found.append(document.problem(_STATUS, f"must not be in a file: {_CONTROLLER}; remove it", at_key=True))
    return found


def _fields() -> Iterator[tuple[Path, str]]:
    for name, why in _METADATA.items():
        yield ("metadata", name), why
    for name, why in _ANNOTATIONS.items():
        yield ("metadata", "annotations", name), why


def _is_given(value: Any, path: Path) -> bool:
    """Whether the field has content: some serializers write `creationTimestamp: null` and `status: {}`."""
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value not in (None, {}, [])
