"""The API server's checks of a structural openAPIV3Schema: keywords, list types, rules.

Source: k8s.io/apiextensions-apiserver, package apis/apiextensions/validation.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from .. import fielderrors as fe
from ..fielderrors import FieldError, Printed
from . import pruning
from .crd_structure import check_structure
from .declarations import declared_type
from .fieldpath import normalize
from .listtypes import check_lists
from .node import Node, compile_node
from .rules import compile_rule
from .ruleset import rules_of
from .values import check_values

Schema = Mapping[str, Any]

_TYPES = ("array", "boolean", "integer", "number", "object", "string")
_REASONS = ("FieldValueDuplicate", "FieldValueForbidden", "FieldValueInvalid", "FieldValueRequired")
_NOT_SUPPORTED = (
    ("id", "id is not supported"),
    ("additionalItems", "additionalItems is not supported"),
    ("patternProperties", "patternProperties is not supported"),
    ("definitions", "definitions is not supported"),
    ("dependencies", "dependencies is not supported"),
    ("$ref", "$ref is not supported"),
)
_ROOT_KEYWORDS = {
    "description": "Description",
    "type": "Type",
    "format": "Format",
    "title": "Title",
    "maximum": "Maximum",
    "exclusiveMaximum": "ExclusiveMaximum",
    "minimum": "Minimum",
    "exclusiveMinimum": "ExclusiveMinimum",
    "maxLength": "MaxLength",
    "minLength": "MinLength",
    "pattern": "Pattern",
    "maxItems": "MaxItems",
    "minItems": "MinItems",
    "uniqueItems": "UniqueItems",
    "multipleOf": "MultipleOf",
    "required": "Required",
    "items": "Items",
    "properties": "Properties",
    "externalDocs": "ExternalDocs",
    "example": "Example",
    "x-kubernetes-preserve-unknown-fields": "XPreserveUnknownFields",
    "x-kubernetes-validations": "XValidations",
}


@dataclass(frozen=True, slots=True)
class _Context:
    """Where in a schema we are.

    Attributes:
        node: the compiled schema for checking rules, or None where rules are not looked at.
        is_root: whether this is the object itself.
        forbid_defaults: why defaults are not allowed here, or "".
        uncorrelatable: path of the nearest list or map above whose items have no former selves, or "".
    """

    node: Node | None
    is_root: bool = False
    in_metadata: bool = False
    forbid_defaults: str = ""
    uncorrelatable: str = ""


def check_schema(schema: Schema, path: str, *, has_status: bool) -> list[FieldError]:
    """Return all errors of an openAPIV3Schema at `path`."""
    errors = list(_check_root(schema, path, has_status=has_status))
    structural = check_structure(schema, path)
    node: Node | None = None
    if structural:
        errors += structural
    else:
        node = compile_node(schema)
        defaults = list(_check_defaults(schema, node, path))
        errors += defaults
        node = None if defaults else node
    found, rules = _check(schema, path, _Context(node=node, is_root=True))
    return errors + found + rules


def _check_root(schema: Schema, path: str, *, has_status: bool) -> Iterator[FieldError]:
    if has_status:
        if schema.get("type") and schema["type"] != "object":
            detail = (
                'only "object" is allowed as the type at the root of the schema if the status subresource is enabled'
            )
            yield fe.invalid(f"{path}.type", schema["type"], detail)
        elif any(value not in (None, "", [], {}, False) and key not in _ROOT_KEYWORDS for key, value in schema.items()):
            allowed = " ".join(_ROOT_KEYWORDS.values())
            detail = (
                f"only [{allowed}] fields are allowed at the root of the schema if the status subresource is enabled"
            )
            yield fe.invalid(path, dict(schema), detail)
    if schema.get("nullable"):
        yield fe.forbidden(f"{path}.nullable", "nullable cannot be true at the root")


def _check(schema: Schema, path: str, context: _Context) -> tuple[list[FieldError], list[FieldError]]:
    """(errors of the schema, errors of its rules), each for the whole subtree."""
    errors = [*_check_keywords(schema, path, context)]
    rules: list[FieldError] = []
    for inner, inner_path, inner_context in _children(schema, path, context):
        found, found_rules = _check(inner, inner_path, inner_context)
        errors += found
        rules += found_rules
    errors += _check_merge_types(schema, path)
    for index, rule in enumerate(schema.get("x-kubernetes-validations") or []):
        errors += _check_rule_form(rule, schema, f"{path}.x-kubernetes-validations[{index}]")
    if not errors and context.node is not None and schema.get("x-kubernetes-validations"):
        rules += _check_rules(path, context)
    return errors, rules


def _children(schema: Schema, path: str, context: _Context) -> Iterator[tuple[Schema, str, _Context]]:
    node = context.node
    plain = replace(context, is_root=False)
    additional = schema.get("additionalProperties")
    if isinstance(additional, Mapping):
        reason = "inside additionalProperties applying to object metadata" if context.in_metadata else ""
        yield (
            additional,
            f"{path}.additionalProperties",
            replace(plain, node=node and node.additional_node, forbid_defaults=reason or context.forbid_defaults),
        )
    embedded = bool(schema.get("x-kubernetes-embedded-resource"))
    for name, inner in (schema.get("properties") or {}).items():
        child = replace(plain, node=node and node.properties.get(name))
        if (context.is_root or embedded) and name in ("metadata", "kind", "apiVersion"):
            reason = f"in top-level {name}" if context.is_root else context.forbid_defaults
            child = replace(child, in_metadata=True, forbid_defaults=reason)
        yield inner, f"{path}.properties[{name}]", child
    branch = replace(plain, node=None)
    if schema.get("not") is not None:
        yield schema["not"], f"{path}.not", branch
    for key in ("allOf", "oneOf", "anyOf"):
        for index, inner in enumerate(schema.get(key) or []):
            yield inner, f"{path}.{key}[{index}]", branch
    if isinstance(schema.get("items"), Mapping):
        child = replace(plain, node=node and node.items)
        if schema.get("x-kubernetes-list-type") != "map" and not context.uncorrelatable:
            child = replace(child, uncorrelatable=path)
        yield schema["items"], f"{path}.items", child


def _check_keywords(schema: Schema, path: str, context: _Context) -> Iterator[FieldError]:
    kind = schema.get("type") or ""
    if kind and kind not in _TYPES:
        yield fe.unsupported(f"{path}.type", kind, _TYPES)
    if schema.get("default") is not None and context.forbid_defaults:
        yield fe.forbidden(f"{path}.default", f"must not be set {context.forbid_defaults}")
    for key, detail in _NOT_SUPPORTED:
        if schema.get(key):
            yield fe.forbidden(f"{path}.{key}", detail)
    if kind == "null":
        yield fe.forbidden(f"{path}.type", "type cannot be set to null, use nullable as an alternative")
    if isinstance(schema.get("items"), list):
        yield fe.forbidden(f"{path}.items", "items must be a schema object and not an array")
    if context.in_metadata and schema.get("x-kubernetes-embedded-resource"):
        yield fe.forbidden(f"{path}.x-kubernetes-embedded-resource", "must not be used inside of resource meta")
    if schema.get("uniqueItems"):
        detail = "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"
        yield fe.forbidden(f"{path}.uniqueItems", detail)
    additional = schema.get("additionalProperties")
    if schema.get("properties") and additional is not None and additional is not True:
        detail = "additionalProperties and properties are mutual exclusive"
        yield fe.forbidden(f"{path}.additionalProperties", detail)
    if schema.get("x-kubernetes-preserve-unknown-fields") is False:
        yield fe.invalid(f"{path}.x-kubernetes-preserve-unknown-fields", False, "must be true or undefined")


def _check_merge_types(schema: Schema, path: str) -> Iterator[FieldError]:
    kind = schema.get("type") or ""
    map_type, list_type = schema.get("x-kubernetes-map-type"), schema.get("x-kubernetes-list-type")
    keys = schema.get("x-kubernetes-list-map-keys") or []
    for declared, wanted in ((map_type, "object"), (list_type, "array")):
        if declared is not None and kind != wanted:
            keyword = "map-type" if wanted == "object" else "list-type"
            detail = f"must be {wanted} if x-kubernetes-{keyword} is specified"
            yield fe.invalid(f"{path}.type", kind, detail) if kind else fe.required(f"{path}.type", detail)
        if declared is map_type and declared not in (None, "atomic", "granular"):
            yield fe.unsupported(f"{path}.x-kubernetes-map-type", declared, ("atomic", "granular"))
    if list_type == "set" and kind == "array":
        yield from _check_set_items(schema.get("items"), path)
    if list_type not in (None, "atomic", "set", "map"):
        yield fe.unsupported(f"{path}.x-kubernetes-list-type", list_type, ("atomic", "set", "map"))
    if keys and list_type != "map":
        detail = "must be map if x-kubernetes-list-map-keys is non-empty"
        field = f"{path}.x-kubernetes-list-type"
        yield fe.required(field, detail) if list_type is None else fe.invalid(field, list_type, detail)
    if list_type == "map":
        yield from _check_map_list(schema, keys, path)
    items = schema.get("items")
    if list_type in ("set", "map") and isinstance(items, Mapping):
        if items.get("nullable"):
            yield fe.forbidden(
                f"{path}.items.nullable", f"cannot be nullable when x-kubernetes-list-type is {list_type}"
            )
        for key in keys if list_type == "map" else ():
            yield from _check_key_field(key, items, path)


def _check_set_items(items: Any, path: str) -> Iterator[FieldError]:
    if not isinstance(items, Mapping):
        return
    detail = "must be atomic as item of a list with x-kubernetes-list-type=set"
    inner_list, inner_map = items.get("x-kubernetes-list-type"), items.get("x-kubernetes-map-type")
    if items.get("type") == "array" and inner_list not in (None, "atomic"):
        yield fe.invalid(f"{path}.items.x-kubernetes-list-type", inner_list, detail)
    if items.get("type") == "object" and inner_map != "atomic":
        yield fe.invalid(f"{path}.items.x-kubernetes-map-type", inner_list, detail)


def _check_map_list(schema: Schema, keys: list[str], path: str) -> Iterator[FieldError]:
    items = schema.get("items")
    if not keys:
        detail = "must not be empty if x-kubernetes-list-type is map"
        yield fe.required(f"{path}.x-kubernetes-list-map-keys", detail)
    if items is None:
        yield fe.required(f"{path}.items", "must have a schema if x-kubernetes-list-type is map")
        return
    if items.get("type") != "object":
        detail = "must be object if parent array's x-kubernetes-list-type is map"
        yield fe.invalid(f"{path}.items.type", items.get("type") or "", detail)
        return
    for index, key in enumerate(keys):
        inner = (items.get("properties") or {}).get(key)
        if inner is None:
            detail = "entries must all be names of item properties"
            yield fe.invalid(f"{path}.x-kubernetes-list-map-keys", keys, detail)
        elif inner.get("type") in ("array", "object"):
            detail = "must be a scalar type if parent array's x-kubernetes-list-type is map"
            yield fe.invalid(f"{path}.items.properties[{key}].type", items.get("type"), detail)
        if key in keys[:index]:
            yield fe.invalid(f"{path}.x-kubernetes-list-map-keys", keys, "must not contain duplicate entries")


def _check_key_field(key: str, items: Schema, path: str) -> Iterator[FieldError]:
    inner = (items.get("properties") or {}).get(key)
    place = f"{path}.items.properties[{key}]"
    because = "this property is in x-kubernetes-list-map-keys, so it"
    if inner is None:
        return
    if key not in (items.get("required") or []) and inner.get("default") is None:
        yield fe.required(f"{place}.default", f"{because} must have a default or be a required property")
    if inner.get("nullable"):
        yield fe.forbidden(f"{place}.nullable", f"{because} cannot be nullable")


def _check_rule_form(rule: Schema, schema: Schema, path: str) -> Iterator[FieldError]:
    text, message = str(rule.get("rule") or ""), str(rule.get("message") or "")
    if not text.strip():
        yield fe.required(f"{path}.rule", "rule is not specified")
    elif message and not message.strip():
        yield fe.invalid(f"{path}.message", message, "must be non-empty if specified")
    elif _has_newline(message.strip()):
        yield fe.invalid(f"{path}.message", message, "must not contain line breaks")
    elif _has_newline(text.strip()) and not message.strip():
        yield fe.required(f"{path}.message", "message must be specified if rule contains line breaks")
    expression = str(rule.get("messageExpression") or "")
    if expression and not expression.strip():
        yield fe.required(f"{path}.messageExpression", "messageExpression must be non-empty if specified")
    reason = rule.get("reason")
    if reason is not None and reason not in _REASONS:
        yield fe.unsupported(f"{path}.reason", reason, _REASONS)
    field_path = str(rule.get("fieldPath") or "")
    if field_path and not field_path.strip():
        yield fe.invalid(f"{path}.fieldPath", field_path, "must be non-empty if specified")
    if _has_newline(field_path):
        yield fe.invalid(f"{path}.fieldPath", field_path, "must not contain line breaks")
    if field_path:
        try:
            normalize(field_path, compile_node(schema))
        except ValueError:
            yield fe.invalid(f"{path}.fieldPath", field_path, "must be a valid path")


def _has_newline(text: str) -> bool:
    return "\n" in text or "\r" in text


def _check_rules(path: str, context: _Context) -> Iterator[FieldError]:
    node = context.node
    kind = declared_type(node, is_resource=context.is_root or node.embedded_resource) if node is not None else None
    if node is None or kind is None:
        return
    for index, source in enumerate(node.rules):
        rule, place = compile_rule(source, node, kind), f"{path}.x-kubernetes-validations[{index}]"
        if rule.problem:
            yield fe.invalid(f"{place}.rule", _printed(source), rule.problem)
        if rule.message_problem:
            yield fe.invalid(f"{place}.messageExpression", _printed(source), rule.message_problem)
        if rule.uses_old_self:
            if context.uncorrelatable:
                detail = "oldSelf cannot be used on the uncorrelatable portion of the schema within"
                yield fe.invalid(f"{place}.rule", source.get("rule"), f"{detail} {context.uncorrelatable}")
        elif source.get("optionalOldSelf") is not None and not rule.problem:
            detail = "may not be set if oldSelf is not used in rule"
            yield fe.invalid(f"{place}.optionalOldSelf", source["optionalOldSelf"], detail)


def _printed(rule: Schema) -> Printed:
    """A rule as the server prints it: by the names of its Go fields."""
    fields = {
        "Rule": rule.get("rule") or "",
        "Message": rule.get("message") or "",
        "MessageExpression": rule.get("messageExpression") or "",
        "Reason": rule.get("reason"),
        "FieldPath": rule.get("fieldPath") or "",
        "OptionalOldSelf": rule.get("optionalOldSelf"),
    }
    return Printed("{" + ",".join(f"{json.dumps(name)}:{fe.go_json(value)}" for name, value in fields.items()) + "}")


def _check_defaults(schema: Schema, node: Node, path: str) -> Iterator[FieldError]:
    """Defaults must themselves be valid, and hold no unknown fields."""
    if node.has_default:
        default, place = node.default, f"{path}.default"
        pruned, _ = pruning.prune(node, default, is_resource=node.embedded_resource)
        if pruned != default:
            yield fe.invalid(place, default, "must not have unknown fields")
        found = check_values(node, default, base=place) or check_lists(node, default)
        rules = rules_of(node, is_resource=node.embedded_resource) if not found else None
        yield from found
        if rules is not None:
            for error in rules.check(default, default, None):
                inner = "" if error.field == fe.NO_FIELD else f".{error.field}"
                yield FieldError(f"{place}{inner}", error.reason, error.detail)
    if node.items is not None:
        yield from _check_defaults(schema["items"], node.items, f"{path}.items")
    for name, child in node.properties.items():
        yield from _check_defaults(schema["properties"][name], child, f"{path}.properties[{name}]")
