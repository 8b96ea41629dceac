"""Durations on the command line, as Go writes them: `300ms`, `10s`, `1m30s`, `2h`; a bare number is seconds.

Days are a unit too, because environments live for days: `7d`. Go does not know them.
"""

from __future__ import annotations

import re

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_PART = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h|d)")


def parse(text: str) -> float:
    """Seconds that `text` means. Raises ValueError with a sentence for people."""
    text = text.strip()
    try:
        seconds = float(text)
    except ValueError:
        seconds = _sum(text)
    if not 0 <= seconds < float("inf"):
        raise ValueError(f"{text!r} is not a valid duration: it must not be negative or infinite")
    return seconds


def render(seconds: float) -> str:
    """The shortest text that `parse` turns back into `seconds`."""
    for unit, size in (("h", 3600.0), ("m", 60.0), ("s", 1.0)):
        if seconds >= size and seconds % size == 0:
            return f"{int(seconds // size)}{unit}"
    return f"{float(seconds)!r}s" if seconds >= 1 else f"{seconds * 1000:g}ms" if seconds else "0s"


def _sum(text: str) -> float:
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        raise ValueError(f"{text!r} is not a valid duration: write, for example, 300ms, 10s, 1m30s, 2h or 7d")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
