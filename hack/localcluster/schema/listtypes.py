"""Lists of type set and map: no item twice.

Source of the rules: k8s.io/apiextensions-apiserver, package apiserver/schema/listtype.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .. import fielderrors as fe
from ..fielderrors import FieldError
from .node import Node


def check_lists(node: Node, obj: Any) -> list[FieldError]:
    """Duplicates in lists of type set and map, at the second occurrence of each."""
    return list(_check(node, obj, ""))


def _check(node: Node | None, value: Any, path: str) -> Iterator[FieldError]:
    if node is None:
        return
    if isinstance(value, list):
        yield from _check_list(node, value, path)
        for index, item in enumerate(value):
            yield from _check(node.items, item, f"{path}[{index}]")
    elif isinstance(value, dict):
        for name, inner in value.items():
            # A schema has either named fields or free keys; the paths of the two are written differently.
            yield from _check(node.additional_node, inner, f"{path}[{name}]")
            yield from _check(node.properties.get(name), inner, f"{path}.{name}" if path else name)


def _check_list(node: Node, items: list[Any], path: str) -> Iterator[FieldError]:
    if node.list_type == "set":
        for index in _repeated(items):
            yield fe.duplicate(f"{path}[{index}]", items[index])
    elif node.list_type == "map":
        for index, item in enumerate(items):
            if item is not None and not isinstance(item, dict):
                yield fe.invalid(f"{path}[{index}]", item, "must be an object for an array of list-type map")
                return
        keys = [{name: item[name] for name in node.list_map_keys if name in item} if item else {} for item in items]
        for index in _repeated(keys):
            yield fe.duplicate(f"{path}[{index}]", keys[index])


def _repeated(items: list[Any]) -> Iterator[int]:
    """Positions of second occurrences; further ones are not reported."""
    seen: dict[str, int] = {}
    for index, item in enumerate(items):
        text = fe.go_json(item)
        seen[text] = seen.get(text, 0) + 1
        if seen[text] == 2:
            yield index
