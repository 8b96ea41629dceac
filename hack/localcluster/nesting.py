"""Documents that are nested more deeply than Python's recursion can follow.

A real server stores objects of up to 10 000 levels. Here a value that lies deeper than `_LEVELS` is folded: it becomes
one string, its JSON text behind a mark that no client can know. `unfold` puts the text back when the document is
written. In between everything may recurse, and compares, copies, merges and owns a folded value as one leaf.
"""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

# Few enough for functions that take three frames a level; more than any object has that was not made to be hostile.
_LEVELS = 100
_MOST_LEVELS = 10_000
_MARK = f"folded-{uuid.uuid4().hex}:"
_FOLDED = re.compile(rf'"{_MARK}((?:[^"\\]|\\.)*+)"', re.DOTALL)
# The next bracket that is not inside a string. Possessive, so that a string without an end costs one pass only.
_BRACKET = re.compile(r'(?:[^"\[\]{}]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+([\[\]{}])', re.DOTALL)


def fold(text: str) -> str:
    """JSON of any depth as JSON of at most `_LEVELS` levels; text that is not JSON may come back as it was.

    Raises:
        ValueError: for more than 10 000 levels, and for a folded value that is not JSON.
    """
    if text.count("{") + text.count("[") <= _LEVELS:
        return text
    open_chunks = [_Chunk()]
    depth = position = cut = 0
    while bracket := _BRACKET.match(text, position):
        position = bracket.end()
        if bracket[1] in "[{":
            if depth and depth % _LEVELS == 0:
                open_chunks[-1].add(text[cut : position - 1])
                cut = position - 1
                open_chunks.append(_Chunk())
            depth += 1
            if depth > _MOST_LEVELS:
                raise ValueError(f"invalid character '{bracket[1]}' exceeded max depth")
            continue
        depth -= 1
        if depth < 0:
            return text
        if depth and depth % _LEVELS == 0:
            chunk = open_chunks.pop()
            chunk.add(text[cut:position])
            cut = position
            chunk.check()
            open_chunks[-1].enclose(chunk, folded=depth == _LEVELS)
    if depth:
        return text
    open_chunks[0].add(text[cut:])
    return "".join(open_chunks[0].whole)


class _Chunk:
    """The text of a value, in pieces.

    Attributes:
        whole: all of it.
        shallow: the same with `0` for each deeper chunk, so that its syntax can be checked.
    """

    def __init__(self) -> None:
        self.whole: list[str] = []
        self.shallow: list[str] = []

    def add(self, text: str) -> None:
        """Add a piece that has no deeper chunk in it."""
        self.whole.append(text)
        self.shallow.append(text)

    def enclose(self, deeper: _Chunk, *, folded: bool) -> None:
        """Add a deeper chunk, as the string that stands for it if `folded`."""
        text = "".join(deeper.whole)
        self.whole.append(json.dumps(_MARK + text) if folded else text)
        self.shallow.append("0")

    def check(self) -> None:
        """Raises ValueError where the text is not JSON."""
        json.loads("".join(self.shallow))


def unfold(text: str) -> str:
    """Return the JSON text with every folded value replaced by the value it stands for."""
    if _MARK not in text:
        return text
    return _FOLDED.sub(lambda found: str(json.loads(f'"{found[1]}"')), text)


def is_folded(value: Any) -> bool:
    """Whether a value stands for a deeper one."""
    return isinstance(value, str) and value.startswith(_MARK)
