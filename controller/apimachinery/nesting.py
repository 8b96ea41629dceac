"""Measures how deep values are nested, and finds parts that could not be read.

The API server accepts values of any depth. Python does not: most functions that walk through an object recurse, and
Python limits recursion. So there are two limits. `LIMIT` is what users may use; the values of real charts have about
ten levels. `READ_LIMIT` is how deep answers of the API server are read (`jsontext`); deeper parts are not kept. The
functions in this module do not recurse.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from controller.apimachinery.findings import Finding, Path

# The maximum depth of maps and lists in a free-form value, including the value itself.
LIMIT: Final = 100
# The maximum depth of a whole answer of the API server: LIMIT plus the levels around the value. A function that makes
# three calls per level needs less than half of the thousand nested calls that Python allows.
READ_LIMIT: Final = 128


class Unreadable:
    """A placeholder for a value that was not kept. `words` describes the value, `levels` is its depth (0 for a scalar).

    Every serializer refuses it, so it cannot be written back by accident. It is not a dataclass, because some
    serializers write those.
    """

    __slots__ = ("levels", "words")

    def __init__(self, words: str, levels: int = 0) -> None:
        self.words = words
        self.levels = levels

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unreadable) and (self.words, self.levels) == (other.words, other.levels)

    def __hash__(self) -> int:
        return hash((self.words, self.levels))

    def __repr__(self) -> str:
        return f"Unreadable({self.words!r}, {self.levels})"

    def __str__(self) -> str:
        return self.words


_INNER: Final = frozenset({dict, list, Unreadable})
# The remedies, used in all messages.
FLATTEN: Final = f"reduce the nesting to at most {LIMIT} levels"
_QUOTE: Final = "use a smaller number, or put it into quotes"


def is_plain(value: Any, limit: int) -> bool:
    """Whether `value` is nested at most `limit` levels deep and could be read completely. Cheap."""
    by_level = enumerate(_by_level(value))
    return all(depth < limit and Unreadable not in map(type, level) for depth, level in by_level)


def levels(value: Any) -> int:
    """Return the number of nested maps and lists in `value`, including itself; 0 for a scalar."""
    found = (
        depth + max(item.levels if isinstance(item, Unreadable) else 1 for item in level)
        for depth, level in enumerate(_by_level(value))
    )
    return max(found, default=0)


def faults(value: Any, limit: int = LIMIT, *, at: Path = ()) -> Iterator[Finding]:
    """Yield each part of `value` that is nested more than `limit` levels deep or could not be read.

    The message describes the part, as in `nested 101 levels deep`. `at` is the path of `value` itself.
    """
    if is_plain(value, limit):
        return
    left: list[tuple[Path, Any]] = [((), value)]
    while left:
        path, part = left.pop()
        if isinstance(part, Unreadable) and not part.levels:
            yield Finding(path=(*at, *path), message=part.words, remedy=_QUOTE)
        elif isinstance(part, Unreadable) or (len(path) == limit and isinstance(part, dict | list)):
            message = f"nested {len(path) + levels(part)} levels deep"
            yield Finding(path=(*at, *path), message=message, remedy=FLATTEN)
        elif isinstance(part, dict):
            left += (((*path, key), item) for key, item in reversed(part.items()) if type(item) in _INNER)
        elif isinstance(part, list):
            inner = [((*path, position), item) for position, item in enumerate(part) if type(item) in _INNER]
            left += reversed(inner)


def _by_level(value: Any) -> Iterator[list[Any]]:
    """Yield the maps, lists and unreadable values in `value`, one level of nesting at a time."""
    level = [value] if type(value) in _INNER else []
    while level:
        yield level
        level = [item for inner in level for item in _items(inner) if type(item) in _INNER]


def _items(value: Any) -> Any:
    if type(value) is dict:
        return value.values()
    return value if type(value) is list else ()
