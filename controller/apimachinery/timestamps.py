"""Times as the Kubernetes API writes them: RFC 3339, UTC, whole seconds (`Time`); and ages as people read them."""

from __future__ import annotations

from datetime import UTC, datetime


def to_time(moment: datetime) -> str:
    """`2026-01-31T12:00:00Z` for an aware `moment`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def from_time(text: object) -> datetime | None:
    """The moment that `text` names, in UTC, or None where it is absent or anything else than a timestamp."""
    if not isinstance(text, str):
        return None
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        # An offset can lead out of the years that Python knows.
        return None


def age(seconds: float) -> str:
    """`42s`, `5m`, `3h` or `12d`: the two-unit forms of kubectl say no more to a person who reads a list."""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds)}s"
