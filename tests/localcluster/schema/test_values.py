"""Values against a schema: which errors there are, in which words, where."""

from __future__ import annotations

from typing import Any

import pytest

from hack.localcluster.fielderrors import FieldError
from hack.localcluster.schema import Structural

Json = dict[str, Any]


def errors_of(field: Json, value: Any) -> list[FieldError]:
    schema = {"type": "object", "properties": {"spec": {"type": "object", "properties": {"x": field}}}}
    return Structural(schema).validate({"spec": {"x": value}})


STRING = {"type": "string"}


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        (STRING, 5, 'spec.x: Invalid value: "integer": spec.x in body must be of type string: "integer"'),
        (STRING, 5.5, 'spec.x: Invalid value: "number": spec.x in body must be of type string: "number"'),
        (STRING, None, 'spec.x: Invalid value: "null": spec.x in body must be of type string: "null"'),
        (STRING, {}, 'spec.x: Invalid value: "object": spec.x in body must be of type string: "object"'),
        (
            {"type": "boolean"},
            "yes",
            'spec.x: Invalid value: "string": spec.x in body must be of type boolean: "string"',
        ),
        ({"type": "integer"}, 1.5, 'spec.x: Invalid value: "number": spec.x in body must be of type integer: "number"'),
        (
            {"type": "integer", "format": "int32"},
            True,
            'spec.x: Invalid value: "": spec.x in body must be of type int32: ""',
        ),
        (
            {"type": "integer", "format": "int64"},
            "1",
            'spec.x: Invalid value: "string": spec.x in body must be of type integer: "string"',
        ),
        (
            {"type": "string", "format": "date-time"},
            5,
            'spec.x: Invalid value: "int64": spec.x in body must be of type date-time: "int64"',
        ),
        (
            {"type": "string", "format": "date-time"},
            "soon",
            'spec.x: Invalid value: "soon": spec.x in body must be of type date-time: "soon"',
        ),
        (
            {"type": "integer", "format": "int32"},
            2**31,
            '<nil>: Invalid value: "": Checked value must be of type integer with format int32 in spec.x',
        ),
        (
            {"x-kubernetes-int-or-string": True},
            True,
            'spec.x: Invalid value: "boolean": spec.x in body must be of type integer,string: "boolean"',
        ),
        ({**STRING, "maxLength": 3}, "four", "spec.x: Too long: may not be more than 3 bytes"),
        ({**STRING, "minLength": 2}, "a", 'spec.x: Invalid value: "a": spec.x in body should be at least 2 chars long'),
        ({**STRING, "pattern": "^a+$"}, "b", "spec.x: Invalid value: \"b\": spec.x in body should match '^a+$'"),
        ({**STRING, "enum": ["a", "b"]}, "c", 'spec.x: Unsupported value: "c": supported values: "a", "b"'),
        ({"type": "integer", "enum": [1, 2]}, 3, 'spec.x: Unsupported value: 3: supported values: "1", "2"'),
        (
            {"type": "integer", "minimum": 1},
            0,
            "spec.x: Invalid value: 0: spec.x in body should be greater than or equal to 1",
        ),
        (
            {"type": "integer", "minimum": 1, "exclusiveMinimum": True},
            1,
            "spec.x: Invalid value: 1: spec.x in body should be greater than 1",
        ),
        (
            {"type": "integer", "maximum": 9},
            10,
            "spec.x: Invalid value: 10: spec.x in body should be less than or equal to 9",
        ),
        (
            {"type": "number", "maximum": 1.5},
            2.5,
            "spec.x: Invalid value: 2.5: spec.x in body should be less than or equal to 1.5",
        ),
        (
            {"type": "number", "maximum": 2, "exclusiveMaximum": True},
            2.0,
            "spec.x: Invalid value: 2: spec.x in body should be less than 2",
        ),
        ({"type": "integer", "multipleOf": 5}, 7, "spec.x: Invalid value: 7: spec.x in body should be a multiple of 5"),
        (
            {"type": "array", "items": STRING, "maxItems": 1},
            ["a", "b"],
            "spec.x: Too many: 2: must have at most 1 item",
        ),
        (
            {"type": "array", "items": STRING, "minItems": 2},
            ["a"],
            "spec.x: Invalid value: 1: spec.x in body should have at least 2 items",
        ),
        (
            {"type": "array", "items": STRING},
            ["a", 1],
            'spec.x[1]: Invalid value: "integer": spec.x[1] in body must be of type string: "integer"',
        ),
        (
            {"type": "object", "additionalProperties": STRING},
            {"k": 1},
            'spec.x.k: Invalid value: "integer": spec.x.k in body must be of type string: "integer"',
        ),
        (
            {"type": "object", "maxProperties": 1, "additionalProperties": STRING},
            {"a": "", "b": ""},
            "spec.x: Too many: 2: must have at most 1 item",
        ),
        (
            {"type": "object", "minProperties": 1, "additionalProperties": STRING},
            {},
            "spec.x: Invalid value: 0: spec.x in body should have at least 1 properties",
        ),
        ({"type": "object", "required": ["y"]}, {}, "spec.x.y: Required value"),
    ],
)
def test_invalid_values_are_refused_in_the_servers_words(field: Json, value: Any, message: str) -> None:
    assert [error.message for error in errors_of(field, value)] == [message]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ({"type": "integer"}, 2.0),
        ({"type": "number"}, 2),
        ({"x-kubernetes-int-or-string": True}, 5),
        ({"x-kubernetes-int-or-string": True}, "50%"),
        ({**STRING, "nullable": True}, None),
        ({**STRING, "format": "no-such-format"}, "anything"),
        ({**STRING, "maxLength": 4}, "éééé"),
        ({**STRING, "pattern": "b"}, "abc"),
        ({"x-kubernetes-preserve-unknown-fields": True}, [1, {"a": None}]),
        ({"type": "string", "format": "date-time"}, "2024-02-29T12:00:00.5+01:00"),
    ],
)
def test_valid_values_are_accepted(field: Json, value: Any) -> None:
    assert errors_of(field, value) == []


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("uuid", "123E4567-e89b-12d3-a456-426614174000", "123"),
        ("ipv4", "10.0.0.1", "10.0.0.256"),
        ("ipv6", "::1", "1.2.3.4"),
        ("cidr", "10.0.0.0/8", "10.0.0.0"),
        ("uri", "https://example.com/x", "not a uri"),
        ("email", "a@example.com", "a"),
        ("hostname", "example.com", "-.example"),
        ("byte", "aGVsbG8=", "?"),
        ("date", "2024-02-29", "2023-02-29"),
        ("duration", "1h30m", "long"),
        ("duration", "3 days", ""),
        ("k8s-short-name", "my-name", "My-Name"),
    ],
)
def test_formats_that_the_server_knows_are_checked(name: str, good: str, bad: str) -> None:
    field = {"type": "string", "format": name}
    assert errors_of(field, good) == []
    assert len(errors_of(field, bad)) == 1


