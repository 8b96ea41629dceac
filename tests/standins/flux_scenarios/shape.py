"""The part of an object's state that does not differ from run to run. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controller.apimachinery import objects
from controller.apimachinery.objects import Object

NAMESPACE = "environment"
URL = "https://git.example.com/application"

# Of `status.history`, in this order. Digests only have to be there.
_SNAPSHOT = ("version", "status", "action", "name", "namespace", "chartName", "chartVersion", "appVersion")
_DIGESTS = ("digest", "configDigest")
_CONDITION = ("type", "status", "reason", "message", "observedGeneration")
# Fields of a status that are copied. Times, durations, sizes and addresses are not.
_COPIED = (
    "observedGeneration",
    "helmChart",
    "storageNamespace",
    "lastAttemptedGeneration",
    "lastAttemptedReleaseAction",
    "lastAttemptedRevision",
    "failures",
    "installFailures",
    "upgradeFailures",
)
_SHORT = 12


@dataclass(frozen=True, slots=True)
class Names:
    """What differs from run to run: the namespace, the repository's URL, and its commits, oldest first."""

    namespace: str
    url: str
    commits: Sequence[str]

    def plain(self, text: str) -> str:
        """Return a text with names that are the same in every run. The first commit is `111...`."""
        text = text.replace(self.url, URL).replace(self.namespace, NAMESPACE)
        for number, commit in enumerate(self.commits, start=1):
            digit = str(number)
            text = text.replace(commit, digit * len(commit)).replace(commit[:_SHORT], digit * _SHORT)
        text = re.sub(r"(/tmp/helmchart-[a-z0-9.-]+-)\d+/", r"\g<1>0/", text)
        return re.sub(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z| \+0000 UTC)", "TIME", text)


def shape(obj: Object, names: Names) -> dict[str, Any]:
    """Return the state of a HelmRelease or GitRepository, as an object that has only what counts."""
    status = objects.mapping(obj.get("status"))
    found: dict[str, Any] = {field: status[field] for field in _COPIED if field in status}
    if "lastAttemptedConfigDigest" in status:
        found["lastAttemptedConfigDigest"] = "a digest"
    if artifact := objects.mapping(status.get("artifact")):
        found["artifact"] = {"revision": artifact.get("revision")}
    if history := objects.mappings(status.get("history")):
        found["history"] = [_snapshot(each) for each in history]
    conditions = objects.mappings(status.get("conditions"))
    found["conditions"] = [_picked(condition, _CONDITION) for condition in conditions]
    metadata: dict[str, Any] = {"generation": objects.generation(obj)}
    if objects.is_deleting(obj):
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    spec = {"suspend": True} if objects.mapping(obj.get("spec")).get("suspend") is True else {}
    plain: dict[str, Any] = _plain({"metadata": metadata, "spec": spec, "status": found}, names)
    return plain


def _snapshot(each: Mapping[str, Any]) -> dict[str, Any]:
    return _picked(each, _SNAPSHOT) | {field: "a digest" for field in _DIGESTS if field in each}


def _picked(each: Mapping[str, Any], fields: Sequence[str]) -> dict[str, Any]:
    return {field: each[field] for field in fields if field in each}


def _plain(value: Any, names: Names) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(each, names) for key, each in value.items()}
    if isinstance(value, list):
        return [_plain(each, names) for each in value]
    return names.plain(value) if isinstance(value, str) else value
