"""Type-checks a CEL expression against the declared types, as the API server does before it accepts a rule.

Source of the rules: the CEL language definition, "Gradual type checking"; errors are worded as cel-go words them.
"""

from __future__ import annotations

from collections.abc import Mapping

from . import ast
from .ast import Expr
from .errors import CompileError, Issue
from .types import (
    ANY_TYPE,
    BOOL,
    BYTES,
    DOUBLE,
    DURATION,
    DYN,
    ERROR,
    INT,
    NULL,
    STRING,
    TIMESTAMP,
    UINT,
    Functions,
    Type,
    list_of,
    map_of,
    optional_of,
)
from .values import UInt

TYPE_NAMES: Mapping[str, Type] = {
    "bool": BOOL,
    "int": INT,
    "uint": UINT,
    "double": DOUBLE,
    "string": STRING,
    "bytes": BYTES,
    "null_type": NULL,
    "type": ANY_TYPE,
    "dyn": DYN,
    "list": list_of(DYN),
    "map": map_of(DYN, DYN),
}


def check(source: str, expression: Expr, *, variables: Mapping[str, Type], functions: Functions) -> Type:
    """Return the type of an expression. Raises CompileError with everything that does not fit."""
    checker = _Checker(functions)
    result = checker.resolve(checker.check(expression, dict(variables)))
    if checker.issues or checker.mixed:
        raise CompileError(source, checker.issues or checker.mixed)
    return result


def qualified_name(expression: Expr | None) -> str:
    """`a.b.c` for a chain of plain selections, else ""."""
    if isinstance(expression, ast.Ident):
        return expression.name
    if isinstance(expression, ast.Select) and not expression.test_only and not expression.optional:
        prefix = qualified_name(expression.operand)
        return f"{prefix}.{expression.field}" if prefix else ""
    return ""


