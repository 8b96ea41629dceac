"""Errors of an expression are found before it is evaluated, with their position."""

from __future__ import annotations

import pytest

from hack.localcluster.schema.cel import CompileError, compile_expression
from hack.localcluster.schema.cel.types import INT, STRING, Type, list_of, map_of

SELF = Type("object", fields={"x": INT, "s": STRING, "m": map_of(STRING, INT), "o": Type("object", fields={"y": INT})})
PRIMARY = (
    "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"
)


@pytest.mark.parametrize(
    ("source", "column", "message"),
    [
        ("self.foo == 1", 5, "undefined field 'foo'"),
        ("self.o.foo == 1", 7, "undefined field 'foo'"),
        ("has(self.foo)", 4, "undefined field 'foo'"),
        ("foo == 1", 1, "undeclared reference to 'foo' (in container '')"),
        ("self.x.foo()", 11, "undeclared reference to 'foo' (in container '')"),
        ("foo(1)", 4, "undeclared reference to 'foo' (in container '')"),
        ("self.x == 'a'", 8, "found no matching overload for '_==_' applied to '(int, string)'"),
        ("1 == 1.0", 3, "found no matching overload for '_==_' applied to '(int, double)'"),
        ("self.x + 'a'", 8, "found no matching overload for '_+_' applied to '(int, string)'"),
        ("size(self.x) > 0", 5, "found no matching overload for 'size' applied to '(int)'"),
        ("self.x.matches('a')", 15, "found no matching overload for 'matches' applied to 'int.(string)'"),
        ("'a' in self.x", 5, "found no matching overload for '@in' applied to '(string, int)'"),
        ("self.x.y", 7, "type 'int' does not support field selection"),
        ("self.x && true", 5, "expected type 'bool' but found 'int'"),
        ("[1, 'a'].size() == 2", 5, "expected type 'int' but found 'string'"),
        (
            "self.x.all(i, true)",
            5,
            "expression of type 'int' cannot be range of a comprehension (must be list, map, or dynamic)",
        ),
        ("has(self)", 5, "invalid argument to has() macro"),
        ("self.m.all(1, true)", 12, "argument must be a simple name"),
        ("self.x ==", 10, f"Syntax error: mismatched input '<EOF>' expecting {PRIMARY}"),
        ("(self.x", 8, "Syntax error: mismatched input '<EOF>' expecting ')'"),
        ("self.x)", 7, "Syntax error: extraneous input ')' expecting <EOF>"),
        ("self.x # 1", 8, "Syntax error: token recognition error at: '#'"),
        ("namespace == 1", 1, "reserved identifier: namespace"),
    ],
)
def test_the_complaint_names_place_and_problem(source: str, column: int, message: str) -> None:
    with pytest.raises(CompileError) as caught:
        compile_expression(source, {"self": SELF})
    marker = "." * (column - 1) + "^"
    assert str(caught.value) == f"ERROR: <input>:1:{column}: {message}\n | {source}\n | {marker}"


def test_the_line_of_the_problem_is_shown() -> None:
    with pytest.raises(CompileError) as caught:
        compile_expression("self.x == 1 &&\n  self.foo == 2", {"self": SELF})
    assert str(caught.value) == "ERROR: <input>:2:7: undefined field 'foo'\n |   self.foo == 2\n | ......^"


def test_all_complaints_are_made_at_once_in_order() -> None:
    with pytest.raises(CompileError) as caught:
        compile_expression("self.foo == self.bar", {"self": SELF})
    assert [issue.message for issue in caught.value.issues] == ["undefined field 'foo'", "undefined field 'bar'"]


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("self.x", "int"),
        ("self.m.map(k, self.m[k])", "list(int)"),
        ("self.?x", "optional_type(int)"),
        ("self.?x.orValue(1)", "int"),
        ("true ? 'a' : 'b'", "string"),
        ("'%s %d'.format(['a', 1])", "string"),
        ("[[1], []]", "list(list(int))"),
        ("self.m.transformList(k, v, string(v))", "list(string)"),
    ],
)
def test_the_type_of_an_expression_is_known(source: str, kind: str) -> None:
    assert str(compile_expression(source, {"self": SELF}).result) == kind


def test_a_list_of_objects_can_be_walked_in_nested_macros() -> None:
    kind = list_of(Type("object", fields={"name": STRING}))
    source = "self.all(a, self.exists_one(b, a.name == b.name))"
    expression = compile_expression(source, {"self": kind})
    assert expression.run({"self": [{"name": "a"}, {"name": "b"}]}) is True
    assert expression.run({"self": [{"name": "a"}, {"name": "a"}]}) is False
