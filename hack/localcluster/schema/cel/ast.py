"""The syntax tree of a CEL expression. `at` is the offset in the source that errors point to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant; its type follows from the Python type (`values` says how)."""

    value: Any
    at: int


@dataclass(frozen=True, slots=True)
class Ident:
    """A variable, a type, or the first part of a qualified name."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Select:
    """`operand.field`; with `optional`, `operand.?field`; with `test_only`, `has(operand.field)`."""

    operand: Expr
    field: str
    at: int
    test_only: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A function or operator (`_+_`); `target` is what a member call is made on."""

    function: str
    args: tuple[Expr, ...]
    at: int
    target: Expr | None = None


@dataclass(frozen=True, slots=True)
class ListLiteral:
    """`[a, ?b]`: `optional` holds the positions marked with a question mark."""

    items: tuple[Expr, ...]
    optional: frozenset[int]
    at: int


@dataclass(frozen=True, slots=True)
class MapLiteral:
    """`{k: v, ?k: v}` as (key, value, optional) entries."""

    entries: tuple[tuple[Expr, Expr, bool], ...]
    at: int


@dataclass(frozen=True, slots=True)
class Comprehension:
    """A macro that walks a list or map: `all`, `exists`, `exists_one`, `map`, `filter`, `transformList`...

    `variables` are one or two names; `args` are the expressions after them, evaluated per element.
    """

    macro: str
    target: Expr
    variables: tuple[str, ...]
    args: tuple[Expr, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Bind:
    """`optMap`, `optFlatMap`: `body` with `variable` set to the content of the optional `target`, if it has any."""

    macro: str
    target: Expr
    variable: str
    body: Expr
    at: int


Expr = Literal | Ident | Select | Call | ListLiteral | MapLiteral | Comprehension | Bind
