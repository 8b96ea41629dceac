"""Environments as the controller leaves them, for the tests of feedback."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

COMMIT = "6f50ff2f8ed1cbf6f7c8d1cbf6f7c8d1cbf6f7c8"
OTHER_COMMIT = "0123456789abcdef0123456789abcdef01234567"
ANNOTATIONS = {
    "tronador.stakater.com/repository": "github.com/acme/shop",
    "tronador.stakater.com/pull-request": "74",
    "tronador.stakater.com/commit": COMMIT,
    "tronador.stakater.com/branch": "change",
}


def environment(
    status: str = "",
    *,
    name: str = "shop-74",
    uid: str = "u1",
    generation: int = 1,
    observed: int | None = None,
    annotations: Mapping[str, Any] | None = None,
    deleting: bool = False,
    stalled: str = "",
    ready: str = "",
    **fields: Any,
) -> dict[str, Any]:
    """Return an EnvironmentProvisioner with this `applicationStatus`; `fields` are others of its status."""
    conditions = []
    if ready:
        conditions.append(_condition("Ready", "False", ready, generation))
    if stalled:
        conditions.append(_condition("Stalled", "True", stalled, generation))
    metadata: dict[str, Any] = {
        "name": name,
        "uid": uid,
        "generation": generation,
        "annotations": {**ANNOTATIONS, **(annotations or {})},
    }
    if deleting:
        metadata["deletionTimestamp"] = "2026-01-31T12:00:00Z"
    found: dict[str, Any] = {"metadata": metadata, "spec": {}}
    if status:
        seen = generation if observed is None else observed
        found["status"] = {
            "applicationStatus": status,
            "observedGeneration": seen,
            "conditions": conditions,
            **fields,
        }
    return found


def _condition(type_: str, status: str, message: str, generation: int) -> dict[str, Any]:
    return {"type": type_, "status": status, "reason": "R", "message": message, "observedGeneration": generation}
