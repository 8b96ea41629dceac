"""The language's own operators and functions.

Source: the CEL language definition, "List of standard definitions", and the optional types of cel-go.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ...fielderrors import go_float
from ..patterns import PatternError, compile_pattern
from .errors import EvaluationError
from .types import Overload, overload
from .values import MAX_INT, MAX_UINT, MIN_INT, NONE, Optional, TypeValue, UInt, type_name

_NUMBERS = ("int", "uint", "double")
_DURATION_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1, "m": 60, "h": 3600}


def parse_duration(text: str) -> dt.timedelta:
    """A duration as Go writes it (`1h30m`). Raises EvaluationError."""
    sign, body = (-1, text[1:]) if text.startswith("-") else (1, text.removeprefix("+"))
    parts = _DURATION_PART.findall(body)
    if body != "0" and (not parts or "".join(n + u for n, u in parts) != body):
        raise EvaluationError(f'time: invalid duration "{text}"')
    return sign * sum((dt.timedelta(seconds=float(n) * _SECONDS[u]) for n, u in parts), dt.timedelta())


def parse_timestamp(text: str) -> dt.datetime:
    """An RFC 3339 moment. Raises EvaluationError."""
    try:
        moment = dt.datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text.replace("Z", "+00:00")))
    except ValueError as error:
        raise EvaluationError(f'parsing time "{text}" as "2006-01-02T15:04:05Z07:00": cannot parse') from error
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def duration_text(value: dt.timedelta) -> str:
    """A duration in seconds, as CEL's string() gives it."""
    return f"{go_float(value / dt.timedelta(seconds=1))}s"


