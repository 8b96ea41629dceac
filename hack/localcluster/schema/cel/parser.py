"""Parses CEL into its syntax tree, macros included.

Source of the rules: the CEL language definition, "Syntax" and "Macros"; errors are worded and placed as cel-go does.
"""

from __future__ import annotations

from . import ast
from .ast import Expr
from .errors import CompileError, Issue
from .lexer import Token, tokens
from .values import UInt

_RELATIONS = ("<", "<=", ">=", ">", "==", "!=", "in")
_KEYWORDS = (
    "true, false, null, in, as, break, const, continue, else, for, function, if, import, let, loop, package, "
    "namespace, return, var, void, while"
)
_RESERVED = frozenset(keyword.strip() for keyword in _KEYWORDS.split(","))
_PRIMARY = (
    "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"
)
# Macros that walk a list or map: name -> (least, most) number of expressions after the variables.
_ONE_VARIABLE = {
    "all": (1, 1),
    "exists": (1, 1),
    "exists_one": (1, 1),
    "existsOne": (1, 1),
    "map": (1, 2),
    "filter": (1, 1),
}
_TWO_VARIABLES = {
    "all": (1, 1),
    "exists": (1, 1),
    "existsOne": (1, 1),
    "transformList": (1, 2),
    "transformMap": (1, 2),
    "transformMapEntry": (1, 2),
}


def parse(source: str) -> Expr:
    """The syntax tree of an expression. Raises CompileError."""
    parser = _Parser(source)
    expression = parser.expression()
    parser.expect_end()
    return expression


