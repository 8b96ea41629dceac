"""Sets of fields, and their form on the wire (FieldsV1).

A path is a tuple of path elements, each a string as FieldsV1 writes it: `f:name` for a field, `k:{"name":"x"}` for an
item of a list map, `v:"x"` for an item of a set, `i:0` for a position. A set of fields is a frozenset of such paths, so
union, intersection and difference are Python's own; that a path is in a set says nothing about its parent.

Source: sigs.k8s.io/structured-merge-diff, package fieldpath.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from ..fielderrors import go_float, go_json, go_quote
from ..nesting import is_folded

Path = tuple[str, ...]
FieldSet = frozenset[Path]

EMPTY: FieldSet = frozenset()
_SELF = "."


def field_element(name: str) -> str:
    """The element of a map's entry."""
    return f"f:{name}"


def key_element(keys: Mapping[str, Any]) -> str:
    """The element of an item in a list of type map."""
    return f"k:{go_json(dict(keys))}"


def value_element(value: Any) -> str:
    """The element of an item in a list of type set."""
    return f"v:{go_json(value)}"


def decode(fields: Mapping[str, Any]) -> FieldSet:
    """Decode a FieldsV1 document into a set of paths. Raises ValueError if it is invalid."""
    found: set[Path] = set()
    _decode(fields, (), found)
    return frozenset(found)


def _decode(node: Mapping[str, Any], prefix: Path, found: set[Path]) -> None:
    if not isinstance(node, Mapping):
        raise ValueError("a field set is made of objects")
    for key, children in node.items():
        if key == _SELF:
            if prefix:
                found.add(prefix)
            continue
        path = (*prefix, _canonical(key))
        if children and not is_folded(children):
            _decode(children, path, found)
        else:
            found.add(path)


def _canonical(element: str) -> str:
    kind, separator, text = element.partition(":")
    if not separator or kind not in ("f", "k", "v", "i"):
        raise ValueError(f"unknown path element {element!r}")
    return f"{kind}:{go_json(json.loads(text))}" if kind in ("k", "v") else element


def encode(fields: Iterable[Path]) -> dict[str, Any]:
    """The FieldsV1 document of a set."""
    root: dict[str, Any] = {}
    members = set(fields)
    for path in sorted(members, key=sort_key):
        node = root
        for depth, element in enumerate(path, start=1):
            missing = element not in node
            node = node.setdefault(element, {})
            if depth < len(path) and (path[:depth] in members if missing else not node):
                node[_SELF] = {}
    return root


def without_subtrees(fields: FieldSet, roots: Iterable[Path]) -> FieldSet:
    """The set without the given paths and everything below them."""
    cut = frozenset(roots)
    if not cut:
        return fields
    return frozenset(path for path in fields if not any(path[:n] in cut for n in range(1, len(path) + 1)))


def sort_key(path: Path) -> tuple[tuple[int, str], ...]:
    """Order of paths: fields, then keys, then values, then positions, each by its text."""
    return tuple(("fkvi".index(element[0]), element[2:]) for element in path)


def preorder(fields: FieldSet) -> list[Path]:
    """The paths in the order the server names them in conflicts: a level's members, then what lies below each."""
    return sorted(fields, key=lambda path: ([(1, k) for k in sort_key(path[:-1])], (0, sort_key(path[-1:])[0])))


def path_text(path: Path) -> str:
    """A path as people read it: `.spec.containers[name="app"].image`."""
    return "".join(_element_text(element) for element in path)


def _element_text(element: str) -> str:
    kind, _, text = element.partition(":")
    if kind == "f":
        return f".{text}"
    if kind == "i":
        return f"[{text}]"
    value = json.loads(text)
    if kind == "v":
        return f"[={_value_text(value)}]"
    return "[" + ",".join(f"{name}={_value_text(part)}" for name, part in value.items()) + "]"


def _value_text(value: Any) -> str:
    if isinstance(value, str):
        return go_quote(value)
    if isinstance(value, float):
        return go_float(value)
    return go_json(value)
