"""Compares the wanted objects of an Application with the live ones: one row for each object. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import Resource

SYNCED, OUT_OF_SYNC, UNKNOWN = "Synced", "OutOfSync", "Unknown"
HEALTHY, SUSPENDED, PROGRESSING, MISSING, DEGRADED = "Healthy", "Suspended", "Progressing", "Missing", "Degraded"
# From the best to the worst; an Application is as healthy as its worst object.
ORDER = (HEALTHY, SUSPENDED, PROGRESSING, MISSING, DEGRADED, UNKNOWN)
# What the server writes by itself.
_SERVER_OWN = ("managedFields", "resourceVersion", "generation", "uid", "creationTimestamp", "selfLink")

# Group, kind, namespace and name of an object.
Key = tuple[str, str, str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One object.

    Attributes:
        resource: None: the cluster knows no such kind.
        target, live: as the repository and as the cluster have it.
        outcome: what applying `target` would make of it, as far as the server was asked.
        refusal: why its kind cannot be synced, or "".
        health: (status, message), or None for a kind without a health check.
    """

    resource: Resource | None
    target: Object | None = None
    live: Object | None = None
    outcome: Object | None = None
    refusal: str = ""
    health: tuple[str, str] | None = None

    @property
    def obj(self) -> Object:
        found = self.target or self.live
        assert found is not None, "a row is about something"
        return found

    @property
    def key(self) -> Key:
        return identity(self.obj)

    @property
    def name(self) -> str:
        """Return the object's name in messages: `group/Kind/name`."""
        return f"{self.obj['apiVersion'].rpartition('/')[0]}/{self.obj['kind']}/{objects.name(self.obj)}"

    @property
    def requires_pruning(self) -> bool:
        return self.target is None

    @property
    def is_synced(self) -> bool:
        if self.target is None or self.live is None or self.outcome is None:
            return False
        return _essence(self.outcome) == _essence(self.live)


def sync_status(rows: Iterable[Row]) -> str:
    """Return the sync status of the whole Application."""
    return SYNCED if all(row.is_synced for row in rows) else OUT_OF_SYNC


def health_status(rows: Sequence[Row]) -> str:
    """Return the health of the whole Application: of its worst object, or Missing if not one of them is there."""
    there = [row for row in rows if row.live is not None]
    if rows and not there:
        return MISSING
    return max((row.health[0] for row in there if row.health is not None), key=ORDER.index, default=HEALTHY)


def described(row: Row) -> Mapping[str, Any]:
    """Return the row as an entry of `status.resources`, which does not contain the health of the object."""
    group, _, version = str(row.obj["apiVersion"]).rpartition("/")
    entry: dict[str, Any] = {"group": group, "version": version, "kind": row.obj["kind"]}
    if namespace := objects.namespace(row.obj):
        entry["namespace"] = namespace
    entry |= {"name": objects.name(row.obj), "status": SYNCED if row.is_synced else OUT_OF_SYNC}
    return entry | ({"requiresPruning": True} if row.requires_pruning else {})


def identity(obj: Object) -> Key:
    """Return what identifies an object in any version of its kind."""
    group = str(obj["apiVersion"]).rpartition("/")[0]
    return group, str(obj["kind"]), objects.namespace(obj), objects.name(obj)


def _essence(obj: Object) -> Mapping[str, Any]:
    metadata = {name: value for name, value in obj["metadata"].items() if name not in _SERVER_OWN}
    return {**{name: value for name, value in obj.items() if name != "status"}, "metadata": metadata}
