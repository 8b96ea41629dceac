"""Validation rules of a schema: where they are evaluated, what they say, what keeps them from running."""

from __future__ import annotations

from typing import Any

import pytest

from hack.localcluster.schema import Structural

Json = dict[str, Any]

UNCHECKED = (
    "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation"
)


def structural(*rules: Json, **fields: Json) -> Structural:
    spec = {"type": "object", "properties": fields, "x-kubernetes-validations": list(rules)}
    return Structural({"type": "object", "properties": {"spec": spec}})


def messages(schema: Structural, new: Json, old: Json | None = None) -> list[str]:
    return [error.message for error in schema.validate({"spec": new}, None if old is None else {"spec": old})]


INT = {"type": "integer"}
STRING = {"type": "string"}


def test_a_broken_rule_says_its_message_or_itself() -> None:
    schema = structural({"rule": "self.a > 1"}, {"rule": "self.a > 2", "message": " a must be larger "}, a=INT)
    assert messages(schema, {"a": 0}) == [
        "spec: Invalid value: failed rule: self.a > 1",
        "spec: Invalid value: a must be larger",
    ]
    assert messages(schema, {"a": 3}) == []


def test_a_rule_on_a_scalar_shows_the_value() -> None:
    schema = structural(a={**INT, "x-kubernetes-validations": [{"rule": "self > 1", "message": "small"}]})
    assert messages(schema, {"a": 0}) == ["spec.a: Invalid value: 0: small"]


def test_a_message_expression_wins_if_it_gives_a_usable_text() -> None:
    rule = {"rule": "self.a > 1", "message": "small", "messageExpression": "'a is ' + string(self.a)"}
    assert messages(structural(rule, a=INT), {"a": 0}) == ["spec: Invalid value: a is 0"]
    rule["messageExpression"] = "self.a == 0 ? '' : 'x'"
    assert messages(structural(rule, a=INT), {"a": 0}) == ["spec: Invalid value: small"]
    rule["messageExpression"] = "string(1 / self.a)"
    assert messages(structural(rule, a=INT), {"a": 0}) == ["spec: Invalid value: small"]


@pytest.mark.parametrize(
    ("reason", "message"),
    [
        ("FieldValueForbidden", "spec.a: Forbidden: no"),
        ("FieldValueRequired", "spec.a: Required value: no"),
        ("FieldValueDuplicate", "spec.a: Duplicate value: 0"),
        ("FieldValueInvalid", "spec.a: Invalid value: 0: no"),
    ],
)
def test_the_reason_chooses_the_kind_of_error(reason: str, message: str) -> None:
    schema = structural(
        a={**INT, "x-kubernetes-validations": [{"rule": "self > 1", "message": "no", "reason": reason}]}
    )
    assert messages(schema, {"a": 0}) == [message]


def test_the_field_path_points_below_the_rules_own_place() -> None:
    rule = {"rule": "self.a > 1", "message": "no", "fieldPath": ".a"}
    assert messages(structural(rule, a=INT), {"a": 0}) == ["spec.a: Invalid value: no"]


def test_rules_are_evaluated_at_every_level() -> None:
    positive = {**INT, "x-kubernetes-validations": [{"rule": "self > 0", "message": "not positive"}]}
    schema = structural(
        list={"type": "array", "items": positive}, map={"type": "object", "additionalProperties": positive}
    )
    assert messages(schema, {"list": [1, 0], "map": {"a": 1, "b": 0}}) == [
        "spec.list[1]: Invalid value: 0: not positive",
        "spec.map[b]: Invalid value: 0: not positive",
    ]


def test_the_root_rule_sees_the_name() -> None:
    rule = {"rule": "self.metadata.name.startsWith('a')", "message": "wrong name"}
    schema = Structural({"type": "object", "x-kubernetes-validations": [rule]})
    assert schema.validate({"metadata": {"name": "abc"}}) == []
    errors = schema.validate({"metadata": {"name": "b"}})
    assert [error.message for error in errors] == ["<nil>: Invalid value: wrong name"]


def test_names_that_are_not_identifiers_are_escaped() -> None:
    fields = {"a-b": INT, "namespace": STRING, "x.y/z": INT, "a__b": INT}
    rule = {
        "rule": "self.a__dash__b == 1 && self.__namespace__ == 'n' && self.x__dot__y__slash__z == 2 "
        "&& self.a__underscores__b == 3"
    }
    assert messages(structural(rule, **fields), {"a-b": 1, "namespace": "n", "x.y/z": 2, "a__b": 3}) == []


