"""An update accepts invalid values that were there before and did not change."""

from __future__ import annotations

from typing import Any

from hack.localcluster.schema import Structural

Json = dict[str, Any]

STRING = {"type": "string", "maxLength": 3}
ITEM = {"type": "object", "properties": {"name": {"type": "string"}, "v": STRING}, "required": ["name"]}
LIST = {"type": "array", "items": ITEM, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}
PLAIN = {"type": "array", "items": STRING}
RULE = {"type": "integer", "x-kubernetes-validations": [{"rule": "self > 10", "message": "small"}]}
SCHEMA = Structural(
    {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "properties": {"a": STRING, "b": STRING, "list": LIST, "plain": PLAIN, "n": RULE},
            }
        },
    }
)


def fields_in_error(new: Json, old: Json) -> list[str]:
    return [error.field for error in SCHEMA.validate({"spec": new}, {"spec": old}) if error.field != "<nil>"]


def test_an_unchanged_field_is_not_held_against_the_update() -> None:
    assert fields_in_error({"a": "too long", "b": "new"}, {"a": "too long"}) == []


def test_a_changed_field_is() -> None:
    assert fields_in_error({"a": "too long!"}, {"a": "too long"}) == ["spec.a"]


def test_items_of_a_list_map_are_found_again_wherever_they_stand() -> None:
    old = {"list": [{"name": "x", "v": "too long"}]}
    assert fields_in_error({"list": [{"name": "y", "v": "ok"}, {"name": "x", "v": "too long"}]}, old) == []
    assert fields_in_error({"list": [{"name": "y", "v": "too long"}]}, old) == ["spec.list[0].v"]


def test_a_plain_list_counts_as_a_whole() -> None:
    assert fields_in_error({"plain": ["too long"]}, {"plain": ["too long"]}) == []
    assert fields_in_error({"plain": ["too long", "b"]}, {"plain": ["too long"]}) == ["spec.plain[0]"]


def test_rules_let_unchanged_values_pass() -> None:
    assert fields_in_error({"n": 1, "b": "new"}, {"n": 1}) == []
    assert fields_in_error({"n": 2}, {"n": 1}) == ["spec.n"]
    assert fields_in_error({"n": 1}, {}) == ["spec.n"]
