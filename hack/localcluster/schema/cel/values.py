"""Values of CEL at run time, and the operations the language itself has for them.

JSON's Python types stand for their CEL namesakes (int is `int`, float is `double`); the rest is below.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import EvaluationError

MIN_INT, MAX_INT, MAX_UINT = -(2**63), 2**63 - 1, 2**64 - 1


class UInt(int):
    """An unsigned integer, which CEL keeps apart from `int`."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Optional:
    """`optional(T)`: a value that may not be there."""

    present: bool
    value: Any = None


NONE = Optional(present=False)


@dataclass(frozen=True, slots=True)
class TypeValue:
    """What `type(x)` gives, and what `int`, `string`... stand for."""

    name: str


class SetList(list[Any]):
    """A list of type set: equal to another in any order."""


class MapList(list[Any]):
    """A list of type map: equal to another in any order of its keyed items."""

    def __init__(self, items: Sequence[Any], keys: Sequence[str]) -> None:
        super().__init__(items)
        self.keys = tuple(keys)

    def key(self, item: Any) -> tuple[Any, ...]:
        """The key fields of an item."""
        return tuple(item.get(name) for name in self.keys) if isinstance(item, dict) else ()


def type_name(value: Any) -> str:
    """The name of a value's CEL type."""
    for kind, name in _NAMES:
        if isinstance(value, kind):
            return name
    return getattr(value, "cel_type", "null_type" if value is None else type(value).__name__)


_NAMES: tuple[tuple[type, str], ...] = (
    (bool, "bool"),
    (UInt, "uint"),
    (int, "int"),
    (float, "double"),
    (str, "string"),
    (bytes, "bytes"),
    (list, "list"),
    (dict, "map"),
    (dt.datetime, "google.protobuf.Timestamp"),
    (dt.timedelta, "google.protobuf.Duration"),
    (Optional, "optional_type"),
    (TypeValue, "type"),
)


def is_number(value: Any) -> bool:
    """Whether a value is an int, uint or double."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def equal(left: Any, right: Any) -> bool:
    """`==`: numbers across their types, everything else only within its own."""
    if is_number(left) and is_number(right):
        return bool(left == right)
    if isinstance(left, list) and isinstance(right, list):
        return _lists_equal(left, right)
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    if isinstance(left, Optional) and isinstance(right, Optional):
        return left.present == right.present and (not left.present or equal(left.value, right.value))
    return type(left) is type(right) and bool(left == right)


def _lists_equal(left: list[Any], right: list[Any]) -> bool:
    if len(left) != len(right):
        return False
    if isinstance(left, MapList):
        others = {left.key(item): item for item in right}
        return all(left.key(item) in others and equal(item, others[left.key(item)]) for item in left)
    if isinstance(left, SetList):
        return all(contains(right, item) for item in left)
    return all(map(equal, left, right))


def contains(container: Any, value: Any) -> bool:
    """`in`: an item of a list, a key of a map."""
    if isinstance(container, list):
        return any(equal(item, value) for item in container)
    if isinstance(container, dict):
        return any(equal(key, value) for key in container) if not isinstance(value, str) else value in container
    raise no_overload()


def compare(left: Any, right: Any) -> int:
    """Order of two values: negative, zero or positive."""
    ordered = (is_number(left) and is_number(right)) or (type(left) is type(right) and isinstance(left, _ORDERED))
    if not ordered:
        raise no_overload()
    if left != left or right != right:
        raise EvaluationError("NaN values cannot be ordered")
    return int(left > right) - int(left < right)


_ORDERED = (bool, str, bytes, dt.datetime, dt.timedelta)


def add(left: Any, right: Any) -> Any:
    """`+`: numbers, text, lists (sets and keyed lists merge), moments and durations."""
    if isinstance(left, list) and isinstance(right, list):
        return _merged(left, right)
    if _same_number(left, right):
        return checked(left + right, left)
    times = (dt.datetime, dt.timedelta)
    if isinstance(left, times) and isinstance(right, times) and not (type(left) is type(right) is dt.datetime):
        return left + right  # type: ignore[operator]
    if type(left) is type(right) and isinstance(left, (str, bytes)):
        return left + right
    raise no_overload()


def _merged(left: list[Any], right: list[Any]) -> list[Any]:
    if isinstance(left, SetList):
        return SetList([*left, *(item for item in right if not contains(left, item))])
    if isinstance(left, MapList):
        by_key = {left.key(item): item for item in left}
        by_key.update({left.key(item): item for item in right})
        return MapList(list(by_key.values()), left.keys)
    return [*left, *right]


def subtract(left: Any, right: Any) -> Any:
    """`-`: numbers, moments and durations."""
    if _same_number(left, right):
        return checked(left - right, left)
    if isinstance(left, dt.timedelta) and isinstance(right, dt.timedelta):
        return left - right
    if isinstance(left, dt.datetime) and isinstance(right, (dt.datetime, dt.timedelta)):
        return left - right
    raise no_overload()


def multiply(left: Any, right: Any) -> Any:
    """`*`."""
    if not _same_number(left, right):
        raise no_overload()
    return checked(left * right, left)


def divide(left: Any, right: Any) -> Any:
    """`/`: integers round towards zero."""
    if not _same_number(left, right):
        raise no_overload()
    if isinstance(left, float):
        if right == 0:
            return float("nan") if left == 0 or left != left else float("inf") if left > 0 else float("-inf")
        return left / right
    if right == 0:
        raise EvaluationError("division by zero")
    quotient = abs(left) // abs(right)
    return checked(quotient if (left < 0) == (right < 0) else -quotient, left)


def modulo(left: Any, right: Any) -> Any:
    """`%`: the sign follows the dividend."""
    if not _same_number(left, right) or isinstance(left, float):
        raise no_overload()
    if right == 0:
        raise EvaluationError("modulus by zero")
    rest = abs(left) % abs(right)
    return checked(rest if left >= 0 else -rest, left)


def negate(value: Any) -> Any:
    """Unary `-`."""
    if not is_number(value) or isinstance(value, UInt):
        raise no_overload()
    return checked(-value, value)


def checked(result: Any, like: Any) -> Any:
    """An arithmetic result in the type of its operands, or an overflow."""
    if isinstance(like, float):
        return float(result)
    if isinstance(like, UInt):
        if not 0 <= result <= MAX_UINT:
            raise EvaluationError("unsigned integer overflow")
        return UInt(result)
    if not MIN_INT <= result <= MAX_INT:
        raise EvaluationError("integer overflow")
    return int(result)


def _same_number(left: Any, right: Any) -> bool:
    return is_number(left) and type(left) is type(right)


def no_overload() -> EvaluationError:
    """The operands' types do not go together."""
    return EvaluationError("no such overload")
