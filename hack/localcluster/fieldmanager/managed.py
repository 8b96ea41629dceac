"""`metadata.managedFields`: reading, writing, ordering, and merging old entries.

Source of the rules: k8s.io/apimachinery, package util/managedfields/internal.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from .fieldset import EMPTY, FieldSet, decode, encode, without_subtrees

Operation = Literal["Apply", "Update"]

MAX_UPDATE_ENTRIES = 10
ANCIENT_CHANGES = "ancient-changes"

_NEVER_OWNED: FieldSet = frozenset(
    (
        ("f:apiVersion",),
        ("f:kind",),
        ("f:metadata",),
        *(
            ("f:metadata", f"f:{name}")
            for name in (
                "name",
                "namespace",
                "creationTimestamp",
                "selfLink",
                "uid",
                "clusterName",
                "generation",
                "managedFields",
                "resourceVersion",
            )
        ),
    )
)


class Manager(NamedTuple):
    """A manager of fields. An applier is the same manager in every version, so its version is ""."""

    name: str
    operation: Operation
    api_version: str
    subresource: str

    @classmethod
    def of(cls, *, name: str, operation: Operation, api_version: str, subresource: str) -> Manager:
        """The identity of a request's manager; a nameless one is `unknown`."""
        version = "" if operation == "Apply" else api_version
        return cls(name or "unknown", operation, version, subresource)


@dataclass(frozen=True, slots=True)
class Ownership:
    """The fields that a manager owns.

    Attributes:
        fields: the set of fields.
        api_version: the version in which the paths are written.
        time: RFC 3339 text of the last change, or "".
    """

    fields: FieldSet
    api_version: str
    time: str


Managers = dict[Manager, Ownership]


def now_text(now: dt.datetime) -> str:
    """A moment as Kubernetes writes it: UTC, whole seconds."""
    return now.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def read(entries: Sequence[Mapping[str, Any]] | None) -> Managers:
    """The managers of an object. Raises ValueError for entries that the server would not accept."""
    managers: Managers = {}
    for index, entry in enumerate(entries or ()):
        operation = entry.get("operation")
        if operation not in ("Apply", "Update"):
            raise ValueError("operation must be `Apply` or `Update`")
        version = entry.get("apiVersion") or ""
        if not version:
            raise ValueError("apiVersion must not be empty")
        if entry.get("fieldsType") != "FieldsV1":
            kind = entry.get("fieldsType")
            raise ValueError(
                f'invalid fieldsType "{kind}" in managed fields entry {index}'
                if kind
                else f"missing fieldsType in managed fields entry {index}"
            )
        manager = Manager(
            entry.get("manager") or "",
            operation,
            "" if operation == "Apply" else version,
            entry.get("subresource") or "",
        )
        managers[manager] = Ownership(
            fields=decode(entry.get("fieldsV1") or {}), api_version=version, time=entry.get("time") or ""
        )
    return managers


def write(managers: Managers) -> list[dict[str, Any]]:
    """The entries: appliers first, then by time, name, version and subresource."""
    ordered = sorted(
        managers.items(),
        key=lambda item: (item[0].operation, item[1].time, item[0].name, item[1].api_version, item[0].subresource),
    )
    return [_entry(manager, owned) for manager, owned in ordered]


def _entry(manager: Manager, owned: Ownership) -> dict[str, Any]:
    entry: dict[str, Any] = {}
    if manager.name:
        entry["manager"] = manager.name
    entry["operation"] = manager.operation
    entry["apiVersion"] = owned.api_version
    if owned.time:
        entry["time"] = owned.time
    entry["fieldsType"] = "FieldsV1"
    entry["fieldsV1"] = encode(owned.fields)
    if manager.subresource:
        entry["subresource"] = manager.subresource
    return entry


def strip_unowned(fields: FieldSet) -> FieldSet:
    """Remove the identity fields and the bookkeeping, which no manager can own."""
    return fields - _NEVER_OWNED


def cap_updaters(managers: Managers) -> Managers:
    """Keep at most `MAX_UPDATE_ENTRIES` update entries; merge the oldest of a version into `ancient-changes`."""
    updaters = [manager for manager in managers if manager.operation == "Update"]
    surplus = len(updaters) - MAX_UPDATE_ENTRIES
    if surplus <= 0:
        return managers
    result = dict(managers)
    first_of: dict[str, Manager] = {}
    for manager in sorted(updaters, key=lambda m: (managers[m].time, m)):
        if surplus <= 0:
            break
        owned = managers[manager]
        bucket = Manager(ANCIENT_CHANGES, "Update", owned.api_version, "")
        first = first_of.setdefault(owned.api_version, manager)
        if first is manager:
            continue
        if bucket not in result:
            result[bucket] = result.pop(first)
        merged = result[bucket].fields | owned.fields
        if manager != bucket:
            del result[manager]
        result[bucket] = Ownership(fields=merged, api_version=owned.api_version, time=owned.time)
        surplus -= 1
    return result


def ignore(fields: FieldSet, reset_fields: FieldSet) -> FieldSet:
    """Remove the fields that the endpoint discards (the status on the main resource, the spec on /status)."""
    return without_subtrees(fields, reset_fields)


def drop_empty(managers: Managers) -> Managers:
    """Remove managers that no longer own a field."""
    return {manager: owned for manager, owned in managers.items() if owned.fields != EMPTY}


def without_managed_fields(obj: Mapping[str, Any]) -> dict[str, Any]:
    """The object without its managedFields."""
    result = dict(obj)
    metadata = result.get("metadata")
    if isinstance(metadata, dict) and "managedFields" in metadata:
        result["metadata"] = {k: v for k, v in metadata.items() if k != "managedFields"}
    return result


def with_managed_fields(obj: Mapping[str, Any], managers: Managers) -> dict[str, Any]:
    """The object with these managers' entries as its managedFields."""
    result = dict(obj)
    entries = write(managers)
    if entries:
        result["metadata"] = {**(result.get("metadata") or {}), "managedFields": entries}
    return result
