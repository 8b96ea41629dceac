"""The worst-case cost of an expression, by which the API server refuses rules that could take too long.

Costs count elementary steps; sizes are the most characters, items or entries a value can have by its schema. A value of
unknown size counts as endless.

Source: cel-go, checker/cost; k8s.io/apiserver, cel/library/cost.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from . import ast
from .ast import Expr
from .types import Type

ENDLESS = 2**64 - 1

_TRAVERSAL = 0.1  # per character of a string
_REGEX = 0.25  # per character of a pattern
_LIST, _MAP = 10, 30
_SCALARS = frozenset(("bool", "int", "uint", "double", "duration", "timestamp", "null"))
_COMPARISONS = frozenset(("_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_"))
_ONE_PASS = frozenset(("lowerAscii", "upperAscii", "substring", "trim"))
_LIST_PASS = frozenset(("isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"))
_PARSERS = frozenset(("url", "isURL", "ip", "isIP", "cidr", "isCIDR", "quantity", "isQuantity", "semver", "isSemver"))


def estimate(tree: Expr, types: Mapping[int, Type]) -> int:
    """The worst-case cost of a checked expression; `types` are its nodes' types by `id`."""
    return _Coster(types).cost(tree)


class _Coster:
    def __init__(self, types: Mapping[int, Type]) -> None:
        self._types = types
        self._sizes: dict[int, int] = {}

    def cost(self, node: Expr) -> int:
        match node:
            case ast.Literal():
                return 0
            case ast.Ident():
                return 1
            case ast.Select():
                step = 0 if node.test_only or self._type(node.operand).name == "dyn" else 1
                return _capped(self.cost(node.operand) + step)
            case ast.Call():
                return _capped(self._call(node))
            case ast.ListLiteral():
                return _capped(_LIST + sum(map(self.cost, node.items)))
            case ast.MapLiteral():
                return _capped(_MAP + sum(self.cost(key) + self.cost(value) for key, value, _ in node.entries))
            case ast.Comprehension():
                return _capped(self._comprehension(node))
            case ast.Bind():
                return _capped(self.cost(node.target) * 2 + self.cost(node.body) + 3)

    def _type(self, node: Expr) -> Type:
        return self._types.get(id(node), Type("dyn"))

    def size(self, node: Expr) -> int:
        """The most elements of a node's value."""
        if id(node) in self._sizes:
            return self._sizes[id(node)]
        if isinstance(node, ast.Literal):
            return len(node.value) if isinstance(node.value, (str, bytes)) else 1
        if isinstance(node, ast.ListLiteral):
            return len(node.items)
        if isinstance(node, ast.MapLiteral):
            return len(node.entries)
        kind = self._type(node)
        # The server does not find the schema of a map's value when it is selected like a field.
        hidden = isinstance(node, ast.Select) and self._type(node.operand).name == "map"
        if kind.size is not None and not hidden:
            return kind.size
        return 1 if kind.name in _SCALARS else ENDLESS

    def _sized(self, node: Expr, size: int) -> None:
        self._sizes[id(node)] = _capped(size)

    def _call(self, node: ast.Call) -> int:
        args = [self.cost(arg) for arg in node.args]
        if node.function == "_?_:_":
            self._sized(node, max(self.size(node.args[1]), self.size(node.args[2])))
            return args[0] + max(args[1:])
        if node.function in ("_&&_", "_||_"):
            return sum(args)
        target = self.cost(node.target) if node.target is not None else 0
        own = self._operator(node) if node.target is None else self._member(node, node.target)
        return target + sum(args) + own

    def _operator(self, node: ast.Call) -> int:
        args = node.args
        if node.function in _COMPARISONS:
            return _scaled(min(map(self.size, args)), _TRAVERSAL)
        if node.function == "@in":
            return self.size(args[1]) if self._type(args[1]).name != "map" else 1
        if node.function == "_+_" and self._type(args[0]).name in ("string", "bytes", "list", "dyn"):
            size = _capped(sum(map(self.size, args)))
            self._sized(node, size)
            return 1 if self._type(args[0]).name == "list" else _scaled(size, _TRAVERSAL)
        if node.function in _PARSERS and args:
            self._sized(node, self.size(args[0]))
            return _scaled(self.size(args[0]), _TRAVERSAL)
        return 1

    def _member(self, node: ast.Call, target: Expr) -> int:
        name, args, size = node.function, node.args, self.size(target)
        if name in ("startsWith", "endsWith") and args:
            return _scaled(self.size(args[0]), _TRAVERSAL)
        if name in ("matches", "find", "findAll") and args:
            self._sized(node, size)
            return _scaled(_capped(size + 1), _TRAVERSAL) * _scaled(self.size(args[0]), _REGEX)
        if name == "contains" and args:
            return _scaled(size, _TRAVERSAL) * _scaled(self.size(args[0]), _TRAVERSAL)
        if name in _ONE_PASS:
            self._sized(node, size)
            return _scaled(size, _TRAVERSAL)
        if name in ("replace", "split"):
            self._sized(node, size)
            return _scaled(size, 2 * _TRAVERSAL)
        if name == "format":
            return _scaled(size, _TRAVERSAL)
        if name == "join":
            separators = self.size(args[0]) * max(size - 1, 0) if args else 0
            joined = _capped(size * self._item_size(target) + separators)
            self._sized(node, joined)
            return _scaled(joined, _TRAVERSAL)
        if name in _LIST_PASS:
            return self._list_pass(target, size)
        return 1

    def _list_pass(self, target: Expr, size: int) -> int:
        kind = self._type(target)
        if kind.name != "list":
            return _scaled(size, _TRAVERSAL)
        text = kind.params[0].name in ("string", "bytes")
        return size * (1 + (_scaled(self._item_size(target), _TRAVERSAL) if text else 0))

    def _item_size(self, node: Expr) -> int:
        kind = self._type(node)
        inner = kind.params[-1] if kind.params else Type("dyn")
        if inner.size is not None:
            return inner.size
        return 1 if inner.name in _SCALARS else ENDLESS

    def _comprehension(self, node: ast.Comprehension) -> int:
        args = [self.cost(arg) for arg in node.args]
        size, body = self.size(node.target), args[-1]
        # Each macro is a loop; what one turn costs follows from the loop that it stands for.
        match node.macro:
            case "all":
                start, turn = 1, 3 + body
            case "exists":
                start, turn = 1, 4 + body
            case "exists_one" | "existsOne":
                start, turn = 2, 2 + body
            case "filter":
                start, turn = _LIST + 1, 13 + body
            case "map" | "transformList":
                start, turn = _LIST + 1, 12 + sum(args)
            case _:
                start, turn = _MAP + 1, 3 + sum(args)
        if node.macro not in ("all", "exists", "exists_one", "existsOne"):
            self._sized(node, size)
        return self.cost(node.target) + start + size * turn


def _capped(value: int) -> int:
    return min(value, ENDLESS)


def _scaled(size: int, factor: float) -> int:
    return ENDLESS if size >= ENDLESS else math.ceil(size * factor)
