"""Times in the format of the Kubernetes API (RFC 3339, UTC, whole seconds: `Time`), and ages for people."""

from __future__ import annotations

from datetime import UTC, datetime


def to_time(moment: datetime) -> str:
    """Return an aware `moment` as text, for example `2026-01-31T12:00:00Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_time(text: object) -> datetime | None:
    """Return the moment that `text` names, in UTC, or None if it is not a timestamp."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        # An offset can lead out of the years that Python knows.
        return None


def age(seconds: float) -> str:
    """Return an age for people: `42s`, `5m`, `3h` or `12d`. A list needs no second unit, as kubectl shows it."""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds)}s"
