"""Compiles a syntax tree into Python closures. A compiled expression is safe for use by many threads.

Source of the rules: the CEL language definition, "Evaluation": errors are absorbed by `&&`, `||`, `all` and `exists`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from . import ast, values
from .ast import Expr
from .checker import TYPE_NAMES, qualified_name
from .errors import EvaluationError
from .types import Functions, Type
from .values import NONE, Optional, TypeValue, UInt, no_overload

Scope = Mapping[str, Any]
Program = Callable[[Scope], Any]

_BINARY: Mapping[str, Callable[[Any, Any], Any]] = {
    "_==_": values.equal,
    "_!=_": lambda left, right: not values.equal(left, right),
    "_<_": lambda left, right: values.compare(left, right) < 0,
    "_<=_": lambda left, right: values.compare(left, right) <= 0,
    "_>_": lambda left, right: values.compare(left, right) > 0,
    "_>=_": lambda left, right: values.compare(left, right) >= 0,
    "_+_": values.add,
    "_-_": values.subtract,
    "_*_": values.multiply,
    "_/_": values.divide,
    "_%_": values.modulo,
    "@in": lambda value, container: values.contains(container, value),
}
_TYPE_TESTS: Mapping[str, Callable[[Any], bool]] = {
    "bool": lambda v: isinstance(v, bool),
    "int": lambda v: isinstance(v, int) and not isinstance(v, (bool, UInt)),
    "uint": lambda v: isinstance(v, UInt),
    "double": lambda v: isinstance(v, float),
    "string": lambda v: isinstance(v, str),
    "bytes": lambda v: isinstance(v, bytes),
    "list": lambda v: isinstance(v, list),
    "map": lambda v: isinstance(v, dict),
    "timestamp": lambda v: isinstance(v, dt.datetime),
    "duration": lambda v: isinstance(v, dt.timedelta),
    "optional_type": lambda v: isinstance(v, Optional),
}


def build(node: Expr, functions: Functions) -> Program:
    """A function from variables to the expression's value. It raises EvaluationError."""
    return _Builder(functions).build(node, frozenset())


class _Builder:
    def __init__(self, functions: Functions) -> None:
        self._functions = functions

    def build(self, node: Expr, bound: frozenset[str]) -> Program:
        match node:
            case ast.Literal():
                value = node.value
                return lambda scope: value
            case ast.Ident():
                return self._ident(node, bound)
            case ast.Select():
                return self._select(node, bound)
            case ast.Call():
                return self._call(node, bound)
            case ast.ListLiteral():
                return self._list(node, bound)
            case ast.MapLiteral():
                return self._map(node, bound)
            case ast.Comprehension():
                return self._comprehension(node, bound)
            case ast.Bind():
                return self._bind(node, bound)

    def _ident(self, node: ast.Ident, bound: frozenset[str]) -> Program:
        name = node.name
        if name in TYPE_NAMES and name not in bound:
            kind = TypeValue(name)
            return lambda scope: scope.get(name, kind)

        def variable(scope: Scope) -> Any:
            try:
                return scope[name]
            except KeyError:
                raise EvaluationError(f"no such attribute(s): {name}") from None

        return variable

    def _select(self, node: ast.Select, bound: frozenset[str]) -> Program:
        name = qualified_name(node)
        if name in ("google.protobuf.Timestamp", "google.protobuf.Duration"):
            return lambda scope: TypeValue(name)
        operand, field = self.build(node.operand, bound), node.field
        if node.test_only:
            return lambda scope: _has(operand(scope), field)
        if node.optional:
            return lambda scope: _optional_item(operand(scope), field)
        return lambda scope: _item(operand(scope), field)

    def _call(self, node: ast.Call, bound: frozenset[str]) -> Program:
        args = [self.build(arg, bound) for arg in node.args]
        match node.function, args:
            case "_&&_", [left, right]:
                return lambda scope: _logical((left, right), scope, decisive=False)
            case "_||_", [left, right]:
                return lambda scope: _logical((left, right), scope, decisive=True)
            case "_?_:_", [test, then, otherwise]:
                return lambda scope: then(scope) if _bool(test(scope)) else otherwise(scope)
            case "!_", [operand]:
                return lambda scope: not _bool(operand(scope))
            case "-_", [operand]:
                return lambda scope: values.negate(operand(scope))
            case "_[_]", [container, key]:
                return lambda scope: _item(container(scope), key(scope))
            case "_[?_]", [container, key]:
                return lambda scope: _optional_item(container(scope), key(scope))
        operator = _BINARY.get(node.function)
        if operator is not None and len(args) == 2:
            left, right = args
            return lambda scope: operator(left(scope), right(scope))
        return self._function(node, args, bound)

    def _function(self, node: ast.Call, args: list[Program], bound: frozenset[str]) -> Program:
        name, member = node.function, False
        if node.target is not None:
            prefix = qualified_name(node.target)
            if prefix and f"{prefix}.{name}" in self._functions:
                name = f"{prefix}.{name}"
            else:
                member = True
                args = [self.build(node.target, bound), *args]
        overloads = [o for o in self._functions.overloads(name, member=member) if len(o.params) == len(args)]
        tests = [(tuple(map(_type_test, o.params)), o.run) for o in overloads]

        def call(scope: Scope) -> Any:
            given = [arg(scope) for arg in args]
            for accepts, run in tests:
                if run is not None and all(t is None or t(v) for t, v in zip(accepts, given, strict=True)):
                    return run(*given)
            raise no_overload()

        return call

    def _list(self, node: ast.ListLiteral, bound: frozenset[str]) -> Program:
        items = [(self.build(item, bound), index in node.optional) for index, item in enumerate(node.items)]

        def build_list(scope: Scope) -> list[Any]:
            result = []
            for item, optional in items:
                value = item(scope)
                if not optional:
                    result.append(value)
                elif value.present:
                    result.append(value.value)
            return result

        return build_list

    def _map(self, node: ast.MapLiteral, bound: frozenset[str]) -> Program:
        entries = [(self.build(k, bound), self.build(v, bound), optional) for k, v, optional in node.entries]

        def build_map(scope: Scope) -> dict[Any, Any]:
            result: dict[Any, Any] = {}
            for key, value, optional in entries:
                name, inner = key(scope), value(scope)
                if name in result:
                    raise EvaluationError(f"Failed with repeated key {name}")
                if not optional:
                    result[name] = inner
                elif inner.present:
                    result[name] = inner.value
            return result

        return build_map

    def _bind(self, node: ast.Bind, bound: frozenset[str]) -> Program:
        target, variable = self.build(node.target, bound), node.variable
        body = self.build(node.body, bound | {variable})
        wraps = node.macro == "optMap"

        def bind(scope: Scope) -> Any:
            optional = target(scope)
            if not optional.present:
                return NONE
            value = body({**scope, variable: optional.value})
            return Optional(True, value) if wraps else value

        return bind

    def _comprehension(self, node: ast.Comprehension, bound: frozenset[str]) -> Program:
        target, names = self.build(node.target, bound), node.variables
        args = [self.build(arg, bound | set(names)) for arg in node.args]
        body, macro = args[-1], node.macro
        keep: Program = args[0] if len(args) == 2 else lambda scope: True

        def scopes(scope: Scope) -> Iterable[tuple[dict[str, Any], tuple[Any, ...]]]:
            inner = dict(scope)
            for element in _elements(target(scope), len(names)):
                inner.update(zip(names, element, strict=True))
                yield inner, element

        match macro:
            case "all" | "exists":
                decisive = macro == "exists"
                return lambda scope: _quantified(body, (inner for inner, _ in scopes(scope)), decisive=decisive)
            case "exists_one" | "existsOne":
                return lambda scope: sum(_bool(body(inner)) for inner, _ in scopes(scope)) == 1
            case "filter":
                return lambda scope: [element[0] for inner, element in scopes(scope) if _bool(body(inner))]
            case "map" | "transformList":
                return lambda scope: [body(inner) for inner, _ in scopes(scope) if _bool(keep(inner))]
            case "transformMap":
                return lambda scope: {e[0]: body(inner) for inner, e in scopes(scope) if _bool(keep(inner))}

        def merged(scope: Scope) -> dict[Any, Any]:
            result: dict[Any, Any] = {}
            for inner, _ in scopes(scope):
                for key, value in body(inner).items() if _bool(keep(inner)) else ():
                    if key in result:
                        raise EvaluationError(f"insert failed: key {key} already exists")
                    result[key] = value
            return result

        return merged


