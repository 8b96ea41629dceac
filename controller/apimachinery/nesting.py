"""Measures how deep values are nested, and finds parts that could not be read.

The API server accepts values of any depth. Python does not: most functions that walk through an object recurse, and
Python limits recursion. So there are two limits. `LIMIT` is what users may use; the values of real charts have about
ten levels. `READ_LIMIT` is how deep answers of the API server are read (`jsontext`); deeper parts are not kept. The
functions in this module do not recurse.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from controller.apimachinery import giturls

# The maximum depth of maps and lists in a free-form value, including the value itself.
LIMIT: Final = 100
# The maximum depth of a whole answer of the API server: LIMIT plus the levels around the value. A function that makes
# three calls per level needs less than half of the thousand nested calls that Python allows.
READ_LIMIT: Final = 128
# The beginning of a path is enough to find the place. The whole path of a deep value would fill a message.
_STEPS_SHOWN: Final = 6
_STEP_LIMIT: Final = 64

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A placeholder for a value that was not kept. `words` describes the value, `levels` is its depth (0 for a scalar).

    Every serializer refuses it, so it cannot be written back by accident.
    """

    words: str
    levels: int = 0

    def __str__(self) -> str:
        return self.words


@dataclass(frozen=True, slots=True)
class Fault:
    """A value that is refused: its path in the examined value, its description, and the remedy."""

    path: Path
    words: str
    remedy: str


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


def faults(value: Any, limit: int = LIMIT) -> Iterator[Fault]:
    """Yield each part of `value` that is nested more than `limit` levels deep or could not be read."""
    if is_plain(value, limit):
        return
    left: list[tuple[Path, Any]] = [((), value)]
    while left:
        path, part = left.pop()
        if isinstance(part, Unreadable) and not part.levels:
            yield Fault(path, part.words, _QUOTE)
        elif isinstance(part, Unreadable) or (len(path) == limit and isinstance(part, dict | list)):
            yield Fault(path, f"nested {len(path) + levels(part)} levels deep", FLATTEN)
        elif isinstance(part, dict):
            left += (((*path, key), item) for key, item in reversed(part.items()) if type(item) in _INNER)
        elif isinstance(part, list):
            inner = [((*path, position), item) for position, item in enumerate(part) if type(item) in _INNER]
            left += reversed(inner)


def shown(field: str, path: Path) -> str:
    """Return the beginning of a fault's path below `field` for a message, without passwords and line breaks."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{_plain(step)}" for step in path[:_STEPS_SHOWN])
    return f"{field}{''.join(steps)}{'...' if len(path) > _STEPS_SHOWN else ''}"


def _plain(key: str) -> str:
    masked = giturls.masked(key[: 4 * _STEP_LIMIT])
    text = "".join(character if character.isprintable() else "?" for character in masked)
    return text if len(text) <= _STEP_LIMIT else f"{text[:_STEP_LIMIT]}..."


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
