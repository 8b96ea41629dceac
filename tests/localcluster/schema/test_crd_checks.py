"""What a CustomResourceDefinition must look like."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from hack.localcluster.schema.crd_checks import check_definition

Json = dict[str, Any]

ROOT = "spec.validation.openAPIV3Schema"
DEFINITION: Json = {
    "metadata": {"name": "widgets.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Namespaced",
        "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "subresources": {"status": {}},
                "additionalPrinterColumns": [
                    {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}
                ],
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {
                            "spec": {"type": "object", "properties": {"size": {"type": "integer", "default": 1}}},
                            "status": {"type": "object"},
                        },
                    }
                },
            }
        ],
    },
}


def messages(change: Callable[[Json], Any], old: Json | None = None) -> list[str]:
    definition = copy.deepcopy(DEFINITION)
    change(definition)
    return [error.message for error in check_definition(definition, old)]


def schema_messages(change: Callable[[Json], Any]) -> list[str]:
    return messages(lambda definition: change(openapi(definition)))


def spec_messages(**fields: Any) -> list[str]:
    """Return the messages for a definition with these properties in the schema's spec."""
    return schema_messages(lambda schema: schema["properties"].update(spec={"type": "object", "properties": fields}))


def openapi(definition: Json) -> Json:
    schema: Json = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    return schema


def second_version(definition: Json, **changes: Any) -> None:
    versions = definition["spec"]["versions"]
    versions.append({**copy.deepcopy(versions[0]), "name": "v2", "storage": False, **changes})


def test_a_sound_definition_is_accepted() -> None:
    assert messages(lambda definition: None) == []
    assert messages(second_version) == []


LABEL_1035 = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
    "alphabetic character, and "
    "end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is "
    "'[a-z]([-a-z0-9]*[a-z0-9])?')"
)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda d: d["metadata"].update(name="x.example.com"),
            'metadata.name: Invalid value: "x.example.com": must be spec.names.plural+"."+spec.group',
        ),
        (
            lambda d: d["spec"].update(scope="World"),
            'spec.scope: Unsupported value: "World": supported values: "Cluster", "Namespaced"',
        ),
        (lambda d: d["spec"].pop("scope"), "spec.scope: Required value"),
        (lambda d: d["spec"]["names"].pop("kind"), "spec.names.kind: Required value"),
        (
            lambda d: d["spec"]["names"].update(singular="Widget"),
            f'spec.names.singular: Invalid value: "Widget": {LABEL_1035}',
        ),
        (
            lambda d: d["spec"]["names"].update(shortNames=["w", "W"]),
            f'spec.names.shortNames[1]: Invalid value: "W": {LABEL_1035}',
        ),
        (
            lambda d: d["spec"]["names"].update(listKind="Widget"),
            'spec.names.listKind: Invalid value: "Widget": kind and listKind may not be the same',
        ),
        (lambda d: d["spec"]["versions"][0].pop("schema"), "spec.versions[0].schema.openAPIV3Schema: Required value"),
        (
            lambda d: d["spec"]["versions"][0]["additionalPrinterColumns"][0].update(type="time"),
            'spec.additionalPrinterColumns[0].type: Invalid value: "time": must be one of '
            "boolean,date,integer,number,string",
        ),
        (
            lambda d: d["spec"]["versions"][0]["additionalPrinterColumns"][0].update(jsonPath="metadata.name"),
            'spec.additionalPrinterColumns[0].JSONPath: Invalid value: "metadata.name": must be a simple '
            "json path starting with .",
        ),
        (
            lambda d: d["spec"]["versions"][0]["additionalPrinterColumns"][0].pop("jsonPath"),
            "spec.additionalPrinterColumns[0].JSONPath: Required value",
        ),
        (
            lambda d: d["spec"].update(preserveUnknownFields=True),
            "spec.preserveUnknownFields: Invalid value: true: cannot set to true, set "
            "x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead",
        ),
        (
            lambda d: d["spec"]["versions"][0].update(deprecationWarning="old"),
            'spec.versions[0].deprecationWarning: Invalid value: "old": can only be set for deprecated versions',
        ),
        (
            lambda d: d["spec"]["versions"][0].update(selectableFields=[{"jsonPath": ".spec.none"}]),
            'spec.selectableFields[0].jsonPath: Invalid value: ".spec.none": is an invalid path: does not '
            "refer to a valid field",
        ),
        (
            lambda d: d["spec"]["versions"][0]["subresources"].update(
                scale={"specReplicasPath": ".status.x", "statusReplicasPath": ".status.x"}
            ),
            'spec.subresources.scale.specReplicasPath: Invalid value: ".status.x": should be a json path under .spec',
        ),
    ],
)
def test_mistakes_are_reported_in_the_servers_words(change: Callable[[Json], Any], message: str) -> None:
    assert messages(change) == [message]


