"""One node of a compiled schema. It is compiled once, so that validation looks nothing up for each object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .formats import FormatCheck, format_check
from .patterns import compile_pattern

# The keys of list types and the validation rules stay plain data.


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """A compiled JSONSchemaProps. Attributes carry the schema's names in snake case.

    Attributes:
        types: accepted JSON types; empty accepts every type. `integer` and `string` for int-or-string.
        pattern: the compiled pattern and its text, or None.
        enum: accepted values, or None.
        additional: schema of the other members; True allows any, False none, None says nothing.
        check_format: checks a string against `format`; None where the server checks nothing.
    """

    types: tuple[str, ...] = ()
    nullable: bool = False
    format: str = ""
    check_format: FormatCheck | None = None
    pattern: tuple[Any, str] | None = None
    min_length: int | None = None
    max_length: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: bool = False
    exclusive_maximum: bool = False
    multiple_of: float | None = None
    min_items: int | None = None
    max_items: int | None = None
    unique_items: bool = False
    min_properties: int | None = None
    max_properties: int | None = None
    required: tuple[str, ...] = ()
    enum: tuple[Any, ...] | None = None
    properties: Mapping[str, Node] = field(default_factory=dict)
    additional: Node | bool | None = None
    items: Node | None = None
    all_of: tuple[Node, ...] = ()
    any_of: tuple[Node, ...] = ()
    one_of: tuple[Node, ...] = ()
    negated: Node | None = None
    has_default: bool = False
    default: Any = None
    preserve_unknown_fields: bool = False
    embedded_resource: bool = False
    int_or_string: bool = False
    list_type: str = ""
    list_map_keys: tuple[str, ...] = ()
    map_type: str = ""
    rules: tuple[Mapping[str, Any], ...] = ()

    @property
    def additional_node(self) -> Node | None:
        """The schema of the other members, if there is one."""
        return self.additional if isinstance(self.additional, Node) else None

    @property
    def type(self) -> str:
        """The one declared type, or "" (int-or-string and untyped nodes)."""
        return self.types[0] if len(self.types) == 1 else ""


def compile_node(schema: Mapping[str, Any]) -> Node:
    """The compiled form of a schema as it stands in a CustomResourceDefinition."""
    int_or_string = bool(schema.get("x-kubernetes-int-or-string"))
    declared = schema.get("type")
    types = ("integer", "string") if int_or_string else (declared,) if declared else ()
    additional = schema.get("additionalProperties")
    items = schema.get("items")
    pattern = schema.get("pattern")
    format_name = supported_format(str(schema.get("format") or ""), types)
    return Node(
        types=types,
        nullable=bool(schema.get("nullable")),
        format=format_name,
        check_format=format_check(format_name) if format_name else None,
        pattern=(compile_pattern(pattern), pattern) if pattern else None,
        min_length=schema.get("minLength"),
        max_length=schema.get("maxLength"),
        minimum=schema.get("minimum"),
        maximum=schema.get("maximum"),
        exclusive_minimum=bool(schema.get("exclusiveMinimum")),
        exclusive_maximum=bool(schema.get("exclusiveMaximum")),
        multiple_of=schema.get("multipleOf"),
        min_items=schema.get("minItems"),
        max_items=schema.get("maxItems"),
        unique_items=bool(schema.get("uniqueItems")),
        min_properties=schema.get("minProperties"),
        max_properties=schema.get("maxProperties"),
        required=tuple(schema.get("required") or ()),
        enum=tuple(schema["enum"]) if schema.get("enum") else None,
        properties={name: compile_node(inner) for name, inner in (schema.get("properties") or {}).items()},
        additional=compile_node(additional) if isinstance(additional, Mapping) else additional,
        items=compile_node(items) if isinstance(items, Mapping) else None,
        all_of=tuple(compile_node(inner) for inner in schema.get("allOf") or ()),
        any_of=tuple(compile_node(inner) for inner in schema.get("anyOf") or ()),
        one_of=tuple(compile_node(inner) for inner in schema.get("oneOf") or ()),
        negated=compile_node(schema["not"]) if schema.get("not") is not None else None,
        has_default="default" in schema and schema["default"] is not None,
        default=schema.get("default"),
        preserve_unknown_fields=bool(schema.get("x-kubernetes-preserve-unknown-fields")),
        embedded_resource=bool(schema.get("x-kubernetes-embedded-resource")),
        int_or_string=int_or_string,
        list_type=str(schema.get("x-kubernetes-list-type") or ""),
        list_map_keys=tuple(schema.get("x-kubernetes-list-map-keys") or ()),
        map_type=str(schema.get("x-kubernetes-map-type") or ""),
        rules=tuple(schema.get("x-kubernetes-validations") or ()),
    )


def supported_format(name: str, types: tuple[str, ...]) -> str:
    """The format if the server looks at it for these types, else ""."""
    kind = types[0] if len(types) == 1 else ""
    if kind in ("", "string"):
        return name if format_check(name) else ""
    allowed = {"integer": ("int32", "int64"), "number": ("float", "double")}.get(kind, ())
    return name if name in allowed else ""