def test_a_transition_rule_waits_for_an_old_value() -> None:
    schema = structural(a={**INT, "x-kubernetes-validations": [{"rule": "self >= oldSelf", "message": "shrunk"}]})
    assert messages(schema, {"a": 1}) == []
    assert messages(schema, {"a": 1}, {}) == []
    assert messages(schema, {"a": 1}, {"a": 2}) == ["spec.a: Invalid value: 1: shrunk"]


def test_an_optional_old_self_lets_the_rule_see_creation() -> None:
    rule = {"rule": "oldSelf.hasValue() || self == 0", "message": "starts at 0", "optionalOldSelf": True}
    schema = structural(a={**INT, "x-kubernetes-validations": [rule]})
    assert messages(schema, {"a": 1}) == ["spec.a: Invalid value: 1: starts at 0"]
    assert messages(schema, {"a": 5}, {"a": 2}) == []


def test_items_of_a_list_map_are_compared_with_their_former_selves() -> None:
    item = {
        "type": "object",
        "properties": {"name": STRING, "v": INT},
        "required": ["name"],
        "x-kubernetes-validations": [{"rule": "self.v >= oldSelf.v", "message": "shrunk"}],
    }
    listed = {"type": "array", "items": item, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}
    old = {"list": [{"name": "a", "v": 2}, {"name": "b", "v": 2}]}
    new = {"list": [{"name": "b", "v": 3}, {"name": "a", "v": 1}, {"name": "c", "v": 0}]}
    assert messages(structural(list=listed), new, old) == ["spec.list[1]: Invalid value: shrunk"]


def test_a_rule_that_cannot_be_evaluated_is_an_error() -> None:
    schema = structural({"rule": "self.a == 1", "message": "must be one"}, {"rule": "1 / self.b == 1"}, a=INT, b=INT)
    assert messages(schema, {"b": 0}) == [
        'spec: Invalid value: "object": no such key: a evaluating rule: must be one',
        'spec: Invalid value: "object": division by zero evaluating rule: 1 / self.b == 1',
    ]


def test_types_that_meet_only_at_run_time_are_explained() -> None:
    schema = structural({"rule": "self.port > 5"}, port={"x-kubernetes-int-or-string": True})
    assert messages(schema, {"port": 6}) == []
    assert messages(schema, {"port": "http"}) == [
        "spec: Invalid value: \"object\": 'no such overload': call arguments did not match a supported operator, "
        "function or macro signature for rule: self.port > 5"
    ]


def test_a_null_is_not_looked_at() -> None:
    schema = structural(a={**INT, "nullable": True, "x-kubernetes-validations": [{"rule": "self > 1"}]})
    assert messages(schema, {"a": None}) == []


@pytest.mark.parametrize(
    ("broken", "blocks"),
    [
        ({"name": 5}, True),
        ({"name": "toolong"}, True),
        ({"kind": "z"}, True),
        ({"list": ["a", "b"]}, True),
        ({"size": 0}, False),
        ({"name": "X"}, False),
    ],
)
def test_only_some_errors_keep_rules_from_being_evaluated(broken: Json, blocks: bool) -> None:
    schema = structural(
        {"rule": "self.size > 100", "message": "rule"},
        name={**STRING, "maxLength": 3, "pattern": "^[a-z]*$"},
        kind={**STRING, "enum": ["a"]},
        list={"type": "array", "maxItems": 1, "items": STRING},
        size={**INT, "minimum": 1},
    )
    found = messages(schema, {"size": 5, **broken})
    assert (found[-1] == UNCHECKED) is blocks
    assert ("spec: Invalid value: rule" in found) is not blocks


def test_without_rules_nothing_is_said_about_them() -> None:
    assert messages(structural(name=STRING), {"name": 5}) == [
        'spec.name: Invalid value: "integer": spec.name in body must be of type string: "integer"'
    ]


def test_errors_found_before_count_too() -> None:
    from hack.localcluster.fielderrors import required

    schema = structural({"rule": "self.a > 1"}, a=INT)
    found = schema.validate({"spec": {"a": 0}}, preceding=[required("metadata.name")])
    assert [error.message for error in found] == [UNCHECKED]