class _Parser:
    def __init__(self, source: str) -> None:
        self._source = source
        self._tokens = tokens(source)
        self._next = 0

    @property
    def _token(self) -> Token:
        return self._tokens[self._next]

    def _at(self, *texts: str) -> bool:
        return self._token.kind in ("op", "ident") and self._token.text in texts

    def _take(self) -> Token:
        token = self._token
        self._next += 1
        return token

    def _accept(self, text: str) -> Token | None:
        return self._take() if self._at(text) else None

    def _expect(self, text: str) -> Token:
        if not self._at(text):
            raise self._syntax(f"mismatched input '{self._token.text}' expecting '{text}'")
        return self._take()

    def _syntax(self, message: str, at: int | None = None) -> CompileError:
        return self._error(f"Syntax error: {message}", self._token.at if at is None else at)

    def _error(self, message: str, at: int) -> CompileError:
        return CompileError(self._source, [Issue(at, message)])

    def expect_end(self) -> None:
        if self._token.kind != "end":
            raise self._syntax(f"extraneous input '{self._token.text}' expecting <EOF>")

    def expression(self) -> Expr:
        condition = self._or()
        question = self._accept("?")
        if not question:
            return condition
        then = self._or()
        self._expect(":")
        return ast.Call("_?_:_", (condition, then, self.expression()), question.at)

    def _or(self) -> Expr:
        left = self._and()
        while operator := self._accept("||"):
            left = ast.Call("_||_", (left, self._and()), operator.at)
        return left

    def _and(self) -> Expr:
        left = self._relation()
        while operator := self._accept("&&"):
            left = ast.Call("_&&_", (left, self._relation()), operator.at)
        return left

    def _relation(self) -> Expr:
        left = self._sum()
        while self._at(*_RELATIONS):
            operator = self._take()
            name = "@in" if operator.text == "in" else f"_{operator.text}_"
            left = ast.Call(name, (left, self._sum()), operator.at)
        return left

    def _sum(self) -> Expr:
        left = self._product()
        while self._at("+", "-"):
            operator = self._take()
            left = ast.Call(f"_{operator.text}_", (left, self._product()), operator.at)
        return left

    def _product(self) -> Expr:
        left = self._unary()
        while self._at("*", "/", "%"):
            operator = self._take()
            left = ast.Call(f"_{operator.text}_", (left, self._unary()), operator.at)
        return left

    def _unary(self) -> Expr:
        for sign, name in (("!", "!_"), ("-", "-_")):
            if self._at(sign):
                first, count = self._token.at, 0
                while self._accept(sign):
                    count += 1
                if sign == "-" and count == 1 and self._number_follows():
                    return self._members(self._negative_number(first))
                operand = self._members(self._primary())
                return ast.Call(name, (operand,), first) if count % 2 else operand
        return self._members(self._primary())

    def _number_follows(self) -> bool:
        value = self._token.value
        return self._token.kind == "literal" and isinstance(value, (int, float)) and not isinstance(value, (bool, UInt))

    def _negative_number(self, at: int) -> Expr:
        return ast.Literal(-self._take().value, at)

    def _members(self, operand: Expr) -> Expr:
        while True:
            if dot := self._accept("."):
                optional = self._accept("?") is not None
                operand = self._member(operand, dot, optional=optional)
            elif bracket := self._accept("["):
                optional = self._accept("?") is not None
                index = self.expression()
                self._expect("]")
                operand = ast.Call("_[?_]" if optional else "_[_]", (operand, index), bracket.at)
            else:
                return operand

    def _member(self, operand: Expr, dot: Token, *, optional: bool) -> Expr:
        token = self._token
        if token.kind not in ("ident", "escaped") or token.text in ("true", "false", "null", "in"):
            raise self._syntax(f"no viable alternative at input '.{'' if token.kind == 'end' else token.text}'")
        self._take()
        opening = self._accept("(") if token.kind == "ident" and not optional else None
        if opening is None:
            return ast.Select(operand, token.text, dot.at, optional=optional)
        return self._member_call(operand, token.text, self._arguments(")"), opening.at)

    def _member_call(self, target: Expr, name: str, args: tuple[Expr, ...], at: int) -> Expr:
        for macros, names in ((_ONE_VARIABLE, 1), (_TWO_VARIABLES, 2)):
            least, most = macros.get(name, (0, -1))
            if names + least <= len(args) <= names + most and not (names == 1 and self._prefers_two(name, args)):
                variables = tuple(self._variable(arg) for arg in args[:names])
                return ast.Comprehension(name, target, variables, args[names:], at)
        if name in ("optMap", "optFlatMap") and len(args) == 2:
            return ast.Bind(name, target, self._variable(args[0]), args[1], at)
        return ast.Call(name, args, at, target)

    @staticmethod
    def _prefers_two(name: str, args: tuple[Expr, ...]) -> bool:
        return name != "map" and name in _TWO_VARIABLES and len(args) == 3

    def _variable(self, expression: Expr) -> str:
        if not isinstance(expression, ast.Ident):
            raise self._error("argument must be a simple name", getattr(expression, "at", 0))
        return expression.name

    def _primary(self) -> Expr:
        token = self._token
        if token.kind == "literal":
            self._take()
            if isinstance(token.value, int) and not isinstance(token.value, UInt) and token.value == 2**63:
                raise self._error("invalid int literal", token.at)
            return ast.Literal(token.value, token.at)
        if self._accept("("):
            inner = self.expression()
            self._expect(")")
            return inner
        if self._accept("["):
            return self._list(token.at)
        if self._accept("{"):
            return self._map(token.at)
        leading = self._accept(".") is not None
        if self._token.kind == "ident" and self._token.text != "in":
            return self._ident(leading=leading)
        raise self._syntax(f"mismatched input '{self._token.text}' expecting {_PRIMARY}")

    def _ident(self, *, leading: bool) -> Expr:
        token = self._take()
        constants = {"true": True, "false": False, "null": None}
        if token.text in constants and not leading:
            return ast.Literal(constants[token.text], token.at)
        if token.text in _RESERVED:
            raise self._error(f"reserved identifier: {token.text}", token.at)
        opening = self._accept("(")
        if opening is None:
            return ast.Ident(token.text, token.at)
        args = self._arguments(")")
        if token.text == "has" and len(args) == 1:
            field = args[0]
            if not isinstance(field, ast.Select):
                raise self._error("invalid argument to has() macro", getattr(field, "at", opening.at))
            return ast.Select(field.operand, field.field, opening.at, test_only=True, optional=field.optional)
        return ast.Call(token.text, args, opening.at)

    def _arguments(self, closing: str) -> tuple[Expr, ...]:
        found: list[Expr] = []
        if not self._at(closing):
            found.append(self.expression())
            while self._accept(","):
                found.append(self.expression())
        self._expect(closing)
        return tuple(found)

    def _list(self, at: int) -> Expr:
        items: list[Expr] = []
        optional: set[int] = set()
        while not self._at("]"):
            if self._accept("?"):
                optional.add(len(items))
            items.append(self.expression())
            if not self._accept(","):
                break
        self._expect("]")
        return ast.ListLiteral(tuple(items), frozenset(optional), at)

    def _map(self, at: int) -> Expr:
        entries: list[tuple[Expr, Expr, bool]] = []
        while not self._at("}"):
            optional = self._accept("?") is not None
            key = self.expression()
            self._expect(":")
            entries.append((key, self.expression(), optional))
            if not self._accept(","):
                break
        self._expect("}")
        return ast.MapLiteral(tuple(entries), at)
