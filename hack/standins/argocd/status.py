"""An Application's status. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from controller.apimachinery.objects import Object
from hack.standins.argocd import comparison
from hack.standins.argocd.comparison import Row
from hack.standins.argocd.operation import Operation


@dataclass(slots=True)
class Report:
    """The result of one refresh.

    Attributes:
        error: why the comparison failed, or "".
        is_unreadable: whether that is because of the repository.
        sync_error: why nothing is synced although it should be, or "".
        revision, manifests: what the repository has.
    """

    error: str = ""
    is_unreadable: bool = False
    sync_error: str = ""
    revision: str = ""
    manifests: Sequence[Object] = ()
    project: Object = field(default_factory=dict)
    rows: Sequence[Row] = ()


def written(report: Report, operation: Operation | None) -> dict[str, Any]:
    """Return the fields to merge into the status. Fields whose values are unknown keep their old ones."""
    status: dict[str, Any] = {"conditions": _conditions(report)}
    if report.error:
        status["sync"] = {"status": comparison.UNKNOWN, "revision": report.revision}
    else:
        status["sync"] = {"status": comparison.sync_status(report.rows), "revision": report.revision}
        status["health"] = {"status": comparison.health_status(report.rows)}
        status["resources"] = [comparison.described(row) for row in report.rows]
    if operation is not None:
        status["operationState"] = operation.state()
    return status


def _conditions(report: Report) -> list[dict[str, str]]:
    found = (("ComparisonError", report.error), ("SyncError", report.sync_error))
    return [{"type": kind, "message": message} for kind, message in found if message]
