"""One sync of an Application: dry-run and apply all objects, prune, and wait until the pruned objects are gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from controller.apimachinery import objects
from controller.apimachinery.errors import ApiError
from controller.apimachinery.timestamps import to_time
from controller.client import DeletePropagation
from hack.standins.argocd.cluster import Cluster
from hack.standins.argocd.comparison import Row

RUNNING, SUCCEEDED, FAILED = "Running", "Succeeded", "Failed"


@dataclass(slots=True)
class Operation:
    """A sync in progress.

    Attributes:
        pruned: UIDs of the objects that were deleted, and the names that messages give them.
        results: what became of each object, as `syncResult.resources` has it.
    """

    revision: str
    phase: str = RUNNING
    message: str = ""
    pruned: dict[str, str] = field(default_factory=dict)
    results: list[dict[str, Any]] = field(default_factory=list)
    started: str = field(default_factory=lambda: to_time(datetime.now(UTC)))
    finished: str = ""

    def begin(self, rows: Sequence[Row], cluster: Cluster, *, prune: DeletePropagation | None) -> None:
        """Start the sync. `prune`: how to delete objects that left the repository; None: keep them."""
        refused = [row for row in rows if row.refusal]
        for row in refused:
            self._record(row, "SyncFailed", row.refusal)
        if refused:
            # As in the original, an object that cannot be applied blocks all others.
            self._end(FAILED, "one or more objects failed to apply (dry run)")
            return
        for row in rows:
            self._do(row, cluster, prune)
        if any(result["status"] == "SyncFailed" for result in self.results):
            self._end(FAILED, "one or more objects failed to apply")
            return
        self.look(rows)

    def look(self, rows: Sequence[Row]) -> None:
        """Check whether the pruned objects are gone. Until then no other Application is synced."""
        live = {objects.uid(row.live) for row in rows if row.live is not None}
        left = [name for uid, name in self.pruned.items() if uid in live]
        if left:
            self.message = f"waiting for deletion of {' and '.join(left[:1])}" + (
                f" and {len(left) - 1} more resources" if len(left) > 1 else ""
            )
        else:
            self._end(SUCCEEDED, "successfully synced (all tasks run)")

    def state(self) -> dict[str, Any]:
        """Return the operation as `status.operationState`."""
        return {
            "operation": {"initiatedBy": {"automated": True}, "sync": {"revision": self.revision}},
            "phase": self.phase,
            "message": self.message,
            "startedAt": self.started,
            # null, so that the merge patch removes the value of the previous operation.
            "finishedAt": self.finished or None,
            "syncResult": {"revision": self.revision, "resources": self.results},
        }

    def _do(self, row: Row, cluster: Cluster, prune: DeletePropagation | None) -> None:
        if not row.requires_pruning:
            try:
                cluster.apply(row)
            except ApiError as error:
                self._record(row, "SyncFailed", str(error))
            else:
                self._record(row, "Synced", "")
            return
        if prune is None:
            self._record(row, "PruneSkipped", "ignored (requires pruning)")
            return
        try:
            cluster.delete(row, prune)
        except ApiError as error:
            self._record(row, "SyncFailed", str(error))
        else:
            assert row.live is not None
            self.pruned[objects.uid(row.live)] = row.name
            self._record(row, "Pruned", "pruned")

    def _record(self, row: Row, status: str, message: str) -> None:
        group, _, version = str(row.obj["apiVersion"]).rpartition("/")
        self.results.append(
            {
                "group": group,
                "version": version,
                "kind": str(row.obj["kind"]),
                "namespace": objects.namespace(row.obj),
                "name": objects.name(row.obj),
                "status": status,
                "message": message,
            }
        )

    def _end(self, phase: str, message: str) -> None:
        self.phase, self.message = phase, message
        self.finished = to_time(datetime.now(UTC))
