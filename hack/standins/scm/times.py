"""Moments as the APIs write them."""

from __future__ import annotations

from datetime import UTC, datetime


def iso(moment: float) -> str:
    """Return `2026-01-02T03:04:05Z` for Unix time."""
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_or_none(moment: float | None) -> str | None:
    """Return the text of a moment, or None for None."""
    return None if moment is None else iso(moment)


def iso_millis(moment: float) -> str:
    """Return `2026-01-02T03:04:05.678Z` for Unix time."""
    return datetime.fromtimestamp(moment, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def iso_millis_or_none(moment: float | None) -> str | None:
    """Return the text of a moment, or None for None."""
    return None if moment is None else iso_millis(moment)
