"""The cost of rules: the API server's estimates, and its refusal of rules that could take too long."""

from __future__ import annotations

from typing import Any

import pytest

from hack.localcluster.schema.cel import estimate_cost
from hack.localcluster.schema.crd_schema import check_schema
from hack.localcluster.schema.declarations import declared_type
from hack.localcluster.schema.node import compile_node

Json = dict[str, Any]

REMEDY = (
    "(try simplifying the rule, or adding maxItems, maxProperties, and maxLength where arrays, maps, and strings are "
    "declared)"
)


def text(**limits: Any) -> Json:
    return {"type": "string", **limits}


def array(items: Json, **limits: Any) -> Json:
    return {"type": "array", "items": items, **limits}


def mapping(values: Json, **limits: Any) -> Json:
    return {"type": "object", "additionalProperties": values, **limits}


def struct(*required: str, **properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": list(required)}


NUMBER, BOOLEAN, EITHER = {"type": "number"}, {"type": "boolean"}, {"x-kubernetes-int-or-string": True}
PAIR = struct("required", required=text(), optional=text())
SAME_LENGTHS = text(maxLength=10)


@pytest.mark.parametrize(
    ("schema", "rule", "cost"),
    [
        (array(NUMBER), "self.all(x, true)", 4718591),
        (array(NUMBER, maxItems=10), "self.all(x, true)", 32),
        (array(text()), "self.all(x, true)", 3145727),
        (array(NUMBER, maxItems=10), "self.exists(x, true)", 42),
        (array(BOOLEAN), "self.all(x, true)", 1887437),
        (array(array(NUMBER)), "self.all(x, true)", 3145727),
        (array(EITHER), "self.all(x, true)", 4718591),
        (array(text(format="duration")), "self.all(x, true)", 2359295),
        (array(text(format="date")), "self.all(x, true)", 725936),
        (array(text(format="date-time")), "self.all(x, true)", 428963),
        (mapping(NUMBER), "self.all(x, true)", 1348169),
        (mapping(NUMBER, maxProperties=10), "self.all(x, true)", 32),
        (mapping(text()), "self.all(x, true)", 1179647),
        (mapping(BOOLEAN), "self.all(x, true)", 943718),
        (mapping(PAIR), "self.all(x, true)", 428963),
        (mapping(array(NUMBER)), "self.all(x, true)", 1179647),
        (text(), "self.contains('test')", 314574),
        (text(maxLength=10), "self.contains('test')", 5),
        (text(), "self.startsWith('test')", 2),
        (text(), "size(self + 'hello') > size('hello')", 314578),
        (text(maxLength=4), "size(self + 'hello') > size('hello')", 7),
        (array(NUMBER), "self[1] == 0.0", 2),
        (array(text()), "self[1] == self[1]", 314577),
        (array(NUMBER, maxItems=10), "self.all(x, self.all(y, true))", 352),
        (array(NUMBER, maxItems=10), "self.all(x, self.all(y, self.all(z, true)))", 3552),
        (text(), "self.matches('x')", 314574),
        (text(maxLength=50), "self.matches('x')", 22),
        (text(), "''.matches('(((((((((())))))))))[0-9]')", 7),
        (text(), "self.matches('')", 1),
        (array(NUMBER), "self.all(x, x == 0.0)", 6291454),
        (array(EITHER), "self[0] == 5", 3),
        (array(PAIR), "self[0] == null", 2),
        (array(array(NUMBER)), "self[0][0] == -1.0", 3),
        (array(mapping(NUMBER)), "self.all(x, x.y == 25.2)", 6291452),
        (array(mapping(NUMBER)), "self[0].x > 2.0", 4),
        (array(text(format="duration")), "self[0].getHours() == 2", 4),
        (array(mapping(PAIR)), "self.all(x, x['y'].required == 'z')", 7340027),
        (array(mapping(PAIR), maxItems=10), "self.all(x, x['y'].required == 'z')", 72),
        (text(), "self.find('[0-9]+') == ''", 629147),
        (text(maxLength=10), "self.find('[0-9]+') == ''", 11),
        (array(SAME_LENGTHS, maxItems=10), "self.join(' ') == 'aa bb'", 43),
        (array(SAME_LENGTHS, maxItems=10), "self.isSorted() == true", 52),
        (struct(a=SAME_LENGTHS, b=SAME_LENGTHS), "self.a.split(self.b) == []", 22),
        (text(), "self.lowerAscii() == 'lower!'", 314575),
        (text(maxLength=10), "self.lowerAscii() == 'lower!'", 6),
        (mapping({"type": "integer"}), "oldSelf.size() == self.size()", 5),
    ],
)
def test_the_estimate_is_the_servers(schema: Json, rule: str, cost: int) -> None:
    kind = declared_type(compile_node(schema))
    assert kind is not None
    assert estimate_cost(rule, {"self": kind, "oldSelf": kind}) == cost


def refusals(schema: Json) -> list[str]:
    return [error.message for error in check_schema(struct(x=schema), "s", has_status=False)]


def ruled(schema: Json, rule: str) -> Json:
    return {**schema, "x-kubernetes-validations": [{"rule": rule}]}


def test_a_loop_in_a_loop_over_lists_without_a_limit_is_refused() -> None:
    place = "s.properties[x].x-kubernetes-validations[0].rule"
    factor = f"exceeds budget by factor of more than 100x {REMEDY}"
    whole = "x-kubernetes-validations estimated rule cost total for entire OpenAPIv3 schema"
    assert refusals(ruled(array(NUMBER), "self.all(x, self.all(y, x == y))")) == [
        f"{place}: Forbidden: estimated rule cost {factor}",
        f"{place}: Forbidden: contributed to estimated rule cost total exceeding cost limit for entire OpenAPIv3 "
        "schema",
        f"s: Forbidden: {whole} {factor}",
    ]
    assert refusals(ruled(array(NUMBER, maxItems=10), "self.all(x, self.all(y, x == y))")) == []


def test_a_rule_costs_once_for_every_item_it_can_meet() -> None:
    item = ruled(text(), "self.matches('[a-z]+')")
    assert refusals(array(item, maxItems=10)) == []
    assert len(refusals(array(item, maxItems=1000))) == 3
    assert len(refusals(array(item))) == 3
    assert refusals(array(ruled(text(maxLength=63), "self.matches('[a-z]+')"), maxItems=1000)) == []


def test_the_factor_is_reported_while_it_is_small() -> None:
    item = ruled(text(maxLength=1000), "self.contains('test')")
    found = refusals(array(item, maxItems=30_000))
    assert found == [
        "s.properties[x].items.x-kubernetes-validations[0].rule: Forbidden: "
        f"estimated rule cost exceeds budget by factor of 1.203000x {REMEDY}"
    ]