class _Checker:
    def __init__(self, functions: Functions) -> None:
        self.issues: list[Issue] = []
        self.mixed: list[Issue] = []  # literals of several types: only reported if nothing else is wrong
        self._mixing_allowed = False
        self._functions = functions
        self._bindings: dict[Type, Type] = {}
        self._fresh = 0

    def check(self, node: Expr, scope: Mapping[str, Type]) -> Type:
        match node:
            case ast.Literal():
                return _literal_type(node.value)
            case ast.Ident():
                return self._ident(node, scope)
            case ast.Select():
                return self._select(node, scope)
            case ast.Call():
                return self._call(node, scope)
            case ast.ListLiteral():
                return self._list(node, scope)
            case ast.MapLiteral():
                return self._map(node, scope)
            case ast.Comprehension():
                return self._comprehension(node, scope)
            case ast.Bind():
                return self._bind(node, scope)

    def _issue(self, at: int, message: str) -> Type:
        self.issues.append(Issue(at, message))
        return ERROR

    def _ident(self, node: ast.Ident, scope: Mapping[str, Type]) -> Type:
        if node.name in scope:
            return scope[node.name]
        if node.name in TYPE_NAMES:
            return Type("type", (TYPE_NAMES[node.name],))
        return self._issue(node.at, f"undeclared reference to '{node.name}' (in container '')")

    def _select(self, node: ast.Select, scope: Mapping[str, Type]) -> Type:
        if not node.test_only and qualified_name(node) in ("google.protobuf.Timestamp", "google.protobuf.Duration"):
            return Type("type", (DYN,))
        operand = self.resolve(self.check(node.operand, scope))
        target, was_optional = _unwrap(operand)
        if target.name == "map":
            result = target.params[1]
        elif target.fields is not None:
            found = target.fields.get(node.field)
            result = found if found is not None else self._issue(node.at, f"undefined field '{node.field}'")
        elif target.is_parameter or target in (DYN, ERROR):
            result = DYN
        else:
            self._issue(node.at, f"type '{target}' does not support field selection")
            result = DYN
        if node.test_only:
            return BOOL
        return optional_of(result) if was_optional or node.optional else result

    def _call(self, node: ast.Call, scope: Mapping[str, Type]) -> Type:
        if node.function in ("_&&_", "_||_"):
            for arg in node.args:
                found = self.resolve(self.check(arg, scope))
                if not self._assignable(found, BOOL):
                    self._issue(arg.at, f"expected type 'bool' but found '{found}'")
            return BOOL
        args = self._arguments(node, scope)
        if node.target is None:
            if node.function not in self._functions:
                return self._issue(node.at, f"undeclared reference to '{node.function}' (in container '')")
            return self._overload(node, node.function, args, member=False)
        prefix = qualified_name(node.target)
        if prefix and f"{prefix}.{node.function}" in self._functions:
            return self._overload(node, f"{prefix}.{node.function}", args, member=False)
        target = self.check(node.target, scope)
        if node.function not in self._functions:
            return self._issue(node.at, f"undeclared reference to '{node.function}' (in container '')")
        return self._overload(node, node.function, [target, *args], member=True)

    def _arguments(self, node: ast.Call, scope: Mapping[str, Type]) -> list[Type]:
        allowed = self._mixing_allowed
        self._mixing_allowed = allowed or node.function == "format"
        found = [self.check(arg, scope) for arg in node.args]
        self._mixing_allowed = allowed
        return found

    def _overload(self, node: ast.Call, name: str, args: list[Type], *, member: bool) -> Type:
        result: Type | None = None
        for overload in self._functions.overloads(name, member=member):
            if len(overload.params) != len(args):
                continue
            fresh = self._fresh_parameters((*overload.params, overload.result))
            before = dict(self._bindings)
            if all(map(self._assignable, args, fresh[:-1])):
                found = self.resolve(fresh[-1])
                result = found if result is None or result == found else DYN
            else:
                self._bindings = before
        if result is not None:
            return result
        shown = [str(_shown(self.resolve(arg))) for arg in args]
        receiver = f"{shown.pop(0)}." if member else ""
        return self._issue(
            node.at, f"found no matching overload for '{name}' applied to '{receiver}({', '.join(shown)})'"
        )

    def _list(self, node: ast.ListLiteral, scope: Mapping[str, Type]) -> Type:
        joined: Type | None = None
        for index, item in enumerate(node.items):
            found = self.resolve(self.check(item, scope))
            if index in node.optional:
                found = self._unwrapped(item, found)
            joined = self._join(item, joined, found)
        return list_of(joined or self._parameter("A"))

    def _map(self, node: ast.MapLiteral, scope: Mapping[str, Type]) -> Type:
        key: Type | None = None
        value: Type | None = None
        for name, inner, optional in node.entries:
            key = self._join(name, key, self.resolve(self.check(name, scope)))
            found = self.resolve(self.check(inner, scope))
            value = self._join(inner, value, self._unwrapped(inner, found) if optional else found)
        return map_of(key or self._parameter("A"), value or self._parameter("B"))

    def _unwrapped(self, node: Expr, found: Type) -> Type:
        inner, was_optional = _unwrap(found)
        if not was_optional and found != DYN:
            self._issue(node.at, f"expected type '{optional_of(found)}' but found '{found}'")
        return inner

    def _join(self, node: Expr, previous: Type | None, current: Type) -> Type:
        if previous is None or self._assignable(current, previous):
            return previous or current
        if not self._mixing_allowed:
            message = f"expected type '{_shown(previous)}' but found '{_shown(current)}'"
            self.mixed.append(Issue(node.at, message))
        return DYN

    def _comprehension(self, node: ast.Comprehension, scope: Mapping[str, Type]) -> Type:
        target = self.resolve(self.check(node.target, scope))
        if target.name == "list":
            types = [INT, target.params[0]] if len(node.variables) == 2 else [target.params[0]]
        elif target.name == "map":
            types = list(target.params)
        elif target in (DYN, ERROR) or target.is_parameter:
            types = [DYN, DYN]
        else:
            self._issue(
                node.target.at,
                f"expression of type '{target}' cannot be range of a comprehension (must be list, map, or dynamic)",
            )
            types = [ERROR, ERROR]
        inner = {**scope, **dict(zip(node.variables, types, strict=False))}
        found = [self.resolve(self.check(arg, inner)) for arg in node.args]
        predicates = (
            found[:-1] if node.macro in ("map", "transformList", "transformMap", "transformMapEntry") else found
        )
        for arg, kind in zip(node.args, predicates, strict=False):
            if not self._assignable(kind, BOOL):
                operator = {"all": "_&&_", "exists": "_||_"}.get(node.macro, "_?_:_")
                shown = f"(bool, {kind})" if operator != "_?_:_" else f"({kind}, {_accumulator(node, found)})"
                if operator == "_?_:_":
                    self._issue(arg.at, f"found no matching overload for '{operator}' applied to '{shown}'")
                else:
                    self._issue(arg.at, f"expected type 'bool' but found '{kind}'")
        match node.macro:
            case "map" | "transformList":
                return list_of(found[-1])
            case "filter":
                return list_of(types[0])
            case "transformMap":
                return map_of(types[0], found[-1])
            case "transformMapEntry":
                return found[-1]
        return BOOL

    def _bind(self, node: ast.Bind, scope: Mapping[str, Type]) -> Type:
        inner, _ = _unwrap(self.resolve(self.check(node.target, scope)))
        body = self.resolve(self.check(node.body, {**scope, node.variable: inner}))
        return optional_of(body) if node.macro == "optMap" else body

    def _parameter(self, letter: str) -> Type:
        self._fresh += 1
        return Type(f"{letter}#{self._fresh}")

    def _fresh_parameters(self, types: tuple[Type, ...]) -> list[Type]:
        renamed: dict[Type, Type] = {}

        def fresh(kind: Type) -> Type:
            if kind.is_parameter:
                if kind not in renamed:
                    renamed[kind] = self._parameter(kind.name[0])
                return renamed[kind]
            return kind.with_params(map(fresh, kind.params))

        return [fresh(kind) for kind in types]

    def resolve(self, kind: Type) -> Type:
        """The type with everything put in that is known of its parameters."""
        if kind.is_parameter:
            return self.resolve(self._bindings[kind]) if kind in self._bindings else kind
        return kind.with_params(map(self.resolve, kind.params))

    def _assignable(self, given: Type, wanted: Type) -> bool:
        given, wanted = self.resolve(given), self.resolve(wanted)
        if given == wanted or given in (DYN, ERROR) or wanted in (DYN, ERROR):
            return True
        for one, other in ((wanted, given), (given, wanted)):
            if one.is_parameter:
                self._bindings[one] = other
                return True
        if given == NULL:
            return wanted.fields is not None or "." in wanted.name or wanted in (DURATION, TIMESTAMP)
        if wanted == NULL:
            return given.fields is not None or "." in given.name or given in (DURATION, TIMESTAMP)
        if given.name == wanted.name == "type":
            return True
        same_shape = given.name == wanted.name and len(given.params) == len(wanted.params) > 0
        return same_shape and all(map(self._assignable, given.params, wanted.params))


def _accumulator(node: ast.Comprehension, found: list[Type]) -> str:
    if node.macro in ("exists_one", "existsOne"):
        return "int, int"
    item = found[-1] if node.macro != "filter" else DYN
    return f"list({item}), list({item})"


def _literal_type(value: object) -> Type:
    for kind, result in (
        (bool, BOOL),
        (UInt, UINT),
        (int, INT),
        (float, DOUBLE),
        (str, STRING),
        (bytes, BYTES),
    ):
        if isinstance(value, kind):
            return result
    return NULL


def _unwrap(kind: Type) -> tuple[Type, bool]:
    return (kind.params[0], True) if kind.name == "optional_type" else (kind, False)


def _shown(kind: Type) -> Type:
    if kind.is_parameter:
        return DYN
    return kind.with_params(map(_shown, kind.params))
