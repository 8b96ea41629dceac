"""Conditions as Flux keeps them: a transition time that moves with status, reason or message, and a fixed order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from controller.apimachinery.conditions import find
from controller.apimachinery.timestamps import to_time

READY = "Ready"
RECONCILING = "Reconciling"
STALLED = "Stalled"

PROGRESSING = "Progressing"
PROGRESSING_WITH_RETRY = "ProgressingWithRetry"
SUCCEEDED = "Succeeded"

_FIRST = (STALLED, RECONCILING, READY)
# The API's own limit.
_MESSAGE_LIMIT = 32768


def marked(
    conditions: Iterable[Mapping[str, Any]],
    type_: str,
    status: str,
    reason: str,
    message: str,
    *,
    generation: int,
    now: datetime,
) -> list[dict[str, Any]]:
    """The conditions with one of them set for this generation."""
    others = without(conditions, type_)
    before = find(conditions, type_)
    condition = {"type": type_, "status": status, "reason": reason, "message": message[:_MESSAGE_LIMIT]}
    unmoved = before is not None and all(before.get(key) == value for key, value in condition.items())
    condition["lastTransitionTime"] = before["lastTransitionTime"] if before is not None and unmoved else to_time(now)
    return sorted([*others, {**condition, "observedGeneration": generation}], key=_place)


def without(conditions: Iterable[Mapping[str, Any]], type_: str) -> list[dict[str, Any]]:
    """The conditions but one."""
    return [dict(condition) for condition in conditions if condition["type"] != type_]


def _place(condition: Mapping[str, Any]) -> tuple[int, str]:
    type_ = condition["type"]
    return (_FIRST.index(type_) if type_ in _FIRST else len(_FIRST), type_)
