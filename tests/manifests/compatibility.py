"""Whether the schema of a later CustomResourceDefinition takes everything that an earlier one took, and reads it alike.

New CEL rules are not compared, because a text does not show what it refuses: the objects of earlier releases do.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]
# A lower bound may only fall, and an upper one only rise; without one everything is allowed.
_LEAST = ("minimum", "minLength", "minItems", "minProperties")
_MOST = ("maximum", "maxLength", "maxItems", "maxProperties")
# Any change of these may refuse or reinterpret what exists, so that a person has to look at it.
_SAME = (
    "type",
    "format",
    "pattern",
    "multipleOf",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "uniqueItems",
    "not",
    "anyOf",
    "allOf",
    "oneOf",
    "default",
    "x-kubernetes-int-or-string",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-list-type",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-map-type",
)


def losses(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What the definition `after` takes away from `before`, in words; empty where it only adds."""
    return [*_of_definition(before, after)]


def _of_definition(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    old, new = before["spec"], after["spec"]
    for field in ("group", "scope"):
        if old[field] != new[field]:
            yield f"{field}: {old[field]!r} became {new[field]!r}"
    for field in ("plural", "singular", "kind", "listKind"):
        if old["names"].get(field) != new["names"].get(field, old["names"].get(field)):
            yield f"names.{field}: {old['names'].get(field)!r} became {new['names'].get(field)!r}"
    for name in sorted({*old["names"].get("shortNames", ())} - {*new["names"].get("shortNames", ())}):
        yield f"names.shortNames: {name} is gone"
    versions = {version["name"]: version for version in new["versions"]}
    stored = {version["name"] for version in old["versions"] if version["storage"]}
    for version in old["versions"]:
        name = version["name"]
        if name not in versions:
            yield f"{name} is gone"
            continue
        if version["served"] and not versions[name]["served"]:
            yield f"{name} is not served any more"
        for subresource in version.get("subresources") or {}:
            if subresource not in (versions[name].get("subresources") or {}):
                yield f"{name}: subresource {subresource} is gone"
        schemas = (version["schema"]["openAPIV3Schema"], versions[name]["schema"]["openAPIV3Schema"])
        yield from _of_schema(*schemas, path=name)
    for name in sorted(stored - versions.keys()):
        yield f"{name} is what objects are stored as"


def _of_schema(before: Schema, after: Schema, path: str) -> Iterator[str]:
    for field in _SAME:
        if before.get(field) != after.get(field):
            yield f"{path}: {field} {before.get(field)!r} became {after.get(field)!r}"
    for field in _LEAST:
        if field in after and after[field] > before.get(field, after[field] - 1):
            yield f"{path}: {field} rose from {before.get(field)} to {after[field]}"
    for field in _MOST:
        if field in after and after[field] < before.get(field, after[field] + 1):
            yield f"{path}: {field} fell from {before.get(field)} to {after[field]}"
    for field in ("nullable", "x-kubernetes-preserve-unknown-fields"):
        if before.get(field) and not after.get(field):
            yield f"{path}: {field} is gone"
    if "enum" in after:
        for value in before.get("enum", ("any value",)):
            if value not in after["enum"]:
                yield f"{path}: enum lacks {value!r}"
    for name in sorted({*after.get("required", ())} - {*before.get("required", ())}):
        yield f"{path}.{name} is required now"
    old, new = before.get("properties") or {}, after.get("properties") or {}
    for name in old:
        if name not in new:
            yield f"{path}.{name} is gone"
        else:
            yield from _of_schema(old[name], new[name], f"{path}.{name}")
    yield from _of_inner(before, after, path)


def _of_inner(before: Schema, after: Schema, path: str) -> Iterator[str]:
    for field, mark in (("items", "[]"), ("additionalProperties", "{}")):
        old, new = before.get(field), after.get(field)
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from _of_schema(old, new, path + mark)
        elif old != new and new is not True:
            yield f"{path}: {field} {old!r} became {new!r}"