def test_exactly_one_version_is_stored() -> None:
    printed = (
        '[{"Name":"v1","Served":true,"Storage":false,"Deprecated":false,"DeprecationWarning":null,"Schema":null,'
        '"Subresources":null,"AdditionalPrinterColumns":null,"SelectableFields":null}]'
    )
    assert messages(lambda d: d["spec"]["versions"][0].update(storage=False)) == [
        f"spec.versions: Invalid value: {printed}: must have exactly one version marked as storage version",
        "status.storedVersions: Invalid value: null: must have at least one stored version",
    ]


def test_errors_in_fields_that_versions_do_not_share_name_the_version() -> None:
    other = {"openAPIV3Schema": {"type": "object", "properties": {"spec": {}}}}
    assert messages(lambda d: second_version(d, schema=other)) == [
        "spec.versions[1].schema.openAPIV3Schema.properties[spec].type: Required value: "
        "must not be empty for specified object fields"
    ]


def test_a_version_that_was_stored_may_not_vanish() -> None:
    found = messages(lambda d: d.update(status={"storedVersions": ["v0", "v1"]}))
    assert len(found) == 1
    assert found[0].startswith('status.storedVersions[0]: Invalid value: "v0": missing from spec.versions; v0 was')


def test_names_and_scope_are_fixed_once_established() -> None:
    established = {**DEFINITION, "status": {"conditions": [{"type": "Established", "status": "True"}]}}
    assert messages(lambda d: d["spec"].update(scope="Cluster"), established) == [
        'spec.scope: Invalid value: "Cluster": field is immutable'
    ]
    assert messages(lambda d: d["spec"].update(scope="Cluster"), DEFINITION) == []


SIZE = f"{ROOT}.properties[spec].properties[size]"


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ({}, f"{SIZE}.type: Required value: must not be empty for specified object fields"),
        (
            {"type": "text"},
            f'{SIZE}.type: Unsupported value: "text": supported values: "array", "boolean", "integer", '
            '"number", "object", "string"',
        ),
        ({"type": "array"}, f"{SIZE}.items: Required value: must be specified"),
        (
            {"type": "array", "items": {}},
            f"{SIZE}.items.type: Required value: must not be empty for specified array items",
        ),
        (
            {"type": "string", "pattern": "("},
            f'{SIZE}.pattern: Invalid value: "(": must be a valid regular expression, but isn\'t: error '
            "parsing regexp: missing closing ): `(`",
        ),
        (
            {"type": "integer", "default": "x"},
            f'{SIZE}.default: Invalid value: "string":  in body must be of type integer: "string"',
        ),
        (
            {"type": "object", "default": {"y": 1}, "properties": {"x": {"type": "string"}}},
            f'{SIZE}.default: Invalid value: {{"y":1}}: must not have unknown fields',
        ),
        (
            {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
            f"{SIZE}.uniqueItems: Forbidden: uniqueItems cannot be set to true since the runtime complexity "
            "becomes quadratic",
        ),
        (
            {"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": {"type": "string"}},
            f"{SIZE}.additionalProperties: Forbidden: additionalProperties and properties are mutual exclusive",
        ),
        (
            {"type": "object", "anyOf": [{"type": "object"}]},
            f"{SIZE}.anyOf[0].type: Forbidden: must be empty to be structural",
        ),
        (
            {"type": "object", "x-kubernetes-list-type": "set"},
            f'{SIZE}.type: Invalid value: "object": must be array if x-kubernetes-list-type is specified',
        ),
        (
            {"type": "array", "items": {"type": "object"}, "x-kubernetes-list-type": "map"},
            f"{SIZE}.x-kubernetes-list-map-keys: Required value: must not be empty if x-kubernetes-list-type is map",
        ),
        (
            {
                "type": "array",
                "items": {"type": "object", "properties": {"k": {"type": "string"}}},
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["k"],
            },
            f"{SIZE}.items.properties[k].default: Required value: this property is in "
            "x-kubernetes-list-map-keys, so it must have a default or be a required property",
        ),
        (
            {"type": "object", "x-kubernetes-embedded-resource": True},
            f"{SIZE}.properties: Required value: must not be empty if x-kubernetes-embedded-resource is true "
            "without x-kubernetes-preserve-unknown-fields",
        ),
        ({"type": "string", "nullable": True, "$ref": "#/x"}, f"{SIZE}.$ref: Forbidden: $ref is not supported"),
    ],
)
def test_schemas_must_be_structural_and_sound(size: Json, message: str) -> None:
    assert spec_messages(size=size) == [message]


