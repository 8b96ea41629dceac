"""What somebody meant who wrote a key that is unknown."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from controller.pipeline.schemas.words import listed

_LISTED_LIMIT = 16


def nearest(name: str, known: Sequence[str]) -> str:
    """The remedy: the known key that looks most alike, or all of them. Case, `_` and `-` count for little."""
    plain = {_plain(candidate): candidate for candidate in known}
    if close := difflib.get_close_matches(_plain(name), plain, n=1, cutoff=0.7):
        return f"did you mean {plain[close[0]]}?"
    if not known:
        return "remove it"
    if len(known) > _LISTED_LIMIT:
        return f"remove it; known here are {listed(known[:_LISTED_LIMIT])} and others"
    return f"remove it; known here {'is' if len(known) == 1 else 'are'} {listed(known, 'and')}"


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")
