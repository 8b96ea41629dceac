"""Good objects with something odd in one place: in each place in turn, and for each place all of a table."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from controller.apimachinery.nesting import Unreadable

Json = dict[str, Any]


def nested(depth: int, inner: Any = 1) -> Any:
    """`inner` within so many maps."""
    for _ in range(depth):
        inner = {"a": inner}
    return inner


ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    10**300,
    "",
    "..%2f/../a",
    "\0\N{REPLACEMENT CHARACTER}\u2028",
    "x" * 40_000,
    [],
    [None, "x", {"type": "Ready"}],
    {"a": None, "": {}},
    Unreadable("nested 1500 levels deep", 1500),
    Unreadable("a number that is too large"),
    nested(120),
)


def variants(obj: Json, *fields: str) -> Iterator[Json]:
    """`obj` with one value in or below one of `fields` exchanged: each place, each odd value."""
    for field in fields:
        for path in list(_places(obj.get(field), (field,))):
            for odd in ODD:
                changed = copy.deepcopy({key: obj.get(key) for key in fields})
                _put(changed, path, odd)
                yield {**obj, **changed}


def _places(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in items:
        yield from _places(item, (*path, step))


def _put(obj: Any, path: tuple[Any, ...], value: Any) -> None:
    for step in path[:-1]:
        obj = obj[step]
    obj[path[-1]] = value
