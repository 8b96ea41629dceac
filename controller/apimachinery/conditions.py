"""Status conditions as KEP-1623 and kstatus want them: a transition time that moves only with the status."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from controller.apimachinery.timestamps import to_time

TRUE = "True"
FALSE = "False"
UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition that is wanted. `reason` is CamelCase; `message` holds no times or counters, or it never rests."""

    type: str
    status: str
    reason: str
    message: str


def find(conditions: Iterable[Mapping[str, Any]] | None, type_: str) -> Mapping[str, Any] | None:
    """The condition of that type, or None."""
    return next((condition for condition in conditions or () if condition.get("type") == type_), None)


def merge(
    current: Sequence[Mapping[str, Any]], wanted: Sequence[Condition], *, generation: int, now: datetime
) -> list[dict[str, Any]]:
    """The list to write: exactly the `wanted` ones, in their order, each keeping its time unless its status moved."""
    merged = []
    for condition in wanted:
        before = find(current, condition.type)
        unmoved = before is not None and before.get("status") == condition.status
        moved_at = before.get("lastTransitionTime") if before is not None and unmoved else None
        merged.append(
            {
                "type": condition.type,
                "status": condition.status,
                "observedGeneration": generation,
                "lastTransitionTime": moved_at or to_time(now),
                "reason": condition.reason,
                "message": condition.message,
            }
        )
    return merged
