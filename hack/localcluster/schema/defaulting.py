"""Fills in defaults, and removes nulls where the schema does not allow them.

A null where the schema allows none is dropped, or replaced by the default if there is one.

Source of the rules: k8s.io/apiextensions-apiserver, package apiserver/schema/defaulting.
"""

from __future__ import annotations

import copy
from typing import Any

from .node import Node


def drop_nulls(node: Node | None, value: Any) -> Any:
    """The value without nulls that are neither allowed nor replaced by a default. Nulls inside lists stay."""
    if isinstance(value, dict):
        result = {}
        for name, inner in value.items():
            child = _member(node, name)
            if inner is None and child is not None and not child.nullable and not child.has_default:
                continue
            result[name] = drop_nulls(child, inner)
        return result
    if isinstance(value, list):
        items = node.items if node is not None else None
        return [drop_nulls(items, item) for item in value]
    return value


def _member(node: Node | None, name: str) -> Node | None:
    if node is None:
        return None
    return node.properties.get(name) or node.additional_node


def apply_defaults(node: Node | None, value: Any) -> Any:
    """The value with the defaults of absent fields put in, at every level that exists."""
    if node is None:
        return value
    if isinstance(value, dict):
        result = dict(value)
        for name, child in node.properties.items():
            if child.has_default and (name not in result or (result[name] is None and not child.nullable)):
                result[name] = copy.deepcopy(child.default)
        for name, inner in result.items():
            child_node = _member(node, name)
            if inner is None and child_node is not None and not child_node.nullable and name not in node.properties:
                inner = copy.deepcopy(child_node.default)
            result[name] = apply_defaults(child_node, inner)
        return result
    if isinstance(value, list) and node.items is not None:
        items = node.items
        return [
            apply_defaults(items, copy.deepcopy(items.default) if item is None and not items.nullable else item)
            for item in value
        ]
    return value
