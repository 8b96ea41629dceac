"""CEL: the language itself, by expressions that must come out true."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from hack.localcluster.schema.cel import EvaluationError, compile_expression
from hack.localcluster.schema.cel.types import DYN, INT, STRING, Type, list_of, map_of
from hack.localcluster.schema.cel.values import MapList, SetList

SELF = Type("object", fields={"x": INT, "y": INT, "s": STRING, "m": map_of(STRING, INT), "l": list_of(INT), "d": DYN})
VALUE = {"x": 4, "s": "text", "m": {"a": 1, "b": 2}, "l": [3, 1, 2], "d": "50%"}


def evaluate(source: str, value: Any = VALUE) -> Any:
    return compile_expression(source, {"self": SELF}).run({"self": value})


@pytest.mark.parametrize(
    "source",
    [
        "1 + 2 * 3 == 7 && (1 + 2) * 3 == 9",
        "7 / 2 == 3 && -7 / 2 == -3 && -7 % 2 == -1",
        "1u + 2u == 3u && 1.5 + 1.5 == 3.0",
        "'a' + 'b' == 'ab' && [1] + [2] == [1, 2] && b'a' + b'b' == b'ab'",
        "1 < 1.5 && 2u > 1 && 'a' < 'b' && duration('1m') < duration('1h')",
        "!false && !!true && --1 == 1",
        "true ? true : false",
        "2 in [1, 2] && !(3 in [1, 2]) && 'a' in self.m",
        "has(self.x) && !has(self.y)",
        "self.m.a == 1 && self.m['b'] == 2 && self.l[0] == 3",
        "size('é') == 1 && 'abc'.size() == 3 && size([1, 2]) == 2 && size(self.m) == 2",
        "self.l.all(i, i > 0) && self.l.exists(i, i == 2) && self.l.exists_one(i, i == 3)",
        "self.l.map(i, i * 2) == [6, 2, 4]",
        "self.l.map(i, i > 1, i) == [3, 2]",
        "self.l.filter(i, i > 1) == [3, 2]",
        "self.m.all(k, self.m[k] > 0) && self.m.exists(k, k == 'b')",
        "self.l.all(i, v, i < 3 && v > 0) && self.m.exists(k, v, k == 'a' && v == 1)",
        "self.l.transformList(i, v, i * v) == [0, 1, 4]",
        "{'a': 1}.transformMap(k, v, v + 1) == {'a': 2}",
        "{'a': 1}.transformMapEntry(k, v, {string(v): k}) == {'1': 'a'}",
        "self.?y.orValue(9) == 9 && self.?x.hasValue() && self.m[?'z'].orValue(0) == 0",
        "[?self.?y, 1] == [1] && {?'k': self.?y}.size() == 0",
        "self.?x.optMap(v, v + 1).value() == 5 && self.?y.or(optional.of(7)).value() == 7",
        "optional.none() == optional.none() && optional.ofNonZeroValue('').hasValue() == false",
        "'abc'.matches('^a.c$')",
        "'abc'.contains('b')",
        "'abc'.startsWith('a')",
        "'abc'.endsWith('c')",
        "int('5') == 5",
        "double('1.5') == 1.5",
        "string(5) == '5'",
        "string(true) == 'true'",
        "bool('true')",
        "type(1) == int && type('a') == string && type([]) == list && type(1) != type(1u)",
        "timestamp('2024-02-29T12:00:00Z').getFullYear() == 2024",
        "timestamp('2024-02-29T12:00:00Z').getMonth() == 1",
        "timestamp('2024-01-01T00:00:00Z') + duration('24h') == timestamp('2024-01-02T00:00:00Z')",
        "timestamp('2024-01-01T23:30:00Z').getHours('+01:00') == 0",
        "duration('90m').getHours() == 1",
        r"r'\d' == '\\d' && '\u00e9' == 'é' && '''a'b''' == 'a\'b'",
        "0x1F == 31 && 1e3 == 1000.0 && .5 == 0.5",
        "// a comment\n true",
        "self.d == '50%' || self.d > 5",
        "type(self.d) == string ? self.d.matches('%$') : self.d < 5",
        "self.x == 4 || self.y == 1",
        "self.y == 1 || self.x == 4",
        "!(self.y == 1 && self.x == 5)",
        "[self.l, [1]].exists(l, l[1] == 1)",
    ],
)
def test_the_expression_is_true(source: str) -> None:
    assert evaluate(source) is True


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("self.y == 1", "no such key: y"),
        ("self.m['z'] == 1", "no such key: z"),
        ("self.l[9] == 1", "index out of bounds: 9"),
        ("1 / (self.x - 4) == 1", "division by zero"),
        ("1 % (self.x - 4) == 1", "modulus by zero"),
        ("9223372036854775807 + self.x > 0", "integer overflow"),
        ("self.d > 5", "no such overload"),
        ("self.?y.value() == 1", "optional.none() dereference"),
        ("self.l.all(i, i / (i - i) == 1)", "division by zero"),
    ],
)
def test_an_evaluation_error_names_its_cause(source: str, message: str) -> None:
    with pytest.raises(EvaluationError, match=f"^{message.replace('(', chr(92) + '(').replace(')', chr(92) + ')')}"):
        evaluate(source)


def test_a_quantifier_that_is_decided_forgives_errors() -> None:
    assert evaluate("self.l.exists(i, i / (i - 3) == 0 || i == 1)") is True
    assert evaluate("self.l.all(i, i / (i - 3) == 99)") is False


def test_sets_and_keyed_lists_are_equal_in_any_order() -> None:
    expression = compile_expression("self == oldSelf", {"self": list_of(DYN), "oldSelf": list_of(DYN)})
    assert expression.run({"self": SetList([1, 2]), "oldSelf": SetList([2, 1])}) is True
    left, right = (
        MapList([{"k": 1, "v": 1}, {"k": 2, "v": 2}], ["k"]),
        MapList([{"k": 2, "v": 2}, {"k": 1, "v": 1}], ["k"]),
    )
    assert expression.run({"self": left, "oldSelf": right}) is True
    assert expression.run({"self": [1, 2], "oldSelf": [2, 1]}) is False


def test_adding_a_keyed_list_replaces_items_of_the_same_key() -> None:
    expression = compile_expression("(self + oldSelf).size() == 2", {"self": list_of(DYN), "oldSelf": list_of(DYN)})
    left, right = MapList([{"k": 1, "v": 1}], ["k"]), MapList([{"k": 1, "v": 2}, {"k": 3, "v": 3}], ["k"])
    assert expression.run({"self": left, "oldSelf": right}) is True


def test_an_expression_knows_which_variables_it_uses() -> None:
    kinds = {"self": list_of(INT), "oldSelf": list_of(INT)}
    assert compile_expression("self.all(i, i in oldSelf)", kinds).variables == {"self", "oldSelf"}
    assert compile_expression("self.all(oldSelf, oldSelf > 1)", kinds).variables == {"self"}


def test_moments_are_aware_of_their_zone() -> None:
    moment = compile_expression("timestamp('2024-01-01T00:00:00+02:00')", {}).run({})
    assert moment == dt.datetime(2023, 12, 31, 22, tzinfo=dt.UTC)
