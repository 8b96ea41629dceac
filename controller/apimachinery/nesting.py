"""How deep values are nested, and what stands in them for a value that could not be read.

The API server takes values of any depth. Python does not: every function that walks through an object recurses, and
Python limits that. So there are two limits. `LIMIT` is what people may use: the values of real charts have about ten
levels. `READ_LIMIT` is where reading from the API server stops (`jsontext`): what lies deeper is never held.

Everything in this module works without recursion.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from controller.apimachinery import giturls

# Of maps and lists within one value that is free form, itself included.
LIMIT: Final = 100
# Of a whole answer of the API server: LIMIT, and what may stand around it. Functions that make three calls for each
# level need less than half of the thousand calls that Python allows.
READ_LIMIT: Final = 128
# A path is for finding the place. One that is as long as the nesting is deep would fill a whole message.
_STEPS_SHOWN: Final = 6
_STEP_LIMIT: Final = 64

Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Stands for a value that is not held: `words` says what it is, `levels` how deep it is nested (0: not at all).

    No serializer takes it, so it cannot be written back by accident.
    """

    words: str
    levels: int = 0

    def __str__(self) -> str:
        return self.words


@dataclass(frozen=True, slots=True)
class Fault:
    """A value that is refused: where it stands in what was looked at, what it is, and the remedy."""

    path: Path
    words: str
    remedy: str


_INNER: Final = frozenset({dict, list, Unreadable})
# What to do about such a value, in the same words everywhere.
FLATTEN: Final = f"make it flatter, with at most {LIMIT} levels"
_QUOTE: Final = "use a smaller number, or put it into quotes"


def is_plain(value: Any, limit: int) -> bool:
    """Whether `value` is nested at most `limit` levels deep, and all of it could be read. Costs little."""
    by_level = enumerate(_by_level(value))
    return all(depth < limit and Unreadable not in map(type, level) for depth, level in by_level)


def levels(value: Any) -> int:
    """How many maps and lists are nested in `value`, itself included; 0 for anything else."""
    found = (
        depth + max(item.levels if isinstance(item, Unreadable) else 1 for item in level)
        for depth, level in enumerate(_by_level(value))
    )
    return max(found, default=0)


def faults(value: Any, limit: int = LIMIT) -> Iterator[Fault]:
    """What in `value` is nested more than `limit` levels deep, or could not be read. Each such part once."""
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
    """The path of a fault below `field` for a message: its beginning, without passwords and line breaks."""
    steps = (f"[{step}]" if isinstance(step, int) else f".{_plain(step)}" for step in path[:_STEPS_SHOWN])
    return f"{field}{''.join(steps)}{'...' if len(path) > _STEPS_SHOWN else ''}"


def _plain(key: str) -> str:
    masked = giturls.masked(key[: 4 * _STEP_LIMIT])
    text = "".join(character if character.isprintable() else "?" for character in masked)
    return text if len(text) <= _STEP_LIMIT else f"{text[:_STEP_LIMIT]}..."


def _by_level(value: Any) -> Iterator[list[Any]]:
    """The maps, lists and unreadable values of `value`: those that are nested equally deep together."""
    level = [value] if type(value) in _INNER else []
    while level:
        yield level
        level = [item for inner in level for item in _items(inner) if type(item) in _INNER]


def _items(value: Any) -> Any:
    if type(value) is dict:
        return value.values()
    return value if type(value) is list else ()
