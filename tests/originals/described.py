"""Reading the status back from what `kubectl describe` prints. Documentation shows statuses in no other form."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]
_CONDITION_FIELDS = {
    "Last Transition Time": "lastTransitionTime",
    "Message": "message",
    "Observed Generation": "observedGeneration",
    "Reason": "reason",
    "Status": "status",
    "Type": "type",
}
_STATUS_FIELDS = {"Observed Generation": "observedGeneration", "Release Status": "releaseStatus"}
_NUMBERS = {"observedGeneration"}


def status_of(text: str) -> Json:
    """`status` with its conditions; and of the other fields those that say which generation was seen."""
    status: Json = {"conditions": []}
    last: tuple[Json, str] | None = None
    in_conditions = False
    for line in _status_lines(text):
        label, colon, value = line.strip().partition(":")
        indent = len(line) - len(line.lstrip())
        if indent == 2:
            in_conditions = label == "Conditions"
            if field := _STATUS_FIELDS.get(label):
                status[field] = _value(field, value)
        elif in_conditions and indent == 4 and colon and label in _CONDITION_FIELDS:
            field = _CONDITION_FIELDS[label]
            if field == "lastTransitionTime":
                status["conditions"].append({})
            last = (status["conditions"][-1], field)
            last[0][field] = _value(field, value)
        elif in_conditions and indent > 4 and last:
            # A text of several lines continues below its first line.
            last[0][last[1]] += "\n" + line.strip()
    return status


def _status_lines(text: str) -> list[str]:
    lines = text.splitlines()
    begin = lines.index("Status:") + 1
    ends = (number for number, line in enumerate(lines) if number >= begin and line and not line.startswith((" ", ".")))
    return [line for line in lines[begin : next(ends, len(lines))] if line.startswith(" ")]


def _value(field: str, text: str) -> Any:
    return int(text) if field in _NUMBERS else text.strip()