def _type_test(kind: Type) -> Callable[[Any], bool] | None:
    """Whether a value may be passed where `kind` is wanted; None accepts anything."""
    if "." in kind.name:
        return lambda value: getattr(value, "cel_type", "") == kind.name
    return _TYPE_TESTS.get(kind.name)


def _bool(value: Any) -> bool:
    if value is True or value is False:
        return value
    raise no_overload()


def _logical(sides: tuple[Program, ...], scope: Scope, *, decisive: bool) -> bool:
    """`||` (decisive is True) and `&&`: an error counts only if no side decides."""
    error: EvaluationError | None = None
    for side in sides:
        try:
            if _bool(side(scope)) is decisive:
                return decisive
        except EvaluationError as caught:
            error = error or caught
    if error is not None:
        raise error
    return not decisive


def _quantified(body: Program, scopes: Iterable[Scope], *, decisive: bool) -> bool:
    error: EvaluationError | None = None
    for scope in scopes:
        try:
            if _bool(body(scope)) is decisive:
                return decisive
        except EvaluationError as caught:
            error = error or caught
    if error is not None:
        raise error
    return not decisive


def _elements(container: Any, variables: int) -> Iterable[tuple[Any, ...]]:
    if isinstance(container, list):
        return enumerate(container) if variables == 2 else ((item,) for item in container)
    if isinstance(container, dict):
        return container.items() if variables == 2 else ((key,) for key in container)
    raise no_overload()


def _item(container: Any, key: Any) -> Any:
    if isinstance(container, Optional):
        return _optional_item(container, key)
    found, value = _lookup(container, key)
    if found:
        return value
    if isinstance(container, list):
        raise EvaluationError(f"index out of bounds: {key}")
    raise EvaluationError(f"no such key: {key}")


def _optional_item(container: Any, key: Any) -> Optional:
    if isinstance(container, Optional):
        if not container.present:
            return NONE
        container = container.value
    found, value = _lookup(container, key)
    return Optional(True, value) if found else NONE


def _has(container: Any, field: str) -> bool:
    if isinstance(container, Optional):
        return container.present and _has(container.value, field)
    if isinstance(container, dict):
        return field in container
    raise no_overload()


def _lookup(container: Any, key: Any) -> tuple[bool, Any]:
    if isinstance(container, dict):
        if isinstance(key, float) and key.is_integer():
            key = int(key)
        return key in container, container.get(key)
    if isinstance(container, list):
        if not values.is_number(key) or key != int(key):
            raise EvaluationError(f"unsupported index value {key} in list")
        position = int(key)
        inside = 0 <= position < len(container)
        return inside, container[position] if inside else None
    raise no_overload()