def to_string(value: Any) -> str:
    """`string()`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return go_float(value)
    if isinstance(value, bytes):
        try:
            return value.decode()
        except UnicodeDecodeError as error:
            raise EvaluationError("invalid UTF-8 in bytes, cannot convert to string") from error
    if isinstance(value, dt.timedelta):
        return duration_text(value)
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    return str(value)


def _to_int(value: Any) -> int:
    if isinstance(value, str):
        if not re.fullmatch(r"[+-]?\d+", value):
            raise EvaluationError(f'strconv.ParseInt: parsing "{value}": invalid syntax')
        number = int(value)
    elif isinstance(value, dt.datetime):
        return int(value.timestamp())
    elif isinstance(value, dt.timedelta):
        return value // dt.timedelta(microseconds=1) * 1000
    else:
        if value != value or value in (float("inf"), float("-inf")):
            raise EvaluationError("integer overflow")
        number = int(value)
    if not MIN_INT <= number <= MAX_INT:
        raise EvaluationError("integer overflow")
    return number


def _to_uint(value: Any) -> UInt:
    if isinstance(value, str):
        if not value.isdigit():
            raise EvaluationError(f'strconv.ParseUint: parsing "{value}": invalid syntax')
    elif value != value or value in (float("inf"), float("-inf")):
        raise EvaluationError("unsigned integer overflow")
    number = int(value)
    if not 0 <= number <= MAX_UINT:
        raise EvaluationError("unsigned integer overflow")
    return UInt(number)


def _to_double(value: Any) -> float:
    try:
        return float(value)
    except ValueError as error:
        raise EvaluationError(f'strconv.ParseFloat: parsing "{value}": invalid syntax') from error


def _to_bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("1", "t", "T", "TRUE", "true", "True"):
        return True
    if value in ("0", "f", "F", "FALSE", "false", "False"):
        return False
    raise EvaluationError(f'strconv.ParseBool: parsing "{value}": invalid syntax')


def matches(text: str, pattern: str) -> bool:
    """`matches()`: whether the RE2 pattern is found anywhere in the text."""
    return compiled(pattern).search(text) is not None


def compiled(pattern: str) -> Any:
    """A compiled RE2 pattern (the library keeps its own cache)."""
    try:
        return compile_pattern(pattern)
    except PatternError as error:
        raise EvaluationError(str(error)) from error


def _zone(name: str) -> dt.tzinfo:
    if re.fullmatch(r"[+-]?\d\d:\d\d", name):
        sign = -1 if name.startswith("-") else 1
        hours, minutes = name.lstrip("+-").split(":")
        return dt.timezone(sign * dt.timedelta(hours=int(hours), minutes=int(minutes)))
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise EvaluationError(f"unknown time zone {name}") from error


def _moment(part: Callable[[dt.datetime], int]) -> Callable[..., int]:
    return lambda moment, zone="UTC": part(moment.astimezone(_zone(zone)))


_PARTS: tuple[tuple[str, Callable[[dt.datetime], int]], ...] = (
    ("getFullYear", lambda t: t.year),
    ("getMonth", lambda t: t.month - 1),
    ("getDayOfYear", lambda t: t.timetuple().tm_yday - 1),
    ("getDayOfMonth", lambda t: t.day - 1),
    ("getDate", lambda t: t.day),
    ("getDayOfWeek", lambda t: (t.weekday() + 1) % 7),
    ("getHours", lambda t: t.hour),
    ("getMinutes", lambda t: t.minute),
    ("getSeconds", lambda t: t.second),
    ("getMilliseconds", lambda t: t.microsecond // 1000),
)


def _value(optional: Optional) -> Any:
    if not optional.present:
        raise EvaluationError("optional.none() dereference")
    return optional.value


def _non_zero(value: Any) -> Optional:
    return NONE if value is None or value in (0, False, "", b"", [], {}) else Optional(True, value)


def _operators() -> list[Overload]:
    """Signatures only: the evaluator computes operators itself."""
    found = ["!_(bool) -> bool", "-_(int) -> int", "-_(double) -> double", "_?_:_(bool, A, A) -> A"]
    found += ["_==_(A, A) -> bool", "_!=_(A, A) -> bool", "@in(A, list(A)) -> bool", "@in(A, map(A, B)) -> bool"]
    for index, optional in (("_[_]", False), ("_[?_]", True)):
        for container, key, result in (("list(A)", "int", "A"), ("map(A, B)", "A", "B")):
            inner = f"optional_type({result})"
            found.append(f"{index}({container}, {key}) -> {inner if optional else result}")
            found.append(f"{index}(optional_type({container}), {key}) -> {inner}")
    for relation in ("<", "<=", ">", ">="):
        pairs = [(a, b) for a in _NUMBERS for b in _NUMBERS]
        pairs += [(t, t) for t in ("bool", "string", "bytes", "timestamp", "duration")]
        found += [f"_{relation}_({a}, {b}) -> bool" for a, b in pairs]
    for sign in "+-*/":
        found += [f"_{sign}_({t}, {t}) -> {t}" for t in _NUMBERS]
    found += ["_%_(int, int) -> int", "_%_(uint, uint) -> uint"]
    found += [f"_+_({t}, {t}) -> {t}" for t in ("string", "bytes", "list(A)", "duration")]
    found += ["_+_(timestamp, duration) -> timestamp", "_+_(duration, timestamp) -> timestamp"]
    found += ["_-_(duration, duration) -> duration", "_-_(timestamp, duration) -> timestamp"]
    found += ["_-_(timestamp, timestamp) -> duration"]
    return [overload(signature) for signature in found]


def _conversions() -> list[Overload]:
    table: tuple[tuple[str, tuple[str, ...], Callable[[Any], Any]], ...] = (
        ("int", (*_NUMBERS, "string", "timestamp", "duration"), _to_int),
        ("uint", (*_NUMBERS, "string"), _to_uint),
        ("double", (*_NUMBERS, "string"), _to_double),
        ("bool", ("bool", "string"), _to_bool),
        ("string", (*_NUMBERS, "bool", "string", "bytes", "timestamp", "duration"), to_string),
        ("bytes", ("string", "bytes"), lambda v: v.encode() if isinstance(v, str) else v),
        ("duration", ("string", "duration"), lambda v: parse_duration(v) if isinstance(v, str) else v),
        ("timestamp", ("string", "timestamp"), lambda v: parse_timestamp(v) if isinstance(v, str) else v),
    )
    found = [overload(f"{name}({kind}) -> {name}", run) for name, kinds, run in table for kind in kinds]
    found.append(overload("timestamp(int) -> timestamp", lambda v: dt.datetime.fromtimestamp(v, dt.UTC)))
    found.append(overload("dyn(A) -> dyn", lambda value: value))
    found.append(overload("type(A) -> type", lambda value: TypeValue(type_name(value))))
    return found


def standard_functions() -> list[Overload]:
    """Everything that CEL has without extensions, and optionals."""
    sized = ("string", "bytes", "list(A)", "map(A, B)")
    found = [*_operators(), *_conversions()]
    found += [overload(f"size({kind}) -> int", len) for kind in sized]
    found += [overload(f"{kind}::size() -> int", len) for kind in sized]
    found += [
        overload("matches(string, string) -> bool", matches),
        overload("string::matches(string) -> bool", matches),
        overload("string::contains(string) -> bool", lambda text, part: part in text),
        overload("string::startsWith(string) -> bool", str.startswith),
        overload("string::endsWith(string) -> bool", str.endswith),
    ]
    for name, part in _PARTS:
        found.append(overload(f"timestamp::{name}() -> int", _moment(part)))
        found.append(overload(f"timestamp::{name}(string) -> int", _moment(part)))
    for name, unit in (("getHours", 3600.0), ("getMinutes", 60.0), ("getSeconds", 1.0), ("getMilliseconds", 0.001)):
        found.append(overload(f"duration::{name}() -> int", lambda v, unit=unit: int(v / dt.timedelta(seconds=unit))))
    opt = "optional_type(A)"
    found += [
        overload(f"optional.of(A) -> {opt}", lambda value: Optional(True, value)),
        overload(f"optional.ofNonZeroValue(A) -> {opt}", _non_zero),
        overload(f"optional.none() -> {opt}", lambda: NONE),
        overload(f"{opt}::hasValue() -> bool", lambda value: value.present),
        overload(f"{opt}::value() -> A", _value),
        overload(f"{opt}::or({opt}) -> {opt}", lambda value, other: value if value.present else other),
        overload(f"{opt}::orValue(A) -> A", lambda value, other: value.value if value.present else other),
    ]
    return found
