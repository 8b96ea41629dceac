"""Status conditions as KEP-1623 and kstatus want them: a transition time that moves only with the status."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from controller.apimachinery import objects
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


# Limits in the schemas of our own kinds, and of most others.
_REASON: Final = re.compile(r"[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?")
_REASON_LIMIT: Final = 128
_MESSAGE_LIMIT: Final = 32768
_OTHER: Final = "Other"


def find(conditions: Any, type_: str) -> Mapping[str, Any] | None:
    """The condition of that type, or None; also where `conditions` is of any other form than a list of maps."""
    return next((condition for condition in objects.mappings(conditions) if condition.get("type") == type_), None)


def reason_of(condition: Mapping[str, Any]) -> str:
    """The reason in a condition that somebody else wrote, if it can be the reason of one of ours; else "Other"."""
    return reason(condition.get("reason"))


def reason(word: Any) -> str:
    """`word`, which somebody else wrote, if it can be the reason of a condition of ours; else "Other"."""
    usable = isinstance(word, str) and len(word) <= _REASON_LIMIT and _REASON.fullmatch(word)
    return str(word) if usable else _OTHER


def untimed(status: Mapping[str, Any]) -> Mapping[str, Any]:
    """A status that we want, without the times of its conditions: those are computed again each time."""
    found = [
        {field: value for field, value in condition.items() if field != "lastTransitionTime"}
        for condition in status.get("conditions") or ()
    ]
    return {**status, "conditions": found}


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
                # A message of others may have any length, and with one that is too long the status is refused.
                "message": condition.message[:_MESSAGE_LIMIT],
            }
        )
    return merged