def test_the_root_is_an_object_and_metadata_is_left_alone() -> None:
    assert schema_messages(
        lambda s: s["properties"].update(metadata={"type": "object", "properties": {"labels": {"type": "object"}}})
    ) == [
        f"{ROOT}.properties[metadata]: Forbidden: must not specify anything other than name and generateName, "
        "but metadata is implicitly specified"
    ]
    named = {"type": "object", "properties": {"name": {"type": "string", "maxLength": 63}}}
    assert schema_messages(lambda s: s["properties"].update(metadata=named)) == []
    assert f"{ROOT}.nullable: Forbidden: nullable cannot be true at the root" in schema_messages(
        lambda s: s.update(nullable=True)
    )


def rule_messages(*, size: Json | None = None, **rule: Any) -> list[str]:
    field = {"type": "integer"} if size is None else size
    return spec_messages(size={**field, "x-kubernetes-validations": [rule]})


def printed(rule: str, **fields: str) -> str:
    shown = {"Message": '""', "MessageExpression": '""', "Reason": "null", "FieldPath": '""', "OptionalOldSelf": "null"}
    rest = ",".join(f'"{name}":{fields.get(name, value)}' for name, value in shown.items())
    return f'{{"Rule":"{rule}",{rest}}}'


def test_a_rule_that_does_not_compile_is_shown_with_the_compilers_text() -> None:
    text = "ERROR: <input>:1:5: type 'int' does not support field selection\n | self.foo\n | ....^"
    assert rule_messages(rule="self.foo") == [
        f"{SIZE}.x-kubernetes-validations[0].rule: Invalid value: {printed('self.foo')}: compilation failed: {text}"
    ]


@pytest.mark.parametrize(
    ("rule", "field", "detail"),
    [
        ({"rule": " "}, "rule", "Required value: rule is not specified"),
        ({"rule": "true", "message": "a\nb"}, "message", 'Invalid value: "a\\nb": must not contain line breaks'),
        (
            {"rule": "true\n|| false"},
            "message",
            "Required value: message must be specified if rule contains line breaks",
        ),
        ({"rule": "self + 1"}, "rule", f"Invalid value: {printed('self + 1')}: cel expression must evaluate to a bool"),
        (
            {"rule": "true", "messageExpression": "1"},
            "messageExpression",
            f"Invalid value: {printed('true', MessageExpression=chr(34) + '1' + chr(34))}: messageExpression "
            "must evaluate to a string",
        ),
        (
            {"rule": "true", "reason": "Because"},
            "reason",
            'Unsupported value: "Because": supported values: "FieldValueDuplicate", "FieldValueForbidden", '
            '"FieldValueInvalid", "FieldValueRequired"',
        ),
        ({"rule": "true", "fieldPath": ".none"}, "fieldPath", 'Invalid value: ".none": must be a valid path'),
        (
            {"rule": "self > 0", "optionalOldSelf": True},
            "optionalOldSelf",
            "Invalid value: true: may not be set if oldSelf is not used in rule",
        ),
    ],
)
def test_rules_must_be_well_formed(rule: Json, field: str, detail: str) -> None:
    assert rule_messages(**rule) == [f"{SIZE}.x-kubernetes-validations[0].{field}: {detail}"]


def test_old_values_cannot_be_compared_inside_a_plain_list() -> None:
    item = {"type": "integer", "x-kubernetes-validations": [{"rule": "self == oldSelf"}]}
    assert spec_messages(size={"type": "array", "items": item}) == [
        f'{SIZE}.items.x-kubernetes-validations[0].rule: Invalid value: "self == oldSelf": '
        f"oldSelf cannot be used on the uncorrelatable portion of the schema within {SIZE}"
    ]
