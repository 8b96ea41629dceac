"""Answers: objects and lists in the form asked for, Status objects, warnings."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import yaml
from aiohttp import web

from ..errors import PlainError, StatusError
from ..fielderrors import go_quote
from ..objects import Object, encode
from ..registry.resource import ResourceType
from ..storage.paging import Page
from ..tables import table_of
from .negotiate import Representation

_META = "meta.k8s.io/v1"


def render_object(
    resource: ResourceType, obj: Object, shape: Representation, include: str = "Metadata", *, headers: bool = True
) -> Object:
    """A stored object as the answer to a request for it; `headers` False leaves a table's columns out."""
    if obj.get("kind") == "Status" and "details" in obj:
        return obj  # the answer to a completed deletion is a Status
    shown = resource.face.shown(obj)
    if shape.form == "table":
        version = shown["metadata"].get("resourceVersion", "")
        return table_of(resource, [shown], {"resourceVersion": version}, include, headers=headers)
    if shape.form == "metadata":
        return partial_metadata(shown)
    return shown


def partial_metadata(shown: Object) -> Object:
    """PartialObjectMetadata."""
    return {"kind": "PartialObjectMetadata", "apiVersion": _META, "metadata": shown["metadata"]}


def render_list(resource: ResourceType, page: Page, shape: Representation, include: str = "Metadata") -> Object:
    """A page as the answer to a list request."""
    metadata: dict[str, Any] = {"resourceVersion": str(page.version)}
    if page.token:
        metadata["continue"] = page.token
    if page.remaining is not None:
        metadata["remainingItemCount"] = page.remaining
    items = [resource.face.shown(obj) for obj in page.items]
    if shape.form == "table":
        return table_of(resource, items, metadata, include)
    if shape.form.startswith("metadata"):
        partial = [partial_metadata(item) for item in items]
        return {"kind": "PartialObjectMetadataList", "apiVersion": _META, "metadata": metadata, "items": partial}
    if resource.custom:
        metadata.setdefault("continue", "")  # unstructured lists always have the field
    else:
        # Lists of Go types omit the type of their items; unstructured lists keep it.
        items = [{key: value for key, value in item.items() if key not in ("kind", "apiVersion")} for item in items]
    kind, version = resource.list_kind, resource.api_version
    return {"kind": kind, "apiVersion": version, "metadata": metadata, "items": items}


def respond(
    code: int, body: Object, *, shape: Representation | None = None, warnings: Iterable[str] = ()
) -> web.Response:
    """An answer with a JSON (or YAML) body."""
    content = encode(body) + b"\n"
    if shape is not None and shape.yaml:
        response = web.Response(status=code, body=_yaml(content), content_type="application/yaml")
    else:
        response = web.Response(status=code, body=content, content_type="application/json")
    for text in dict.fromkeys(warnings):
        response.headers.add("Warning", f"299 - {go_quote(text)}")
    return response


def _yaml(content: bytes) -> bytes:
    try:
        return yaml.safe_dump(json.loads(content)).encode()
    except RecursionError:
        return content  # JSON is YAML too


def respond_failure(error: StatusError | PlainError) -> web.Response:
    """Return the response for a failure."""
    if isinstance(error, PlainError):
        return web.Response(status=error.code, text=error.text, headers={"Content-Type": "text/plain; charset=utf-8"})
    response = respond(error.code, error.body)
    retry = (error.details or {}).get("retryAfterSeconds")
    if retry:
        response.headers["Retry-After"] = str(retry)
    return response
