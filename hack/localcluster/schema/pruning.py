"""Unknown fields: dropping them, and naming them for strict decoding.

Source of the rules: k8s.io/apiextensions-apiserver, package apiserver/schema/pruning.
"""

from __future__ import annotations

from typing import Any

from .node import Node

_IDENTITY = ("apiVersion", "kind", "metadata")


def prune(node: Node | None, value: Any, *, is_resource: bool) -> tuple[Any, list[str]]:
    """The value without fields that the schema does not know, and their paths, sorted.

    `is_resource` is true for the root of an object: apiVersion, kind and metadata are left to others.
    """
    unknown: list[str] = []
    return _prune(value, node or Node(), "", unknown, is_resource=is_resource), sorted(unknown)


def _prune(
    value: Any, node: Node | None, path: str, unknown: list[str], *, is_resource: bool = False, preserve: bool = False
) -> Any:
    """`preserve` is true for items of a list that keeps unknown fields: only declared fields are looked at."""
    preserve = preserve or (node is not None and node.preserve_unknown_fields)
    if isinstance(value, list):
        items = node.items if node is not None else None
        if preserve and items is None:
            return value
        return [_prune(item, items, f"{path}[{i}]", unknown, preserve=preserve) for i, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    result: dict[str, Any] = {}
    for name, inner in value.items():
        place = f"{path}.{name}" if path else name
        if node is not None and (is_resource or node.embedded_resource) and name in _IDENTITY:
            result[name] = inner
        elif node is not None and name in node.properties:
            result[name] = _prune(inner, node.properties[name], place, unknown)
        elif node is not None and node.additional is not None:
            result[name] = _prune(inner, node.additional_node, place, unknown)
        elif preserve:
            result[name] = inner
        else:
            unknown.append(place)
    return result
