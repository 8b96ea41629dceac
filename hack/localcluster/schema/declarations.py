"""How CEL sees a custom resource: the types a schema declares, and values converted to them.

Fields without a usable schema are not visible. Names that are not CEL identifiers are escaped (`a-b` is `a__dash__b`).

Source: k8s.io/apiserver, packages cel (escaping) and cel/common (schemas, values); apiextensions-apiserver, schema/cel.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from .cel.errors import EvaluationError
from .cel.standard import parse_duration, parse_timestamp
from .cel.types import BOOL, BYTES, DOUBLE, DURATION, DYN, INT, STRING, TIMESTAMP, Type, list_of, map_of
from .cel.values import MapList, SetList
from .node import Node

_KEYWORDS = (
    "true, false, null, in, as, break, const, continue, else, for, function, if, import, let, loop, package, "
    "namespace, return, var, void, while"
)
_RESERVED = frozenset(keyword.strip() for keyword in _KEYWORDS.split(","))
_ESCAPES = {"__": "__underscores__", ".": "__dot__", "-": "__dash__", "/": "__slash__"}
_TEXT_TYPES = {"byte": BYTES, "duration": DURATION, "date": TIMESTAMP, "date-time": TIMESTAMP}

_TEXT = Node(types=("string",))
_OBJECT_META = Node(types=("object",), properties={"name": _TEXT, "generateName": _TEXT})


def escape(name: str) -> str | None:
    """Return the CEL identifier of a field, or None if CEL cannot refer to it."""
    if not name or name[0].isdigit() or not re.fullmatch(r"[A-Za-z0-9_.\-/]+", name):
        return None
    if name in _RESERVED:
        return f"__{name}__"
    return re.sub(r"__|[.\-/]", lambda match: _ESCAPES[match.group()], name)


def as_resource(node: Node) -> Node:
    """The node of an object's root as rules see it: kind, apiVersion, metadata.name and generateName are there."""
    properties = {**node.properties, "apiVersion": _TEXT, "kind": _TEXT, "metadata": _OBJECT_META}
    return Node(
        types=node.types,
        properties=properties,
        additional=node.additional,
        required=node.required,
        map_type=node.map_type,
    )


def declared_type(node: Node, *, is_resource: bool = False) -> Type | None:
    """The CEL type of a node, or None where rules cannot look."""
    if node.int_or_string:
        return DYN
    if is_resource:
        node = as_resource(node)
    match node.type:
        case "array":
            item = declared_type(node.items, is_resource=node.items.embedded_resource) if node.items else None
            return None if item is None else list_of(item)
        case "object":
            return _object_type(node)
        case "string":
            return _TEXT_TYPES.get(node.format, STRING)
        case "boolean" | "integer" | "number":
            return {"boolean": BOOL, "integer": INT, "number": DOUBLE}[node.type]
    return None


def _object_type(node: Node) -> Type | None:
    values = node.additional_node
    if values is not None:
        value = declared_type(values, is_resource=values.embedded_resource)
        return None if value is None else map_of(STRING, value)
    fields = {}
    for name, inner in node.properties.items():
        kind, escaped = declared_type(inner, is_resource=inner.embedded_resource), escape(name)
        if kind is not None and escaped is not None:
            fields[escaped] = kind
    return Type("object", fields=fields)


def to_cel(node: Node, value: Any, *, is_resource: bool = False) -> Any:
    """A JSON value as CEL sees it. Raises EvaluationError when its text does not fit its format."""
    if value is None or node.int_or_string:
        return value
    if is_resource:
        node = as_resource(node)
    if isinstance(value, dict):
        return _object_value(node, value)
    if isinstance(value, list) and node.items is not None:
        inner = node.items
        items = [to_cel(inner, item, is_resource=inner.embedded_resource) for item in value]
        if node.list_type == "set":
            return SetList(items)
        if node.list_type == "map":
            return MapList(items, [escape(name) or name for name in node.list_map_keys])
        return items
    if isinstance(value, str):
        return _text_value(node, value)
    if node.type == "number" and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if node.type == "integer" and isinstance(value, float):
        return int(value)
    return value


def _object_value(node: Node, value: dict[str, Any]) -> dict[str, Any]:
    values = node.additional_node
    if values is not None:
        return {name: to_cel(values, inner, is_resource=values.embedded_resource) for name, inner in value.items()}
    result = {}
    for name, inner in value.items():
        schema, escaped = node.properties.get(name), escape(name)
        if schema is not None and escaped is not None:
            result[escaped] = to_cel(schema, inner, is_resource=schema.embedded_resource)
    return result


def _text_value(node: Node, text: str) -> Any:
    match node.format:
        case "byte":
            try:
                return base64.b64decode(text, validate=True)
            except binascii.Error as error:
                raise EvaluationError(f"Invalid byte format: {error}") from error
        case "duration":
            return parse_duration(text)
        case "date":
            return parse_timestamp(f"{text}T00:00:00Z")
        case "date-time":
            return parse_timestamp(text)
    return text
