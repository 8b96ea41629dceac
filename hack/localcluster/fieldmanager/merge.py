"""Merging an applied configuration into an object, and taking fields out of an object.

Both leave their arguments alone and return new objects (unchanged parts are shared).

Source of the rules: sigs.k8s.io/structured-merge-diff, package typed (merge, remove).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..schema.typing import Typing
from .fieldset import FieldSet, Path, field_element, path_text
from .walk import TypingError, item_element, items_by_element, shape

_ABSENT = object()


def merge(live: Any, config: Any, typing: Typing) -> Any:
    """`config` laid over `live`: granular maps and lists item by item, everything else replaced."""
    return _merge(live, config, typing)


def _merge(live: Any, config: Any, typing: Typing) -> Any:
    if config is _ABSENT:
        return live
    if live is _ABSENT:
        live = {} if isinstance(config, dict) else [] if isinstance(config, list) else None
    form = shape(config, typing) if config is not None else shape(live, typing)
    if form == "leaf" or (not config and not live):
        return config
    if form == "map" and (live is None or isinstance(live, dict)):
        return _merge_maps(live or {}, config or {}, typing)
    if form == "list" and (live is None or isinstance(live, list)):
        return _merge_lists(live or [], config or [], typing)
    return config


def _merge_maps(live: Mapping[str, Any], config: Mapping[str, Any], typing: Typing) -> dict[str, Any]:
    result = dict(live)
    for name, value in config.items():
        result[name] = _merge(live.get(name, _ABSENT), value, typing.field(name))
    return result


def _merge_lists(live: list[Any], config: list[Any], typing: Typing) -> list[Any]:
    """Items keep the live order as far as the configuration's own order allows; new ones stand where it puts them."""
    live_items = items_by_element(live, typing)
    config_items = items_by_element(config, typing)
    for element, items in config_items.items():
        if len(items) > 1:
            raise TypingError(f"duplicate entries for key {path_text((element,))}")
    left = [item_element(item, typing) for item in live]
    right = list(config_items)
    shared = [element for element in right if element in live_items]
    merged: list[Any] = []
    done: set[str] = set()

    def take(element: str) -> None:
        done.add(element)
        before = live_items.get(element, [_ABSENT])
        merged.append(_merge(before[0] if len(before) == 1 else None, config_items[element][0], typing.element))
        if shared and shared[0] == element:
            shared.pop(0)

    at_left = at_right = 0
    while at_left < len(left) or at_right < len(right):
        if at_left < len(left) and at_right < len(right):
            element = left[at_left]
            if element == right[at_right]:
                take(element)
                at_left, at_right = at_left + 1, at_right + 1
                continue
            if element in config_items and shared and shared[0] != element:
                at_left += 1  # shared, but its turn comes where the configuration puts it
                continue
        if at_left < len(left):
            element = left[at_left]
            if element not in config_items:
                merged.append(live[at_left])
                at_left += 1
                continue
            if element in done:
                at_left += 1
        if at_right < len(right):
            take(right[at_right])
            at_right += 1
    return merged


def remove(obj: Any, fields: Iterable[Path], typing: Typing) -> Any:
    """`obj` without the given fields. Atomic maps and lists are one field; a granular one left empty becomes None."""
    tree: dict[str, Any] = {}
    for path in fields:
        node = tree
        for element in path[:-1]:
            node = node.setdefault(element, {})
        node.setdefault(path[-1], {})[None] = True
    return _remove(obj, tree, typing) if tree else obj


def _remove(value: Any, tree: Mapping[Any, Any], typing: Typing) -> Any:
    if isinstance(value, dict) and typing.map:
        if not value or typing.map_atomic:
            return None
        result = {}
        for name, child in value.items():
            below = tree.get(field_element(name))
            if below is None:
                result[name] = child
            elif None not in below:
                result[name] = _remove(child, below, typing.field(name))
        return result or None
    if isinstance(value, list) and typing.list:
        if not value or typing.list_type == "atomic":
            return None
        items = []
        for item in value:
            below = tree.get(item_element(item, typing))
            if below is None:
                items.append(item)
            elif None not in below:
                items.append(_remove(item, below, typing.element))
        return items or None
    return value


def with_named_parents(fields: FieldSet, typing: Typing) -> FieldSet:
    """The set plus the declared fields above each path, e.g. `spec` for `spec.replicas`, but no keys of free maps."""
    result = set(fields)
    for path in fields:
        node: Typing | None = typing
        for depth, element in enumerate(path[:-1], start=1):
            if node is None:
                break
            if element.startswith("f:") and node.map:
                name = element[2:]
                if node.declares(name):
                    result.add(path[:depth])
                node = node.field(name)
            elif element.startswith("k:") and node.list:
                node = node.element
            else:
                node = None
    return frozenset(result)
