"""Label selectors: the grammar, its error texts, and matching (k8s.io/apimachinery, labels/selector.go)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import bad_request
from ..fielderrors import NO_FIELD, invalid
from ..validation import names

_OPERATORS = ("in", "notin", "=", "==", "!=", "gt", "lt")
_SYMBOLS = ("==", "!=", "=", "!", "(", ")", ",", ">", "<")
_SPECIAL = "=!(),><"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One condition. `operator` is one of exists, !, =, !=, in, notin, >, <."""

    key: str
    operator: str
    values: tuple[str, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels satisfy it."""
        value = labels.get(self.key)
        if self.operator == "exists":
            return value is not None
        if self.operator == "!":
            return value is None
        if self.operator in ("in", "="):
            return value in self.values
        if self.operator in ("notin", "!="):
            return value is None or value not in self.values
        return _compare(value, self.operator, self.values[0])


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """All requirements together; without any it matches everything."""

    requirements: tuple[Requirement, ...] = ()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether the labels satisfy every requirement."""
        return all(requirement.matches(labels) for requirement in self.requirements)


def _compare(value: str | None, operator: str, bound: str) -> bool:
    try:
        number, limit = int(value or ""), int(bound)
    except ValueError:
        return False
    return number > limit if operator == ">" else number < limit


def parse(text: str) -> LabelSelector:
    """The selector of a query parameter.

    Raises:
        StatusError: 400 with the parser's sentence.
    """
    return LabelSelector(tuple(_Parser(text).parse()))


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = list(_tokenize(text))
        self._position = 0

    def parse(self) -> list[Requirement]:
        requirements: list[Requirement] = []
        while True:
            kind, literal = self._peek()
            if kind == "end":
                return requirements
            if kind not in ("word", "!"):
                raise bad_request(f"found '{literal}', expected: !, identifier, or 'end of string'")
            try:
                requirements.append(self._requirement())
            except _ParseError as error:
                raise bad_request(f"unable to parse requirement: {error}") from error
            kind, literal = self._next()
            if kind == "end":
                return requirements
            if kind != ",":
                raise bad_request(f"found '{literal}', expected: ',' or 'end of string'")
            kind, literal = self._peek()
            if kind not in ("word", "!"):
                raise bad_request(f"found '{literal}', expected: identifier after ','")

    def _peek(self) -> tuple[str, str]:
        return self._tokens[self._position]

    def _next(self) -> tuple[str, str]:
        token = self._tokens[self._position]
        self._position = min(self._position + 1, len(self._tokens) - 1)
        return token

    def _requirement(self) -> Requirement:
        kind, literal = self._next()
        negated = kind == "!"
        if negated:
            kind, literal = self._next()
        if kind != "word":
            raise _ParseError(f"found '{literal}', expected: identifier")
        key = literal
        _refuse(NO_FIELD, key, names.qualified_name(key))
        if self._peek()[0] in ("end", ","):
            return Requirement(key, "!" if negated else "exists")
        if negated:
            return Requirement(key, "!")
        kind, literal = self._next()
        operator = literal if kind == "word" else kind
        if operator in ("in", "notin"):
            values = self._value_list()
        elif operator in ("=", "==", "!=", ">", "<"):
            values = (self._exact_value(),)
        else:
            raise _ParseError(f"found '{literal}', expected: {', '.join(_OPERATORS)}")
        return _checked(key, "=" if operator == "==" else operator, values)

    def _exact_value(self) -> str:
        if self._peek()[0] in ("end", ","):
            return ""
        kind, literal = self._next()
        if kind != "word":
            raise _ParseError(f"found '{literal}', expected: identifier")
        return literal

    def _value_list(self) -> tuple[str, ...]:
        kind, literal = self._next()
        if kind != "(":
            raise _ParseError(f"found '{literal}' expected: '('")
        values: list[str] = []
        expect_value = True
        while True:
            kind, literal = self._next()
            if kind == "word" and expect_value:
                values.append(literal)
                expect_value = False
                if self._peek()[0] not in (",", ")"):
                    raise _ParseError(f"found '{self._peek()[1]}', expected: ',' or ')'")
            elif kind == ",":
                if expect_value:
                    values.append("")
                expect_value = True
            elif kind == ")":
                if expect_value:
                    values.append("")
                return tuple(sorted(set(values)))
            else:
                expected = "',', or identifier" if values else "',', ')' or identifier"
                raise _ParseError(f"found '{literal}', expected: {expected}")


class _ParseError(Exception):
    """A requirement that does not follow the grammar."""


def _refuse(path: str, value: str, wrong: list[str]) -> None:
    if wrong:
        raise _ParseError(invalid(path, value, "; ".join(wrong)).message)


def _checked(key: str, operator: str, values: tuple[str, ...]) -> Requirement:
    if operator in (">", "<"):
        try:
            int(values[0])
        except ValueError:
            text = "for 'Gt', 'Lt' operators, the value must be an integer"
            raise _ParseError(invalid("values[0]", values[0], text).message) from None
    for value in values:
        _refuse(f"values[{values.index(value)}][{key}]", value, names.label_value(value))
    return Requirement(key, operator, values)


def _tokenize(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position = 0
    while position < len(text):
        char = text[position]
        if char in " \t\r\n":
            position += 1
        elif char in _SPECIAL:
            symbol = next(symbol for symbol in _SYMBOLS if text.startswith(symbol, position))
            tokens.append((symbol, symbol))
            position += len(symbol)
        else:
            end = position
            while end < len(text) and text[end] not in _SPECIAL and text[end] not in " \t\r\n":
                end += 1
            tokens.append(("word", text[position:end]))
            position = end
    tokens.append(("end", ""))
    return tokens
