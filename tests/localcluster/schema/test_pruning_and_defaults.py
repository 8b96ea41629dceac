"""Unknown fields, defaults and nulls."""

from __future__ import annotations

from typing import Any

import pytest

from hack.localcluster.schema import MetadataError, Structural

Json = dict[str, Any]


def structural(**spec: Json) -> Structural:
    return Structural({"type": "object", "properties": {"spec": {"type": "object", "properties": spec}}})


def test_unknown_fields_are_dropped_and_named_in_order() -> None:
    schema = structural(list={"type": "array", "items": {"type": "object", "properties": {"a": {"type": "string"}}}})
    obj = {"spec": {"zebra": 1, "bogus": 1, "list": [{"x": 1, "a": "b"}]}, "extra": {}}
    assert schema.unknown_fields(obj) == ["extra", "spec.bogus", "spec.list[0].x", "spec.zebra"]
    assert schema.prune(obj) == {"spec": {"list": [{"a": "b"}]}}


def test_metadata_has_the_same_fields_everywhere() -> None:
    metadata = {
        "name": "n",
        "labels": {"a": None},
        "anything": 1,
        "finalizers": [],
        "ownerReferences": [{"name": "o", "x": 1}],
    }
    obj = {"apiVersion": "v1", "kind": "W", "metadata": metadata, "other": 1}
    assert structural().unknown_fields(obj) == ["metadata.anything", "metadata.ownerReferences[0].x", "other"]
    kept = {"name": "n", "labels": {"a": ""}, "ownerReferences": [{"name": "o"}]}
    assert structural().prune(obj) == {"apiVersion": "v1", "kind": "W", "metadata": kept}


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"labels": {"a": 1}}, "json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string"),
        (
            {"labels": []},
            "json: cannot unmarshal array into Go struct field ObjectMeta.labels of type map[string]string",
        ),
        ({"name": 5}, "json: cannot unmarshal number into Go struct field ObjectMeta.name of type string"),
        (
            {"finalizers": "x"},
            "json: cannot unmarshal string into Go struct field ObjectMeta.finalizers of type []string",
        ),
        (
            {"ownerReferences": [{"controller": "yes"}]},
            "json: cannot unmarshal string into Go struct field OwnerReference.ownerReferences.controller of type bool",
        ),
        ("text", "json: cannot unmarshal string into Go value of type v1.ObjectMeta"),
        (
            {"creationTimestamp": "soon"},
            'parsing time "soon" as "2006-01-02T15:04:05Z07:00": cannot parse "soon" as "2006"',
        ),
    ],
)
def test_metadata_of_other_types_cannot_be_read(metadata: Any, message: str) -> None:
    with pytest.raises(MetadataError) as caught:
        structural().prune({"metadata": metadata})
    assert str(caught.value) == message


def test_maps_and_preserved_parts_keep_their_content() -> None:
    schema = structural(
        labels={"type": "object", "additionalProperties": {"type": "string"}},
        values={"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        both={
            "type": "object",
            "x-kubernetes-preserve-unknown-fields": True,
            "properties": {"known": {"type": "object", "properties": {"a": {"type": "string"}}}},
        },
    )
    obj = {
        "spec": {
            "labels": {"x": "y"},
            "values": {"deep": [{"er": None}]},
            "both": {"free": {"z": 1}, "known": {"b": 1}},
        }
    }
    assert schema.unknown_fields(obj) == ["spec.both.known.b"]


def test_an_embedded_object_keeps_its_identity() -> None:
    schema = structural(
        template={"type": "object", "x-kubernetes-embedded-resource": True, "properties": {"spec": {"type": "object"}}}
    )
    obj = {
        "spec": {"template": {"apiVersion": "v1", "kind": "Pod", "metadata": {"labels": {}}, "spec": {}, "other": 1}}
    }
    assert schema.unknown_fields(obj) == ["spec.template.other"]


def test_defaults_fill_existing_objects_but_do_not_create_parents() -> None:
    schema = structural(
        flag={"type": "boolean", "default": False},
        inner={"type": "object", "properties": {"size": {"type": "integer", "default": 3}}},
        made={"type": "object", "default": {}, "properties": {"size": {"type": "integer", "default": 4}}},
    )
    assert schema.default({"spec": {}}) == {"spec": {"flag": False, "made": {"size": 4}}}
    assert schema.default({"spec": {"inner": {}}})["spec"]["inner"] == {"size": 3}
    assert schema.default({}) == {}


def test_defaults_reach_into_lists_and_maps() -> None:
    item = {"type": "object", "properties": {"size": {"type": "integer", "default": 3}}}
    schema = structural(list={"type": "array", "items": item}, map={"type": "object", "additionalProperties": item})
    filled = schema.default({"spec": {"list": [{}, {"size": 1}], "map": {"a": {}}}})
    assert filled == {"spec": {"list": [{"size": 3}, {"size": 1}], "map": {"a": {"size": 3}}}}


@pytest.mark.parametrize(
    ("field", "after"),
    [
        ({"type": "string"}, {}),
        ({"type": "string", "nullable": True}, {"x": None}),
        ({"type": "string", "default": "d"}, {"x": "d"}),
        ({"type": "string", "default": "d", "nullable": True}, {"x": None}),
    ],
)
def test_null_goes_stays_or_gives_way_to_the_default(field: Json, after: Json) -> None:
    assert structural(x=field).default({"spec": {"x": None}}) == {"spec": after}


def test_null_in_a_list_stays_for_validation_to_refuse() -> None:
    schema = structural(list={"type": "array", "items": {"type": "string"}})
    assert schema.default({"spec": {"list": [None]}}) == {"spec": {"list": [None]}}


def test_defaults_are_not_shared_between_objects() -> None:
    schema = structural(map={"type": "object", "default": {"a": {}}, "x-kubernetes-preserve-unknown-fields": True})
    first, second = schema.default({"spec": {}}), schema.default({"spec": {}})
    first["spec"]["map"]["a"]["changed"] = True
    assert second == {"spec": {"map": {"a": {}}}}
