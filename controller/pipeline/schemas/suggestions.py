"""What somebody meant who wrote a key that is unknown."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from controller.pipeline.schemas.words import listed

_LISTED_LIMIT = 16
_CUTOFF = 0.7


def nearest(name: str, known: Sequence[str]) -> str:
    """The remedy: the known key that looks most alike, or all of them. Case, `_` and `-` count for little."""
    if close := closest(name, known, cutoff=_CUTOFF):
        return f"did you mean {close}?"
    if not known:
        return "remove it"
    if len(known) > _LISTED_LIMIT:
        return f"remove it; known here are {listed(known[:_LISTED_LIMIT])} and others"
    return f"remove it; known here {'is' if len(known) == 1 else 'are'} {listed(known, 'and')}"


def closest(name: str, known: Sequence[str], *, cutoff: float) -> str:
    """The known one that looks most alike, by at least `cutoff` from 0 to 1, or ""; case, `_` and `-` do not count."""
    plain = {_plain(candidate): candidate for candidate in known}
    close = difflib.get_close_matches(_plain(name), plain, n=1, cutoff=cutoff)
    return plain[close[0]] if close else ""


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")
