"""Times as Kubernetes writes them, and durations as its tables print them."""

from __future__ import annotations

from datetime import UTC, datetime


def now_seconds() -> str:
    """The present as `metav1.Time`: RFC 3339 in whole seconds, UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse(text: str) -> datetime | None:
    """Parse an RFC 3339 time. Returns None if it is invalid."""
    try:
        moment = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else None


def age(text: str | None, *, unknown: str = "<unknown>") -> str:
    """Return how long ago `text` (RFC 3339) was, formatted like kubectl's AGE column."""
    moment = parse(text) if text else None
    if moment is None:
        return unknown
    return human_duration((datetime.now(UTC) - moment).total_seconds())


def human_duration(seconds: float) -> str:
    """A duration in seconds with two units at most: `45s`, `3m20s`, `5h`, `2d3h`, `400d`, `3y12d`."""
    if seconds < -1:
        return "<invalid>"
    whole = max(0, int(seconds))
    minutes, hours, days = whole // 60, whole // 3600, whole // 86400
    if whole < 120:
        return f"{whole}s"
    if minutes < 10:
        return _pair(minutes, "m", whole % 60, "s")
    if minutes < 180:
        return f"{minutes}m"
    if hours < 8:
        return _pair(hours, "h", minutes % 60, "m")
    if hours < 48:
        return f"{hours}h"
    if hours < 192:
        return _pair(days, "d", hours % 24, "h")
    if days < 730:
        return f"{days}d"
    if days < 365 * 8:
        return _pair(days // 365, "y", days % 365, "d")
    return f"{days // 365}y"


def _pair(large: int, large_unit: str, small: int, small_unit: str) -> str:
    return f"{large}{large_unit}{small}{small_unit}" if small else f"{large}{large_unit}"
