"""The schemas of our own kinds, read from the same CRDs that are applied to a cluster (manifests/crds).

The schema of a CRD is almost JSON Schema; the differences are translated. An API server drops an unknown field, but
here it is an error, because its author expects it to have an effect. CEL rules are not read: the policy checks the
same conditions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

import yaml

Schema = Mapping[str, Any]
_COPIED: Final = (
    "description",
    "enum",
    "maxItems",
    "maxLength",
    "maxProperties",
    "maximum",
    "minItems",
    "minLength",
    "minProperties",
    "minimum",
    "required",
)


@dataclass(frozen=True, slots=True)
class Definition:
    """One version of one of our kinds, with its JSON Schema."""

    api_version: str
    kind: str
    schema: Schema


@cache
def definitions() -> tuple[Definition, ...]:
    """Return all definitions. They are part of the program, so they are read only once."""
    folder = resources.files("controller.api") / "crds"
    documents = [yaml.safe_load(file.read_text()) for file in folder.iterdir() if file.name.endswith(".yaml")]
    return tuple(
        definition
        for document in sorted(documents, key=lambda document: str(document.get("metadata", {}).get("name")))
        if document.get("kind") == "CustomResourceDefinition"
        for definition in _of(document["spec"])
    )


def schema_of(kind: str) -> Schema:
    """Return the schema of one of our kinds."""
    return next(definition.schema for definition in definitions() if definition.kind == kind)


def python_pattern(pattern: str) -> str:
    """Return a CRD's pattern in Python's syntax, where `$` would also match before a line break at the end."""
    return rf"{pattern[:-1]}\Z" if pattern.endswith("$") else pattern


def _of(spec: Mapping[str, Any]) -> list[Definition]:
    return [
        Definition(
            f"{spec['group']}/{version['name']}",
            spec["names"]["kind"],
            _root(version["schema"]["openAPIV3Schema"]),
        )
        for version in spec["versions"]
    ]


def _root(schema: Mapping[str, Any]) -> Schema:
    translated = dict(_translate(schema))
    # A CRD only describes those fields of the metadata that it restricts further than Kubernetes does.
    narrower = _translate(schema["properties"]["metadata"])
    properties = {**_METADATA, **narrower.get("properties", {})}
    metadata = {**narrower, "properties": properties, "additionalProperties": False, "required": ["name"]}
    translated["properties"] = {**translated["properties"], "metadata": metadata}
    translated["required"] = ["metadata", *translated.get("required", ())]
    return translated


def _keys(letters: str) -> Schema:
    """Return the schema of a qualified name whose prefix has these `letters`. Annotations may have capitals there."""
    part = rf"[{letters}0-9]([-{letters}0-9]*[{letters}0-9])?"
    return {
        "pattern": rf"^((?=[^/]{{1,253}}/){part}(\.{part})*/)?([A-Za-z0-9][-A-Za-z0-9_.]{{0,61}})?[A-Za-z0-9]\Z",
        "description": "Key: at most 63 letters, digits, '-', '_' and '.', with an optional prefix 'domain/'.",
    }


_TEXTS: Final[Schema] = {
    "type": ["object", "null"],
    "propertyNames": _keys("A-Za-z"),
    "additionalProperties": {"type": "string"},
}
_LABELS: Final[Schema] = {
    "type": ["object", "null"],
    "propertyNames": _keys("a-z"),
    "additionalProperties": {
        "type": "string",
        "maxLength": 63,
        "pattern": r"^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?\Z",
        "description": "Label value: letters, digits, '-', '_' and '.', with a letter or digit at both ends.",
    },
}
# The metadata fields of a Kubernetes object. `serverwritten` rejects those that only a server sets.
_METADATA: Final[Mapping[str, Schema]] = {
    "annotations": _TEXTS,
    "labels": _LABELS,
    "creationTimestamp": {},
    "deletionGracePeriodSeconds": {},
    "deletionTimestamp": {},
    "finalizers": {},
    "generateName": {},
    "generation": {},
    "managedFields": {},
    "name": {},
    "namespace": {},
    "ownerReferences": {},
    "resourceVersion": {},
    "selfLink": {},
    "uid": {},
}
_OPEN: Final = "x-kubernetes-preserve-unknown-fields"


def _translate(schema: Mapping[str, Any]) -> Schema:
    translated: dict[str, Any] = {name: schema[name] for name in _COPIED if name in schema}
    if "pattern" in schema:
        translated["pattern"] = python_pattern(schema["pattern"])
    if schema.get("x-kubernetes-int-or-string"):
        translated["type"] = ["integer", "string"]
    elif "type" in schema:
        translated["type"] = schema["type"]
    if schema.get("nullable"):
        translated["type"] = [translated["type"], "null"]
    if "items" in schema:
        translated["items"] = _translate(schema["items"])
    if "properties" in schema:
        translated["properties"] = {name: _translate(of_name) for name, of_name in schema["properties"].items()}
    if isinstance(schema.get("additionalProperties"), Mapping):
        translated["additionalProperties"] = _translate(schema["additionalProperties"])
    elif schema.get("type") == "object" and not (schema.get(_OPEN) or schema.get("additionalProperties")):
        translated["additionalProperties"] = False
    return translated
