"""Field selectors: `path=value,path!=value` over the few fields a resource offers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import bad_request

FieldReader = Callable[[dict[str, Any]], str]


@dataclass(frozen=True, slots=True)
class FieldTerm:
    """One condition; `equal` False means `!=`."""

    path: str
    value: str
    equal: bool


@dataclass(frozen=True, slots=True)
class FieldSelector:
    """All terms together; without any it matches everything."""

    terms: tuple[FieldTerm, ...] = ()
    readers: Mapping[str, FieldReader] | None = None

    def matches(self, obj: dict[str, Any]) -> bool:
        """Whether the object satisfies every term."""
        readers = self.readers or {}
        return all((readers[term.path](obj) == term.value) == term.equal for term in self.terms)

    def exact(self, path: str) -> str | None:
        """The value that `path` must have, or None where the selector does not say."""
        return next((term.value for term in self.terms if term.path == path and term.equal), None)


def parse(text: str, readers: Mapping[str, FieldReader], unknown: Callable[[str], str]) -> FieldSelector:
    """The selector of a query parameter.

    Args:
        text: the parameter.
        readers: what each supported path reads from an object.
        unknown: the sentence that refuses a path that is not supported.

    Raises:
        StatusError: 400.
    """
    terms = []
    for part in _split(text):
        if not part:
            continue
        term = _term(text, part)
        if term.path not in readers:
            raise bad_request(unknown(term.path))
        terms.append(term)
    return FieldSelector(tuple(terms), readers)


def _term(text: str, part: str) -> FieldTerm:
    for position, char in enumerate(part):
        if part[position - 1 : position] == "\\":
            continue
        for operator, equal in (("!=", False), ("==", True), ("=", True)):
            if part.startswith(operator, position) and char in "!=":
                path, value = part[:position], part[position + len(operator) :]
                return FieldTerm(path, _unescape(value), equal)
    raise bad_request(f"invalid selector: '{text}'; can't understand '{part}'")


def _split(text: str) -> list[str]:
    parts, start, position = [], 0, 0
    while position < len(text):
        if text[position] == "\\":
            position += 1
        elif text[position] == ",":
            parts.append(text[start:position])
            start = position + 1
        position += 1
    return [*parts, text[start:]]


def _unescape(value: str) -> str:
    out, escaped = [], False
    for char in value:
        if escaped:
            if char not in "\\,=":
                raise bad_request(f"invalid field selector: invalid escape sequence: \\{char}")
            out.append(char)
            escaped = False
        elif char == "\\":
            escaped = True
        elif char in ",=":
            raise bad_request(f"invalid field selector: unescaped character in value: {char}")
        else:
            out.append(char)
    if escaped:
        raise bad_request("invalid field selector: invalid escape sequence: \\")
    return "".join(out)
