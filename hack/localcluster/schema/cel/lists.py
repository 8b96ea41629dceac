"""Extensions for lists and sets.

Source: k8s.io/apiserver, cel/library/lists; cel-go, ext/lists (version 3) and ext/sets.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cmp_to_key, reduce
from itertools import pairwise
from typing import Any

from . import values
from .errors import EvaluationError
from .types import Overload, overload
from .values import compare, contains, equal

_SUMMABLE = ("int", "uint", "double", "duration")
_COMPARABLE = (*_SUMMABLE, "bool", "string", "bytes", "timestamp")


def list_functions() -> list[Overload]:
    """isSorted, sum, min, max, indexOf, slice, flatten, distinct, sort...; sets.contains and its siblings."""
    found: list[Overload] = []
    for kind in _COMPARABLE:
        found.append(overload(f"list({kind})::isSorted() -> bool", _is_sorted))
        found.append(overload(f"list({kind})::sort() -> list({kind})", _sort))
        found.append(overload(f"list({kind})::min() -> {kind}", _extreme("min", -1)))
        found.append(overload(f"list({kind})::max() -> {kind}", _extreme("max", 1)))
    found += [overload(f"list({kind})::sum() -> {kind}", _sum) for kind in _SUMMABLE]
    return [
        *found,
        overload("list(A)::indexOf(A) -> int", _index_of),
        overload("list(A)::lastIndexOf(A) -> int", _last_index_of),
        overload("list(A)::slice(int, int) -> list(A)", _slice),
        overload("list(list(A))::flatten() -> list(A)", lambda items: _flatten(items, 1)),
        overload("list(dyn)::flatten(int) -> list(dyn)", _flatten),
        overload("list(A)::reverse() -> list(A)", lambda items: items[::-1]),
        overload("list(A)::distinct() -> list(A)", _distinct),
        overload("lists.range(int) -> list(int)", lambda size: list(range(size))),
        overload("sets.contains(list(A), list(A)) -> bool", _holds_all),
        overload("sets.equivalent(list(A), list(A)) -> bool", lambda a, b: _holds_all(a, b) and _holds_all(b, a)),
        overload("sets.intersects(list(A), list(A)) -> bool", lambda a, b: any(contains(b, item) for item in a)),
    ]


def _is_sorted(items: list[Any]) -> bool:
    return all(compare(left, right) <= 0 for left, right in pairwise(items))


def _sort(items: list[Any]) -> list[Any]:
    return sorted(items, key=cmp_to_key(compare))


def _extreme(name: str, sign: int) -> Callable[[list[Any]], Any]:
    def extreme(items: list[Any]) -> Any:
        if not items:
            raise EvaluationError(f"{name} called on empty list")
        return reduce(lambda best, item: item if compare(item, best) * sign > 0 else best, items)

    return extreme


def _sum(items: list[Any]) -> Any:
    return reduce(values.add, items) if items else 0


def _index_of(items: list[Any], wanted: Any) -> int:
    return next((index for index, item in enumerate(items) if equal(item, wanted)), -1)


def _last_index_of(items: list[Any], wanted: Any) -> int:
    return next((index for index in range(len(items) - 1, -1, -1) if equal(items[index], wanted)), -1)


def _slice(items: list[Any], start: int, end: int) -> list[Any]:
    if start < 0 or end < 0:
        raise EvaluationError(f"cannot slice({start}, {end}), negative indexes not supported")
    if start > end:
        raise EvaluationError(f"cannot slice({start}, {end}), start index must be less than or equal to end index")
    if end > len(items):
        raise EvaluationError(f"cannot slice({start}, {end}), list is length {len(items)}")
    return items[start:end]


def _flatten(items: list[Any], depth: int) -> list[Any]:
    if depth < 0:
        raise EvaluationError("level must be non-negative")
    result: list[Any] = []
    for item in items:
        result.extend(_flatten(item, depth - 1) if isinstance(item, list) and depth > 0 else [item])
    return result


def _distinct(items: list[Any]) -> list[Any]:
    result: list[Any] = []
    for item in items:
        if not contains(result, item):
            result.append(item)
    return result


def _holds_all(items: list[Any], wanted: list[Any]) -> bool:
    return all(contains(items, item) for item in wanted)
