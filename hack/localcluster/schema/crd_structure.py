"""Whether a schema is structural: every field has its type outside of anyOf and its like, metadata is left alone.

Source: k8s.io/apiextensions-apiserver, package apiserver/schema (validation, complete).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from .. import fielderrors as fe
from ..fielderrors import FieldError
from .patterns import PatternError, compile_pattern

Schema = Mapping[str, Any]
Level = Literal["root", "item", "field"]

_INT_OR_STRING = [{"type": "integer"}, {"type": "string"}]
_MISSING_TYPE = {
    "root": "must not be empty at the root",
    "item": "must not be empty for specified array items",
    "field": "must not be empty for specified object fields",
}
# The keywords that are not allowed inside anyOf, allOf, oneOf and not, in the order of the server's checks.
_NOT_NESTED = (
    ("type", "must be empty to be structural"),
    ("additionalProperties", "must be undefined to be structural"),
    ("default", "must be undefined to be structural"),
    ("title", "must be empty to be structural"),
    ("description", "must be empty to be structural"),
    ("nullable", "must be false to be structural"),
    ("x-kubernetes-preserve-unknown-fields", "must be false to be structural"),
    ("x-kubernetes-embedded-resource", "must be false to be structural"),
    ("x-kubernetes-int-or-string", "must be false to be structural"),
    ("x-kubernetes-list-map-keys", "must be empty to be structural"),
    ("x-kubernetes-list-type", "must be undefined to be structural"),
    ("x-kubernetes-map-type", "must be undefined to be structural"),
    ("x-kubernetes-validations", "must be empty to be structural"),
)


def check_structure(schema: Schema, path: str) -> list[FieldError]:
    """Return the reasons why a schema is not structural, sorted by their text."""
    errors = [*_invariants(schema, "root", path), *_complete(schema, schema, path, path)]
    return sorted(errors, key=lambda error: error.message)


def _invariants(schema: Schema, level: Level, path: str) -> Iterator[FieldError]:
    kind = schema.get("type") or ""
    embedded = bool(schema.get("x-kubernetes-embedded-resource"))
    preserving = bool(schema.get("x-kubernetes-preserve-unknown-fields"))
    int_or_string = bool(schema.get("x-kubernetes-int-or-string"))
    properties = schema.get("properties") or {}
    if kind == "array" and schema.get("items") is None:
        yield fe.required(f"{path}.items", "must be specified")
    if isinstance(schema.get("items"), Mapping):
        yield from _invariants(schema["items"], "item", f"{path}.items")
    for name, inner in properties.items():
        yield from _invariants(inner, "field", f"{path}.properties[{name}]")
    additional = schema.get("additionalProperties")
    if additional is not None:
        if level == "root":
            yield fe.forbidden(f"{path}.additionalProperties", "must not be used at the root")
        if isinstance(additional, Mapping):
            yield from _invariants(additional, "field", f"{path}.additionalProperties")
    if int_or_string and preserving:
        field = f"{path}.x-kubernetes-preserve-unknown-fields"
        yield fe.invalid(field, True, "must be false if x-kubernetes-int-or-string is true")
    if int_or_string and embedded:
        field = f"{path}.x-kubernetes-embedded-resource"
        yield fe.invalid(field, True, "must be false if x-kubernetes-int-or-string is true")
    yield from _value_validation(schema, path)
    yield from _types(schema, level, path, kind=kind, embedded=embedded, exempt=int_or_string or preserving)
    if level == "root" or embedded:
        for name in ("kind", "apiVersion"):
            if name in properties and properties[name].get("type") != "string":
                shown = properties[name].get("type") or ""
                yield fe.invalid(f"{path}.properties[{name}].type", shown, "must be string")
    if "metadata" in properties:
        yield from _metadata(properties["metadata"], level, f"{path}.properties[metadata]", embedded=embedded)
    if embedded and not preserving and not properties:
        yield fe.required(
            f"{path}.properties",
            "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields",
        )


def _types(schema: Schema, level: Level, path: str, *, kind: str, embedded: bool, exempt: bool) -> Iterator[FieldError]:
    if embedded and kind != "object":
        detail = "must be object if x-kubernetes-embedded-resource is true"
        yield fe.invalid(f"{path}.type", kind, detail) if kind else fe.required(f"{path}.type", detail)
    elif not kind and not exempt:
        yield fe.required(f"{path}.type", _MISSING_TYPE[level])
    if embedded and schema.get("additionalProperties") is not None:
        detail = "must not be used if x-kubernetes-embedded-resource is set"
        yield fe.forbidden(f"{path}.additionalProperties", detail)
    if level == "root" and kind and kind != "object":
        yield fe.invalid(f"{path}.type", kind, "must be object at the root")


def _metadata(schema: Schema, level: Level, path: str, *, embedded: bool) -> Iterator[FieldError]:
    if (level == "root" or embedded) and schema.get("type") != "object":
        yield fe.invalid(f"{path}.type", schema.get("type") or "", "must be object")
    if level != "root":
        return
    others = {key for key, value in schema.items() if value not in (None, "", [], {}, False)}
    others -= {"type", "default"}
    if set(schema.get("properties") or {}) <= {"name", "generateName"}:
        others.discard("properties")
    if others:
        detail = "must not specify anything other than name and generateName, but metadata is implicitly specified"
        yield fe.forbidden(path, detail)


def _value_validation(schema: Schema, path: str) -> Iterator[FieldError]:
    any_of, all_of = schema.get("anyOf") or [], schema.get("allOf") or []
    if any_of != _INT_OR_STRING:
        for index, inner in enumerate(any_of):
            yield from _nested(inner, f"{path}.anyOf[{index}]")
    for index, inner in enumerate(all_of):
        exempt = index == 0 and inner.get("anyOf") == _INT_OR_STRING
        yield from _nested({**inner, "anyOf": []} if exempt else inner, f"{path}.allOf[{index}]")
    for index, inner in enumerate(schema.get("oneOf") or []):
        yield from _nested(inner, f"{path}.oneOf[{index}]")
    if schema.get("not") is not None:
        yield from _nested(schema["not"], f"{path}.not")
    pattern = schema.get("pattern")
    if pattern:
        try:
            compile_pattern(pattern)
        except PatternError as error:
            detail = f"must be a valid regular expression, but isn't: {error}"
            yield fe.invalid(f"{path}.pattern", pattern, detail)


def _nested(schema: Schema, path: str) -> Iterator[FieldError]:
    yield from _value_validation(schema, path)
    if isinstance(schema.get("items"), Mapping):
        yield from _nested(schema["items"], f"{path}.items")
    for name, inner in (schema.get("properties") or {}).items():
        yield from _nested(inner, f"{path}.properties[{name}]")
    for key, detail in _NOT_NESTED:
        if schema.get(key) not in (None, "", [], False):
            yield fe.forbidden(f"{path}.{key}", detail)
    if "metadata" in (schema.get("properties") or {}):
        yield fe.forbidden(f"{path}.properties[metadata]", "must not be specified in a nested context")


def _complete(nested: Schema, schema: Schema, path: str, nested_path: str) -> Iterator[FieldError]:
    """Yield an error for each field that is used inside an anyOf (or similar) but not declared outside it."""
    branches = [
        (f"{key}[{index}]", inner)
        for key in ("allOf", "anyOf", "oneOf")
        for index, inner in enumerate(nested.get(key) or [])
    ]
    if nested.get("not") is not None:
        branches.insert(0, ("not", nested["not"]))
    for name, branch in branches:
        yield from _complete_branch(branch, schema, path, f"{nested_path}.{name}")


def _complete_branch(branch: Schema, schema: Schema | None, path: str, nested_path: str) -> Iterator[FieldError]:
    if schema is None:
        yield fe.required(path, f"because it is defined in {nested_path}")
        return
    yield from _complete(branch, schema, path, nested_path)
    if isinstance(branch.get("items"), Mapping):
        yield from _complete_branch(branch["items"], schema.get("items"), f"{path}.items", f"{nested_path}.items")
    for name, inner in (branch.get("properties") or {}).items():
        declared = (schema.get("properties") or {}).get(name)
        place, nested_place = f"{path}.properties[{name}]", f"{nested_path}.properties[{name}]"
        yield from _complete_branch(inner, declared, place, nested_place)
