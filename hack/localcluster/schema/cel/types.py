"""Types of CEL expressions, and the signatures of functions.

Source of the rules: the CEL language definition, "Gradual type checking".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any


@dataclass(frozen=True, slots=True)
class Type:
    """A type: a name and its parameters. Fields (of objects) do not count for equality.

    Type parameters of signatures have one capital letter as their name; fresh ones are numbered (`A#7`).
    """

    name: str
    params: tuple[Type, ...] = ()
    fields: Mapping[str, Type] | None = field(default=None, compare=False)

    def __str__(self) -> str:
        return f"{self.name}({', '.join(map(str, self.params))})" if self.params else self.name

    @property
    def is_parameter(self) -> bool:
        """Whether this is a type parameter."""
        return self.name[0].isupper() and (len(self.name) == 1 or self.name[1] == "#")

    def with_params(self, params: Iterable[Type]) -> Type:
        """Return a copy of the type with other parameters."""
        return replace(self, params=tuple(params)) if self.params else self


DYN = Type("dyn")
ERROR = Type("!error!")
BOOL, INT, UINT, DOUBLE = Type("bool"), Type("int"), Type("uint"), Type("double")
STRING, BYTES, NULL = Type("string"), Type("bytes"), Type("null")
DURATION, TIMESTAMP = Type("duration"), Type("timestamp")
ANY_TYPE = Type("type")


def list_of(item: Type) -> Type:
    """`list(item)`."""
    return Type("list", (item,))


def map_of(key: Type, value: Type) -> Type:
    """`map(key, value)`."""
    return Type("map", (key, value))


def optional_of(inner: Type) -> Type:
    """`optional_type(inner)`."""
    return Type("optional_type", (inner,))


@dataclass(frozen=True, slots=True)
class Overload:
    """One way to call a function.

    Attributes:
        function: its name, with its namespace (`strings.quote`).
        member: whether it is called on its first parameter (`text.trim()`).
        params: the types of its parameters, the receiver first.
        result: the type of its result.
        run: the implementation; None for operators, which the evaluator knows.
    """

    function: str
    member: bool
    params: tuple[Type, ...]
    result: Type
    run: Callable[..., Any] | None = None


class Functions:
    """All functions of an environment, by name."""

    def __init__(self, overloads: Iterable[Overload]) -> None:
        self._by_name: dict[str, list[Overload]] = {}
        for overload in overloads:
            self._by_name.setdefault(overload.function, []).append(overload)

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def overloads(self, name: str, *, member: bool) -> list[Overload]:
        """The overloads of a name in one calling style."""
        return [overload for overload in self._by_name.get(name, ()) if overload.member == member]


_SIGNATURE = re.compile(r"^(?:(?P<receiver>.+?)::)?(?P<name>[^(]+)\((?P<params>.*)\) -> (?P<result>.+)$")


def overload(signature: str, run: Callable[..., Any] | None = None) -> Overload:
    """An overload from its signature: `name(int, list(A)) -> bool`, member functions as `string::name(int) -> bool`."""
    match = _SIGNATURE.match(signature)
    if match is None:
        raise ValueError(f"not a signature: {signature}")
    params = [parse_type(text) for text in _split(match["params"])]
    if match["receiver"]:
        params.insert(0, parse_type(match["receiver"]))
    return Overload(match["name"], bool(match["receiver"]), tuple(params), parse_type(match["result"]), run)


def parse_type(text: str) -> Type:
    """A type from its text, e.g. `map(string, list(int))`."""
    name, opening, rest = text.strip().partition("(")
    return Type(name, tuple(parse_type(part) for part in _split(rest[:-1])) if opening else ())


def _split(text: str) -> list[str]:
    parts, depth, start = [], 0, 0
    for index, char in enumerate(text):
        depth += (char == "(") - (char == ")")
        if char == "," and depth == 0:
            parts.append(text[start:index])
            start = index + 1
    return [part.strip() for part in [*parts, text[start:]] if part.strip()]
