"""Status conditions as KEP-1623 and kstatus require: the transition time changes only when the status changes."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from controller.apimachinery.timestamps import to_time

TRUE = "True"
FALSE = "False"
UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition to write. `reason` is CamelCase. `message` must not have times or counters, which always change."""

    type: str
    status: str
    reason: str
    message: str


# The limits in the schemas of our own kinds and of most others.
_REASON: Final = re.compile(r"[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?")
_REASON_LIMIT: Final = 128
_MESSAGE_LIMIT: Final = 32768
_OTHER: Final = "Other"


def find(conditions: Any, type_: str) -> Mapping[str, Any] | None:
    """Return the condition of that type, or None if `conditions` has no such condition or is not a list of maps."""
    if not isinstance(conditions, list | tuple):
        return None
    for condition in conditions:
        if isinstance(condition, (dict, Mapping)) and condition.get("type") == type_:
            return condition
    return None


def reason_of(condition: Mapping[str, Any]) -> str:
    """Return the reason of another program's condition if our schema accepts it, else "Other"."""
    return reason(condition.get("reason"))


def reason(word: Any) -> str:
    """Return `word`, which another program wrote, if our schema accepts it as a reason, else "Other"."""
    usable = isinstance(word, str) and len(word) <= _REASON_LIMIT and _REASON.fullmatch(word)
    return str(word) if usable else _OTHER


def untimed(status: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return `status` without the transition times of its conditions, which `merge` computes each time."""
    found = [
        {field: value for field, value in condition.items() if field != "lastTransitionTime"}
        for condition in status.get("conditions") or ()
    ]
    return {**status, "conditions": found}


def merge(
    current: Sequence[Mapping[str, Any]], wanted: Sequence[Condition], *, generation: int, now: datetime
) -> list[dict[str, Any]]:
    """Return the conditions to write: the `wanted` ones, in order. The time changes only with the status."""
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
                # The message may come from another program. If it is too long, the API server refuses the status.
                "message": condition.message[:_MESSAGE_LIMIT],
            }
        )
    return merged
