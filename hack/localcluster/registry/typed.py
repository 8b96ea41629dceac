"""Reading built-in kinds as Go's typed decoder does: unknown fields fall away, wrong types are refused.

The schemas are those of `schema.builtin`. Source of the texts: sigs.k8s.io/json.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC
from typing import Any

from ..clock import parse
from ..errors import bad_request
from ..fielderrors import go_quote
from ..objects import Object
from ..schema.builtin import BuiltinTypes

_ANYTHING = ("Quantity", "IntOrString", "RawExtension", "FieldsV1", "JSON")
_TIMES = {"Time": "2006-01-02T15:04:05Z07:00", "MicroTime": "2006-01-02T15:04:05.000000Z07:00"}
_JSON_NAMES = {str: "string", bool: "bool", int: "number", float: "number", list: "array", dict: "object"}


class TypedReader:
    """Reads objects of one built-in kind."""

    def __init__(self, types: BuiltinTypes, *, group: str, version: str, kind: str) -> None:
        self._types = types
        self._gvk = (group, version, kind)

    def read(self, obj: Object) -> tuple[Object, list[str]]:
        """The object without unknown and empty optional fields, and the strict decoder's objections.

        Raises:
            StatusError: 400 when a value has the wrong type.
        """
        _, version, kind = self._gvk
        schema = self._types.schema(*self._gvk)
        if schema is None:
            return obj, []
        walk = _Walk(self._types.definitions())
        try:
            result = walk.struct(obj, schema, kind, "")
        except _Mismatch as error:
            raise bad_request(f'{kind} in version "{version}" cannot be handled as a {kind}: {error}') from None
        return result, walk.unknown


class _Mismatch(Exception):
    """A value that does not fit its Go type."""


class _Walk:
    def __init__(self, definitions: Mapping[str, Any]) -> None:
        self._definitions = definitions
        self.unknown: list[str] = []

    def struct(self, obj: dict[str, Any], schema: Mapping[str, Any], struct: str, path: str) -> dict[str, Any]:
        properties: Mapping[str, Any] = schema.get("properties") or {}
        required = schema.get("required") or ()
        result: dict[str, Any] = {}
        for name, value in obj.items():
            where = f"{path}.{name}" if path else name
            if name not in properties:
                self.unknown.append(f'unknown field "{where}"')
                continue
            if value is None:
                continue
            read = self._value(value, properties[name], struct, where)
            if read == [] and name not in required:
                continue
            if read == {} and name not in required and self._is_map(properties[name]):
                continue
            result[name] = read
        return result

    def _is_map(self, schema: Mapping[str, Any]) -> bool:
        _, schema = self._resolve(schema)
        return "additionalProperties" in schema

    def _resolve(self, schema: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
        reference = str(schema.get("$ref") or "")
        if not reference:
            return "", schema
        name = reference.rpartition("/")[2]
        return name.rpartition(".")[2], self._definitions.get(name) or {}

    def _value(self, value: Any, schema: Mapping[str, Any], struct: str, path: str) -> Any:
        name, schema = self._resolve(schema)
        if name in _TIMES and isinstance(value, str):
            return _normal_time(value, name)
        if name in _ANYTHING or not (schema.get("type") or schema.get("properties")):
            return value
        kind = _first(schema.get("type")) or "object"
        if not _fits(value, kind):
            go_type = self._go_type(name, schema)
            found = _JSON_NAMES[type(value)] + (f" {value}" if isinstance(value, float) else "")
            raise _Mismatch(f"json: cannot unmarshal {found} into Go struct field {struct}.{path} of type {go_type}")
        if kind == "object" and schema.get("properties"):
            return self.struct(value, schema, name or struct, path)
        if kind == "object":
            return self._map(value, schema, struct, path)
        if kind == "array":
            items = schema.get("items") or {}
            return [
                self._zero(items) if item is None else self._value(item, items, struct, f"{path}[{i}]")
                for i, item in enumerate(value)
            ]
        if schema.get("format") == "byte":
            _check_base64(value)
        return value

    def _zero(self, schema: Mapping[str, Any]) -> Any:
        """Return what Go makes of a null in a list."""
        kind = _first(self._resolve(schema)[1].get("type")) or "object"
        return {"object": {}, "array": [], "boolean": False, "integer": 0, "number": 0}.get(kind, "")

    def _map(self, value: dict[str, Any], schema: Mapping[str, Any], struct: str, path: str) -> dict[str, Any]:
        inner = schema.get("additionalProperties")
        if not isinstance(inner, Mapping):
            return value
        empty: Any = "" if _first(inner.get("type")) == "string" else None
        return {key: empty if item is None else self._value(item, inner, struct, path) for key, item in value.items()}

    def _go_type(self, name: str, schema: Mapping[str, Any]) -> str:
        if name:
            return f"v1.{name}"
        kind = _first(schema.get("type"))
        if kind == "integer":
            return str(schema.get("format") or "int64")
        if kind == "array":
            inner_name, inner = self._resolve(schema.get("items") or {})
            return "[]" + self._go_type(inner_name, inner)
        if kind == "object":
            additional = schema.get("additionalProperties")
            if isinstance(additional, Mapping) and additional.get("format") == "byte":
                return "map[string][]uint8"
            inner_name, inner = self._resolve(additional if isinstance(additional, Mapping) else {})
            return "map[string]" + self._go_type(inner_name, inner)
        return {"boolean": "bool", "number": "float64"}.get(kind, kind)


def _normal_time(text: str, kind: str) -> str:
    """A time as Go writes it again: UTC, in whole seconds or in microseconds."""
    moment = parse(text)
    if moment is None:
        shown = go_quote(text)
        raise _Mismatch(f'parsing time {shown} as "{_TIMES[kind]}": cannot parse {shown} as "2006"')
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S" + (".%fZ" if kind == "MicroTime" else "Z"))


def _first(kind: Any) -> str:
    if not isinstance(kind, list):
        return str(kind or "")
    for name in kind:
        if name != "null":
            return str(name)
    return ""


def _fits(value: Any, kind: str) -> bool:
    if kind == "object":
        return isinstance(value, dict)
    if kind == "array":
        return isinstance(value, list)
    if kind == "string":
        return isinstance(value, str)
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "integer":
        return isinstance(value, int) and not isinstance(value, bool)
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _check_base64(text: str) -> None:
    """Refuse what Go's decoder of standard base64 refuses, naming the same byte."""
    misplaced = re.search(r"[^A-Za-z0-9+/=\r\n]", text)
    body = re.sub(r"[\r\n]", "", text)
    padding = body.find("=")
    if misplaced and (padding < 0 or misplaced.start() < padding):
        raise _Mismatch(f"illegal base64 data at input byte {misplaced.start()}")
    if padding >= 0:
        tail = body[padding:]
        expected = {2: "==", 3: "="}.get(padding % 4)
        if tail != expected:
            wrong = padding if expected is None else padding + len(expected)
            raise _Mismatch(f"illegal base64 data at input byte {min(wrong, len(body))}")
    elif len(body) % 4:
        raise _Mismatch(
            f"illegal base64 data at input byte {len(body) - len(body) % 4 if len(body) % 4 == 1 else len(body)}"
        )
