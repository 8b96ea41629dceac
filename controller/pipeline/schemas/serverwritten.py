"""Rejects fields that only a server sets, because they do harm in a file that is applied to a cluster.

An export (`kubectl get -o yaml`) contains them. An API server rejects an object with managedFields, or whose
resourceVersion or UID differs from its own. Another generation counts as drift. Argo CD never finishes such a sync.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from controller.api.environment import FINALIZER
from controller.apimachinery.findings import Finding, Path
from controller.pipeline.errors import Problem
from controller.pipeline.yamlfiles import Document

_SERVER: Final = "the API server sets it"
_DELETION: Final = "the API server sets it on an object that is being deleted"
_CONTROLLER: Final = "the controller sets it"
_METADATA: Final[Mapping[str, str]] = {
    "managedFields": _SERVER,
    "resourceVersion": f"{_SERVER}, and rejects a file with an older one",
    "uid": f"{_SERVER}, and rejects a file with another one",
    "creationTimestamp": _SERVER,
    "generation": _SERVER,
    "selfLink": _SERVER,
    "deletionTimestamp": _DELETION,
    "deletionGracePeriodSeconds": _DELETION,
    "finalizers": f"{_CONTROLLER} ({FINALIZER}), and cannot remove it if a file sets it again",
    "ownerReferences": "it holds the UID of another object, which exists only in one cluster",
}
_STATUS: Final = ("status",)
_ANNOTATIONS: Final[Mapping[str, str]] = {
    "kubectl.kubernetes.io/last-applied-configuration": "kubectl sets it",
    "argocd.argoproj.io/tracking-id": "Argo CD sets it",
}


def problems(document: Document) -> list[Problem]:
    """Return a problem for each field in the file that only a server sets.

    A status without any other such field is accepted: an API server ignores it, and examples may show one.
    """
    found = [_problem(document, path, why) for path, why in _fields() if _is_given(document.value, path)]
    if found and _is_given(document.value, _STATUS):
        found.append(_problem(document, _STATUS, _CONTROLLER))
    return found


def _problem(document: Document, path: Path, why: str) -> Problem:
    finding = Finding(path=path, message=f"this field must not be in a file: {why}", remedy="remove it")
    return document.problem(finding, at_key=True)


def _fields() -> Iterator[tuple[Path, str]]:
    for name, why in _METADATA.items():
        yield ("metadata", name), why
    for name, why in _ANNOTATIONS.items():
        yield ("metadata", "annotations", name), why


def _is_given(value: Any, path: Path) -> bool:
    """Return whether the field has content. Some serializers write `creationTimestamp: null` and `status: {}`."""
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value not in (None, {}, [])