def test_the_best_matching_branch_of_a_one_of_reports_what_is_missing() -> None:
    field = {
        "type": "object",
        "properties": {"a": STRING, "b": STRING},
        "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
    }
    none = '<nil>: Invalid value: "": "spec.x" must validate one and only one schema (oneOf). Found none valid'
    assert [error.message for error in errors_of(field, {})] == [none, "spec.x.a: Required value"]
    both = (
        '<nil>: Invalid value: "": "spec.x" must validate one and only one schema (oneOf). Found 2 valid alternatives'
    )
    assert [error.message for error in errors_of(field, {"a": "", "b": ""})] == [both]
    assert errors_of(field, {"b": ""}) == []


def test_any_of_asks_for_one_branch_and_all_of_for_every_one() -> None:
    field = {"type": "integer", "anyOf": [{"minimum": 10}, {"maximum": 0}]}
    assert errors_of(field, 11) == []
    messages = [error.message for error in errors_of(field, 5)]
    assert messages[0] == '<nil>: Invalid value: "": "spec.x" must validate at least one schema (anyOf)'
    field = {"type": "integer", "allOf": [{"minimum": 10}, {"maximum": 20}]}
    assert [error.message for error in errors_of(field, 5)] == [
        "spec.x: Invalid value: 5: spec.x in body should be greater than or equal to 10",
        '<nil>: Invalid value: "": "spec.x" must validate all the schemas (allOf)',
    ]


def test_the_any_of_branch_that_got_furthest_reports_what_is_wrong() -> None:
    field = {
        "type": "object",
        "properties": {"a": STRING},
        "anyOf": [{"minProperties": 5}, {"properties": {"a": {"enum": ["x"]}}}, {"minProperties": 6}],
    }
    assert [error.message for error in errors_of(field, {"a": "y"})] == [
        '<nil>: Invalid value: "": "spec.x" must validate at least one schema (anyOf)',
        'spec.x.a: Unsupported value: "y": supported values: "x"',
    ]


def test_not_refuses_what_the_schema_accepts() -> None:
    field = {"type": "object", "properties": {"a": STRING}, "not": {"required": ["a"]}}
    message = '<nil>: Invalid value: "": "spec.x" must not validate the schema (not)'
    assert [error.message for error in errors_of(field, {"a": ""})] == [message]


def test_lists_of_type_set_and_map_name_the_second_occurrence() -> None:
    as_set = {"type": "array", "items": STRING, "x-kubernetes-list-type": "set"}
    assert [error.message for error in errors_of(as_set, ["a", "b", "a", "a"])] == ['spec.x[2]: Duplicate value: "a"']
    item = {"type": "object", "properties": {"name": STRING, "v": STRING}}
    as_map = {"type": "array", "items": item, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]}
    twice = [{"name": "a", "v": "1"}, {"name": "a", "v": "2"}]
    assert [error.message for error in errors_of(as_map, twice)] == ['spec.x[1]: Duplicate value: {"name":"a"}']


def test_an_embedded_object_must_say_what_it_is() -> None:
    field = {"type": "object", "x-kubernetes-embedded-resource": True, "x-kubernetes-preserve-unknown-fields": True}
    assert [error.message for error in errors_of(field, {})] == [
        "spec.x.apiVersion: Required value",
        "spec.x.kind: Required value",
    ]
    assert errors_of(field, {"apiVersion": "v1", "kind": "Pod", "spec": {}}) == []


def test_the_paths_inside_a_status_start_at_the_status() -> None:
    properties = {"spec": {"type": "object"}, "status": {"type": "object", "properties": {"phase": STRING}}}
    schema = Structural({"type": "object", "properties": properties})
    errors = schema.validate_status({"spec": 5, "status": {"phase": 1}}, {})
    assert [error.message for error in errors] == [
        'status.phase: Invalid value: "integer": phase in body must be of type string: "integer"'
    ]


def test_inputs_are_left_alone() -> None:
    schema = Structural({"type": "object", "properties": {"a": {"type": "integer", "default": 1}}})
    obj: Json = {"b": None}
    assert schema.default(schema.prune(obj)) == {"a": 1}
    assert obj == {"b": None}
