"""Reads request bodies, JSON or YAML, and words errors as Go's decoder does."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import yaml

from ..errors import bad_request, unsupported_media_type
from ..fielderrors import go_quote
from ..objects import Object, decode, encode, set_fields
from ..registry.catalog import Catalog
from ..registry.context import WriteContext
from ..registry.resource import ResourceType
from .protobuf import MEDIA_TYPE, read_protobuf

_BODY_TYPES = ("application/json", "application/yaml", MEDIA_TYPE)
_SCHEME = "pkg/api/legacyscheme/scheme.go:30"


def media_type(content_type: str) -> str:
    """A Content-Type without its parameters."""
    return content_type.partition(";")[0].strip()


def parse_document(data: bytes, content_type: str) -> tuple[Any, list[str]]:
    """The document of a body and the fields it gives twice.

    Raises:
        StatusError: 415 for a type that is not understood.
        ValueError: with the parser's words.
    """
    kind = media_type(content_type) or "application/json"
    if kind == MEDIA_TYPE and (document := read_protobuf(data)) is not None:
        return document, []
    if kind not in _BODY_TYPES[:2]:
        raise unsupported_media_type(_BODY_TYPES)
    if kind == "application/yaml":
        return parse_yaml(data), []
    return parse_json(data)


def parse_json(data: bytes) -> tuple[Any, list[str]]:
    """JSON, and the paths of keys that occur twice in one object.

    Raises:
        ValueError: in Go's words.
    """
    repeated: dict[int, list[str]] = {}

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(items)
        if len(found) < len(items):
            keys = [key for key, _ in items]
            repeated[id(found)] = [key for position, key in enumerate(keys) if key in keys[:position]]
        return found

    try:
        document = decode(data, pairs=pairs)
    except json.JSONDecodeError as error:
        raise ValueError(_go_json_error(error)) from None
    except UnicodeDecodeError:
        raise ValueError("invalid UTF-8 in body") from None
    return document, list(_paths(document, repeated, "")) if repeated else []


def _paths(value: Any, repeated: dict[int, list[str]], path: str) -> Iterator[str]:
    if isinstance(value, dict):
        prefix = f"{path}." if path else ""
        yield from (f"{prefix}{key}" for key in repeated.get(id(value), ()))
        for key, item in value.items():
            yield from _paths(item, repeated, f"{prefix}{key}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _paths(item, repeated, f"{path}[{index}]")


def parse_yaml(data: bytes) -> Any:
    """Parse YAML (or JSON, which is a subset).

    Raises:
        ValueError: if the text is not valid YAML.
    """
    try:
        return decode(data)
    except ValueError:
        pass
    try:
        return decode(encode(yaml.load(data, Loader=_YamlLoader)))  # noqa: S506 - a subclass of SafeLoader
    except yaml.YAMLError as error:
        raise ValueError(f"error converting YAML to JSON: yaml: {error}") from None
    except RecursionError:
        # The YAML parser is recursive. Clients send documents of this depth as JSON, which was tried before.
        raise ValueError("error converting YAML to JSON: yaml: exceeded max depth") from None


class _YamlLoader(yaml.SafeLoader):
    """YAML whose timestamps stay the strings they are in Kubernetes."""


_YamlLoader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _go_json_error(error: json.JSONDecodeError) -> str:
    text = error.doc[error.pos :].lstrip()
    if not text:
        return "unexpected end of JSON input"
    where = next((words for start, words in _GO_PLACES.items() if error.msg.startswith(start)), _GO_PLACES[""])
    return f"invalid character {_go_char(text[0])} {where}"


# Python's words for what it expected → Go's words for where it was.
_GO_PLACES = {
    "Expecting property name": "looking for beginning of object key string",
    "Expecting ':'": "after object key",
    "Expecting ','": "after object key:value pair",
    "Extra data": "after top-level value",
    "": "looking for beginning of value",
}


def _go_char(char: str) -> str:
    return "'\\''" if char == "'" else "'\"'" if char == '"' else f"'{go_quote(char)[1:-1]}'"


def read_object(catalog: Catalog, resource: ResourceType, data: bytes, content_type: str) -> tuple[Object, list[str]]:
    """The object of a create or replace, with kind and apiVersion filled in, and its duplicate fields.

    Raises:
        StatusError: 400 or 415.
    """
    try:
        document, duplicates = parse_document(data, content_type)
    except ValueError as error:
        raise _unrecognized(resource, data, f"couldn't get version/kind; json parse error: {error}") from None
    if not isinstance(document, dict):
        go_type = "struct { APIVersion string; Kind string }"
        why = f"json: cannot unmarshal {_json_kind(document)} into Go value of type {go_type}"
        raise _unrecognized(resource, data, f"couldn't get version/kind; json parse error: {why}")
    return typed(catalog, resource, document, data), [f'duplicate field "{name}"' for name in duplicates]


def read_strictly(
    catalog: Catalog, resource: ResourceType, data: bytes, content_type: str, context: WriteContext
) -> Object:
    """Return the object of a create or replace without fields that its kind does not have. `context` says whether
    unknown fields are refused.

    Raises:
        StatusError: 400 or 415.
    """
    obj, problems = read_object(catalog, resource, data, content_type)
    obj, unknown = resource.strategy.decode(obj)
    problems += unknown
    if problems and context.field_validation == "Strict":
        raise bad_request(
            f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: '
            f"strict decoding error: {', '.join(problems)}"
        )
    if context.field_validation == "Warn":
        context.warnings.extend(problems)
    return obj


def typed(catalog: Catalog, resource: ResourceType, document: Object, data: bytes) -> Object:
    """A document whose kind and version are this resource's.

    Raises:
        StatusError: 400.
    """
    kind, api_version = document.get("kind") or "", document.get("apiVersion") or ""
    if resource.custom:
        if not kind:
            text = data.decode(errors="replace")
            raise _cannot_handle(resource.kind, resource, f"Object 'Kind' is missing in '{text}'")
        if api_version and api_version != resource.api_version:
            raise bad_request(
                f"the API version in the data ({api_version}) does not match the expected API version "
                f"({resource.api_version})"
            )
    elif (kind and kind != resource.kind) or (api_version and api_version != resource.api_version):
        raise _wrong_kind(catalog, resource, kind or resource.kind, api_version or resource.api_version)
    metadata = document.get("metadata")
    if metadata is None:
        metadata = {}
    if not isinstance(metadata, dict):
        field = f"Go struct field {resource.kind}.metadata of type v1.ObjectMeta"
        raise _cannot_handle(resource.kind, resource, f"json: cannot unmarshal {_json_kind(metadata)} into {field}")
    metadata = set_fields(metadata)
    rest = {key: value for key, value in document.items() if key not in ("kind", "apiVersion", "metadata")}
    return {"kind": kind or resource.kind, "apiVersion": resource.api_version, "metadata": metadata, **rest}


def _wrong_kind(catalog: Catalog, resource: ResourceType, kind: str, api_version: str) -> Exception:
    version = api_version.rpartition("/")[2]
    if catalog.by_kind(api_version, kind) is None:
        why = f'no kind "{kind}" is registered for version "{api_version}" in scheme "{_SCHEME}"'
    elif api_version != resource.api_version:
        return bad_request(
            f"the API version in the data ({api_version}) does not match the expected API version "
            f"({resource.api_version})"
        )
    else:
        internal = resource.group.partition(".")[0] or "core"
        why = f"converting ({version}.{kind}) to ({internal}.{resource.kind}): unknown conversion"
    return bad_request(f'{kind} in version "{version}" cannot be handled as a {resource.kind}: {why}')


def _cannot_handle(kind: str, resource: ResourceType, why: str) -> Exception:
    return bad_request(f'{kind} in version "{resource.version}" cannot be handled as a {resource.kind}: {why}')


def _unrecognized(resource: ResourceType, data: bytes, why: str) -> Exception:
    if not data:
        summary = "<empty>"
    elif data[:1] == b"{":
        summary = data[:30].decode(errors="replace") + (" ..." if len(data) > 30 else "")
    else:
        summary = data[:30].hex() + (" ..." if len(data) > 30 else "")
    return bad_request(f"the object provided is unrecognized (must be of type {resource.kind}): {why} ({summary})")


def _json_kind(value: Any) -> str:
    if value is None:
        return "null"
    return {bool: "bool", int: "number", float: "number", str: "string", list: "array", dict: "object"}[type(value)]
