"""Compiling expressions in the environment that the API server gives to validation rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from .ast import Bind, Call, Comprehension, Expr, Ident, ListLiteral, Literal, MapLiteral, Select
from .checker import check
from .evaluator import Program, build
from .parser import parse
from .standard import standard_functions
from .strings import string_functions
from .types import Functions, Type


@cache
def functions() -> Functions:
    """Every function that rules may call. The table never changes, so all rules share it."""
    return Functions([*standard_functions(), *string_functions()])


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression.

    Attributes:
        result: the type of its value.
        variables: names of the free variables it uses.
        run: from variables to its value; raises EvaluationError.
    """

    result: Type
    variables: frozenset[str]
    run: Program


def compile_expression(source: str, variables: Mapping[str, Type]) -> Expression:
    """Parse, check and compile an expression over the given variables. Raises CompileError."""
    tree = parse(source)
    result = check(source, tree, variables=variables, functions=functions())
    return Expression(result=result, variables=_free(tree) & variables.keys(), run=build(tree, functions()))


def _free(node: Expr) -> frozenset[str]:
    match node:
        case Literal():
            return frozenset()
        case Ident():
            return frozenset((node.name,))
        case Select():
            return _free(node.operand)
        case Call():
            parts = [*node.args, *([node.target] if node.target else [])]
            return frozenset().union(*map(_free, parts))
        case ListLiteral():
            return frozenset().union(*map(_free, node.items))
        case MapLiteral():
            return frozenset().union(*(_free(key) | _free(value) for key, value, _ in node.entries))
        case Comprehension():
            inner: frozenset[str] = frozenset().union(*map(_free, node.args))
            return _free(node.target) | (inner - set(node.variables))
        case Bind():
            return _free(node.target) | (_free(node.body) - {node.variable})
