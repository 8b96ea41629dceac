"""CEL's string extensions, version 2, and Kubernetes' regular expressions.

Source: cel-go, ext/strings; k8s.io/apiserver, cel/library/regex.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from ...fielderrors import go_float
from .errors import EvaluationError
from .standard import compiled, duration_text, to_string
from .types import Overload, overload
from .values import type_name

_CLAUSE = re.compile(r"%(?:\.(\d+))?(.?)", re.DOTALL)
_LOWER = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
_UPPER = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ")


def string_functions() -> list[Overload]:
    """charAt, indexOf, join, format and their like; find and findAll."""
    return [
        overload("string::charAt(int) -> string", _char_at),
        overload("string::indexOf(string) -> int", str.find),
        overload("string::indexOf(string, int) -> int", _index_of),
        overload("string::lastIndexOf(string) -> int", str.rfind),
        overload("string::lastIndexOf(string, int) -> int", _last_index_of),
        overload("string::lowerAscii() -> string", lambda text: text.translate(_LOWER)),
        overload("string::upperAscii() -> string", lambda text: text.translate(_UPPER)),
        overload("string::replace(string, string) -> string", str.replace),
        overload("string::replace(string, string, int) -> string", str.replace),
        overload("string::split(string) -> list(string)", _split),
        overload("string::split(string, int) -> list(string)", _split),
        overload("string::substring(int) -> string", _substring),
        overload("string::substring(int, int) -> string", _substring),
        overload("string::trim() -> string", str.strip),
        overload("string::format(list(dyn)) -> string", string_format),
        overload("strings.quote(string) -> string", _quote),
        overload("list(string)::join() -> string", "".join),
        overload("list(string)::join(string) -> string", lambda items, separator: separator.join(items)),
        overload("string::find(string) -> string", lambda text, pattern: next(_found(text, pattern), "")),
        overload("string::findAll(string) -> list(string)", lambda text, pattern: list(_found(text, pattern))),
        overload("string::findAll(string, int) -> list(string)", _find_all),
    ]


def _found(text: str, pattern: str) -> Any:
    return (match.group() for match in compiled(pattern).finditer(text))


def _find_all(text: str, pattern: str, limit: int) -> list[str]:
    found = list(_found(text, pattern))
    return found if limit < 0 else found[:limit]


def _char_at(text: str, index: int) -> str:
    if not 0 <= index <= len(text):
        raise EvaluationError(f"index out of range: {index}")
    return text[index : index + 1]


def _index_of(text: str, part: str, offset: int) -> int:
    if not 0 <= offset <= len(text):
        raise EvaluationError(f"index out of range: {offset}")
    return text.find(part, offset)


def _last_index_of(text: str, part: str, offset: int) -> int:
    if not 0 <= offset <= len(text):
        raise EvaluationError(f"index out of range: {offset}")
    return text.rfind(part, 0, offset + len(part))


def _split(text: str, separator: str, limit: int = -1) -> list[str]:
    if limit == 0:
        return []
    if not separator:
        parts = list(text)
        return parts if limit < 0 or len(parts) <= limit else [*parts[: limit - 1], "".join(parts[limit - 1 :])]
    return text.split(separator, limit - 1 if limit > 0 else -1)


def _substring(text: str, start: int, end: int | None = None) -> str:
    end = len(text) if end is None else end
    if start > end:
        raise EvaluationError(f"invalid substring range. start: {start}, end: {end}")
    if not 0 <= start <= len(text):
        raise EvaluationError(f"index out of range: {start}")
    if end > len(text):
        raise EvaluationError(f"index out of range: {end}")
    return text[start:end]


def _quote(text: str) -> str:
    escapes = {"\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}
    escapes |= {"\\": "\\\\", '"': '\\"'}
    return '"' + "".join(escapes.get(char, char) for char in text) + '"'


def string_format(template: str, args: list[Any]) -> str:
    """`format()`: %s %d %f %e %b %x %X %o %%."""
    rest = list(args)

    def clause(match: re.Match[str]) -> str:
        precision, verb = match[1], match[2]
        if verb == "%":
            return "%"
        if not verb:
            raise EvaluationError("unexpected end of string")
        if not rest:
            raise EvaluationError(f"index {len(args)} out of range")
        return _formatted(verb, rest.pop(0), 6 if precision is None else int(precision))

    return _CLAUSE.sub(clause, template)


def _formatted(verb: str, value: Any, precision: int) -> str:
    whole = isinstance(value, int) and not isinstance(value, bool)
    match verb:
        case "s":
            return _text(value)
        case "d" if whole or isinstance(value, float):
            return str(value) if whole else go_float(value)
        case "f" if whole or isinstance(value, float):
            return f"{value:.{precision}f}"
        case "e" if whole or isinstance(value, float):
            return f"{value:.{precision}e}"
        case "b" if isinstance(value, int):
            return f"{value:b}"
        case "o" if whole:
            return f"{value:o}"
        case "x" | "X" if whole:
            return f"{value:{verb}}"
        case "x" | "X" if isinstance(value, (str, bytes)):
            digits = (value.encode() if isinstance(value, str) else value).hex()
            return digits.upper() if verb == "X" else digits
        case "s" | "d" | "f" | "e" | "b" | "o" | "x" | "X":
            raise EvaluationError(f"error during formatting: no formatting for {type_name(value)} with %{verb}")
    raise EvaluationError(f'could not parse formatting clause: unrecognized formatting clause "{verb}"')


def _text(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, dt.timedelta):
        return duration_text(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(_text, value)) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(sorted(f"{_text(key)}: {_text(inner)}" for key, inner in value.items())) + "}"
    return getattr(value, "name", None) or to_string(value)
