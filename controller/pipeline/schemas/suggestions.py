"""Suggests what the author of an unknown key may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from controller.pipeline.schemas.words import listed

_LISTED_LIMIT = 16
_CUTOFF = 0.7


def nearest(name: str, known: Sequence[str]) -> str:
    """Return a remedy that names the most similar known key, or all of them. Case, `_` and `-` are ignored."""
    if close := closest(name, known, cutoff=_CUTOFF):
        return f"did you mean {close}?"
    if not known:
        return "remove it"
    if len(known) > _LISTED_LIMIT:
        return f"remove it, or use a known key such as {listed(known[:_LISTED_LIMIT])}"
    return f"remove it, or use {listed(known)}"


def closest(name: str, known: Sequence[str], *, cutoff: float) -> str:
    """Return the most similar known name, or "" if none reaches `cutoff` (0 to 1). Case, `_` and `-` are ignored."""
    plain = {_plain(candidate): candidate for candidate in known}
    close = difflib.get_close_matches(_plain(name), plain, n=1, cutoff=cutoff)
    return plain[close[0]] if close else ""


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")
