"""Writes JSON, and reads it from untrusted sources: a value that Python cannot hold does not hide the rest.

The API server accepts values that Python's reader refuses: values nested thousands of levels deep, and numbers of any
size. Such a value must not break the list or watch that contains it. So it is replaced by an `Unreadable`, and the rest
is read. A text that is not JSON at all is an error, because then the whole answer is broken.

`msgspec` does nearly all of the work, in C. It stops at a value that Python cannot hold, and then `_Reader` reads the
whole text again.
"""

from __future__ import annotations

import contextlib
import json
import math
import re
from json.decoder import scanstring  # type: ignore[attr-defined]  # the typings leave it out
from json.scanner import make_scanner
from typing import Any, Final

import msgspec

from controller.apimachinery.nesting import READ_LIMIT, Unreadable, is_plain

# An escaped surrogate, which is one half of a character. Without the other half it cannot be encoded as UTF-8.
_HALVES: Final = ("\\ud", "\\uD")
_SIGN: Final = re.compile(r"[ \t\n\r]*([{}\[\],:\"]|-?[0-9][0-9.eE+-]*|true|false|null|NaN|-?Infinity|)")
_NUMBER: Final = re.compile(r"(-?(?:0|[1-9][0-9]*))((?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)")
_BRACKET_OR_QUOTE: Final = re.compile(r'[{}\[\]"]')
_BLANKS: Final = re.compile(r"[ \t\n\r]*")
_ENDS: Final = {"{": "}", "[": "]"}
_WORDS: Final = {"true": True, "false": False, "null": None}
# The depth of the items of a List. If one of a thousand items is unreadable, the others are still read quickly.
_DEPTH_OF_ITEMS: Final = 2


def decode(data: bytes) -> Any:
    """Return the value of a JSON document, nested at most READ_LIMIT levels deep. Raises ValueError if it is not JSON.

    Single surrogates become U+FFFD, as in Go.
    """
    with contextlib.suppress(ValueError, RecursionError):
        value = _DECODER.decode(data)
        if _containers(data) < READ_LIMIT or is_plain(value, READ_LIMIT):
            return value
    return _Reader(data.decode(errors="replace")).read()


def encode(value: Any) -> bytes:
    """Return the JSON document of a value. Raises TypeError if it contains what JSON does not have."""
    try:
        return _ENCODER.encode(value)
    except UnicodeEncodeError:
        # Half a character, which came from outside the API. Python escapes it, and the server replaces it.
        return json.dumps(value).encode()


def _containers(data: bytes) -> int:
    """Return at least the number of maps and lists that are not empty. A value cannot be nested deeper than one more.

    Most maps of an object are empty: each managed field is one.
    """
    return data.count(b"{") - data.count(b"{}") + data.count(b"[") - data.count(b"[]")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("too large for a number")
    return number


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is not a number")


_DECODER: Final = msgspec.json.Decoder()
_ENCODER: Final = msgspec.json.Encoder()
# Reads a part of a text, which msgspec cannot do.
_PARTIAL: Final = json.JSONDecoder(parse_float=_finite, parse_constant=_no_number)
_scan: Final = make_scanner(_PARTIAL)  # type: ignore[arg-type]  # the typings confuse it with its answer


class _Reader:
    """Reads one document without recursion."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._position = 0
        # The open maps and lists, the innermost last, and for each map the key of its next value.
        self._open: list[dict[str, Any] | list[Any]] = []
        self._keys: list[str] = []

    def read(self) -> Any:
        """Return the value of the whole document. Raises ValueError if it is not JSON."""
        while True:
            value, is_whole = self._begin()
            while is_whole:
                if not self._open:
                    if not _BLANKS.fullmatch(self._text, self._position):
                        raise self._wrong()
                    return value
                value, is_whole = self._put(value)

    def _begin(self) -> tuple[Any, bool]:
        """Read a value and return (value, True), or only open a map or list and return (None, False)."""
        if len(self._open) == _DEPTH_OF_ITEMS:
            with contextlib.suppress(ValueError, RecursionError, StopIteration):
                return self._quickly(), True
        sign = self._next()
        if sign not in ("{", "["):
            return self._scalar(sign), True
        if len(self._open) == READ_LIMIT:
            return self._skip(), True
        before, following = self._position, self._next()
        if following == _ENDS[sign]:
            return ({} if sign == "{" else []), True
        self._position = before
        self._open.append({} if sign == "{" else [])
        self._keys.append(self._key() if sign == "{" else "")
        return None, False

    def _put(self, value: Any) -> tuple[Any, bool]:
        """Add a value to the innermost map or list. Returns (that, True) if it is complete now, else (None, False)."""
        container, sign = self._open[-1], ""
        if isinstance(container, dict):
            container[self._keys[-1]] = value
            sign = self._next()
            if sign == ",":
                self._keys[-1] = self._key()
        else:
            container.append(value)
            sign = self._next()
        if sign == ",":
            return None, False
        if sign != ("}" if isinstance(container, dict) else "]"):
            raise self._wrong()
        self._keys.pop()
        return self._open.pop(), True

    def _next(self) -> str:
        """Return the next bracket, number, word, or opening quote; "" at the end of the text."""
        match = _SIGN.match(self._text, self._position)
        assert match is not None, "the pattern also matches the empty text"
        self._position = match.end()
        return match[1]

    def _key(self) -> str:
        if self._next() != '"':
            raise self._wrong()
        key = self._string()
        if self._next() != ":":
            raise self._wrong()
        return key

    def _string(self) -> str:
        text, self._position = scanstring(self._text, self._position, True)
        # Pairs of surrogates have been joined by now.
        return str(text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))

    def _scalar(self, sign: str) -> Any:
        if sign == '"':
            return self._string()
        if sign in _WORDS:
            return _WORDS[sign]
        if sign in ("NaN", "Infinity", "-Infinity"):
            return Unreadable(f"{sign}, which is not a number")
        number = _NUMBER.fullmatch(sign)
        if number is None:
            raise self._wrong()
        try:
            return _finite(sign) if number[2] else int(sign)
        except ValueError:
            return Unreadable("a number that is too large")

    def _skip(self) -> Unreadable:
        """Skip a map or list that was opened, and measure only its depth."""
        depth = deepest = 1
        while depth:
            match = _BRACKET_OR_QUOTE.search(self._text, self._position)
            if match is None:
                raise self._wrong()
            self._position = match.end()
            if match[0] == '"':
                self._string()
            elif match[0] in ("{", "["):
                depth += 1
                deepest = max(deepest, depth)
            else:
                depth -= 1
        return Unreadable(f"nested {deepest} levels deep", deepest)

    def _quickly(self) -> Any:
        """Return the value that begins here if Python can hold all of it. Otherwise raises one of several errors."""
        before = self._position
        match = _BLANKS.match(self._text, before)
        value, end = _scan(self._text, match.end() if match else before)
        if not is_plain(value, READ_LIMIT - _DEPTH_OF_ITEMS):
            raise ValueError("nested too deep")
        if any(self._text.find(half, before, end) >= 0 for half in _HALVES):
            raise ValueError("single surrogate")
        self._position = end
        return value

    def _wrong(self) -> ValueError:
        return ValueError(f"not JSON at character {self._position}")
