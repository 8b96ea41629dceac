"""A custom resource's metadata, read as the typed ObjectMeta: unknown fields fall away, other types are refused.

Source: k8s.io/apiextensions-apiserver, package apiserver/schema/objectmeta; the words are those of Go's JSON decoder.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from typing import Any

from ..fielderrors import go_quote

_TEXT, _WHOLE, _TRUTH, _TIME, _ANY = "string", "int64", "bool", "time", "any"
_LABELS = "map[string]string"
_OWNER: Mapping[str, str] = {
    "apiVersion": _TEXT,
    "blockOwnerDeletion": _TRUTH,
    "controller": _TRUTH,
    "kind": _TEXT,
    "name": _TEXT,
    "uid": "types.UID",
}
_ENTRY: Mapping[str, str] = {
    "apiVersion": _TEXT,
    "fieldsType": _TEXT,
    "fieldsV1": _ANY,
    "manager": _TEXT,
    "operation": "v1.ManagedFieldsOperationType",
    "subresource": _TEXT,
    "time": _TIME,
}
_META: Mapping[str, str] = {
    "annotations": _LABELS,
    "creationTimestamp": _TIME,
    "deletionGracePeriodSeconds": _WHOLE,
    "deletionTimestamp": _TIME,
    "finalizers": "[]string",
    "generateName": _TEXT,
    "generation": _WHOLE,
    "labels": _LABELS,
    "managedFields": "[]v1.ManagedFieldsEntry",
    "name": _TEXT,
    "namespace": _TEXT,
    "ownerReferences": "[]v1.OwnerReference",
    "resourceVersion": _TEXT,
    "selfLink": _TEXT,
    "uid": "types.UID",
}
_STRUCTS = {
    "[]v1.OwnerReference": ("OwnerReference", _OWNER),
    "[]v1.ManagedFieldsEntry": ("ManagedFieldsEntry", _ENTRY),
}
_MOMENT = re.compile(r"^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)$")


class MetadataError(ValueError):
    """Metadata that cannot be read; answered with 400. `str()` is the decoder's complaint."""


def read_metadata(metadata: Any) -> tuple[dict[str, Any], list[str]]:
    """(the metadata without unknown and empty fields, paths of the unknown ones). Raises MetadataError."""
    if not isinstance(metadata, dict):
        raise MetadataError(f"json: cannot unmarshal {_json_name(metadata)} into Go value of type v1.ObjectMeta")
    unknown: list[str] = []
    result = _struct(metadata, _META, "ObjectMeta", "", "metadata", unknown)
    return {name: value for name, value in result.items() if value not in ("", {}, [])}, unknown


def _struct(
    value: dict[str, Any], fields: Mapping[str, str], struct: str, path: str, place: str, unknown: list[str]
) -> dict[str, Any]:
    result = {}
    for name, inner in value.items():
        if name not in fields:
            unknown.append(f"{place}.{name}")
        elif inner is not None:
            where = f"{path}.{name}" if path else name
            result[name] = _field(inner, fields[name], struct, where, f"{place}.{name}", unknown)
    return result


def _field(value: Any, kind: str, struct: str, path: str, place: str, unknown: list[str]) -> Any:
    if kind == _ANY:
        return value
    if kind == _TIME:
        return _time(value)
    if kind in _STRUCTS:
        name, fields = _STRUCTS[kind]
        _expect(value, list, kind, struct, path)
        items = []
        for index, item in enumerate(value):
            _expect(item, dict, kind.removeprefix("[]"), struct, path)
            items.append(_struct(item, fields, name, path, f"{place}[{index}]", unknown))
        return items
    if kind == _LABELS:
        _expect(value, dict, kind, struct, path)
        return {key: _text(inner, struct, path) for key, inner in value.items()}
    if kind == "[]string":
        _expect(value, list, kind, struct, path)
        return [_text(item, struct, path) for item in value]
    _expect(value, {_WHOLE: int, _TRUTH: bool}.get(kind, str), kind, struct, path)
    return value


def _text(value: Any, struct: str, path: str) -> str:
    """An item of a list or map of strings; Go reads null as the empty string."""
    if value is None:
        return ""
    _expect(value, str, _TEXT, struct, path)
    return str(value)


def _expect(value: Any, wanted: type, kind: str, struct: str, path: str) -> None:
    if not isinstance(value, wanted) or (wanted is int and isinstance(value, bool)):
        found = _json_name(value)
        raise MetadataError(f"json: cannot unmarshal {found} into Go struct field {struct}.{path} of type {kind}")


def _time(value: Any) -> str:
    if not isinstance(value, str):
        raise MetadataError(f"json: cannot unmarshal {_json_name(value)} into Go value of type string")
    layout = "2006-01-02T15:04:05Z07:00"
    try:
        if not _MOMENT.match(value):
            raise ValueError(value)
        moment = dt.datetime.fromisoformat(value.upper().replace("Z", "+00:00"))
    except ValueError as error:
        shown = go_quote(value)
        raise MetadataError(f'parsing time {shown} as "{layout}": cannot parse {shown} as "2006"') from error
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _json_name(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"
