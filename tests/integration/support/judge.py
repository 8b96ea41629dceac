"""Asks the admission policies about every write of the controller, as a real API server would; it stops none.

The local cluster stores the policies and does not enforce them. What is written there must be what they let through.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hack.localcluster import LocalCluster
from hack.localcluster.audit import AuditEntry
from hack.localcluster.storage.changes import Change
from tests.manifests.admission import Write, denials

_NAMESPACES = ("", "namespaces")
_OPERATIONS = {"ADDED": "CREATE", "MODIFIED": "UPDATE", "DELETED": "DELETE"}


class Judge:
    """Listens to the store for what was written, and to the audit log for who wrote it.

    Attributes:
        refused: what a policy would have refused, and why.
        judged: how many writes some policy was asked about.
    """

    def __init__(self, local: LocalCluster) -> None:
        self.refused: list[str] = []
        self.judged = 0
        self._store = local._store
        # By place: the last change, with the namespace as it was just then.
        self._changes: dict[tuple[str, str, str], tuple[Change, Any]] = {}

    def saw(self, resource: tuple[str, str], change: Change) -> None:
        """Remember a change until its request is recorded."""
        namespace = change.obj["metadata"].get("namespace")
        found = self._store.get(_NAMESPACES, "", namespace) if namespace else None
        self._changes[(*resource, change.key)] = change, found

    def recorded(self, entry: AuditEntry) -> None:
        """Judge the write that a request has just made."""
        key = f"{entry.namespace}/{entry.name}" if entry.namespace else entry.name
        found = self._changes.pop((entry.group, entry.resource, key), None)
        if found is None or not entry.is_write or entry.code >= 300:
            return
        change, namespace = found
        operation = "DELETE" if entry.verb == "delete" else _OPERATIONS[change.kind]
        refused = denials(
            Write(
                user=entry.user,
                group=entry.group,
                resource=entry.resource,
                subresource=entry.subresource,
                operation=operation,
                before=change.old,
                after=None if operation == "DELETE" else change.obj,
                namespace=namespace,
            )
        )
        self.judged += 1
        self.refused += [f"{entry.verb} {entry.path} by {entry.user}: {why}" for why in refused]


@contextmanager
def judging(local: LocalCluster) -> Iterator[Judge]:
    """Judge every write until the end of the block."""
    judge = Judge(local)
    record = local.audit.record

    def recorded(entry: AuditEntry) -> None:
        record(entry)
        judge.recorded(entry)

    local._store.subscribe(judge.saw)
    local.audit.record = recorded  # type: ignore[method-assign]
    try:
        yield judge
    finally:
        local._store.unsubscribe(judge.saw)
        local.audit.record = record  # type: ignore[method-assign]
