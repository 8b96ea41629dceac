"""Ratcheting: an update may keep an old error in a part that it does not change.

A `Correlation` pairs a value with its former self on the way down: maps by key, items of list maps by their keys.

Source of the rules: k8s.io/apiserver, package cel/common (CorrelatedObject).
"""

from __future__ import annotations

from typing import Any

from .node import Node

_ABSENT = object()


class Correlation:
    """A value, the value that it replaces, and the schema node by which their children correspond."""

    __slots__ = ("_same", "new", "node", "old")

    def __init__(self, new: Any, old: Any, node: Node) -> None:
        self.new = new
        self.old = old
        self.node = node
        self._same: bool | None = None

    @property
    def unchanged(self) -> bool:
        """Whether the value equals its former self; items of list maps may have moved."""
        if self._same is None:
            self._same = self._compare()
        return self._same

    def key(self, name: str) -> Correlation | None:
        """Return the correlation of a member, or None unless the schema and both values have it."""
        if not isinstance(self.new, dict) or not isinstance(self.old, dict):
            return None
        new, old = self.new.get(name, _ABSENT), self.old.get(name, _ABSENT)
        node = self.node.properties.get(name) or self.node.additional_node
        if new is _ABSENT or old is _ABSENT or node is None:
            return None
        return Correlation(new, old, node)

    def index(self, position: int) -> Correlation | None:
        """Return the correlation of an item of a list map, or None for other lists and for new items."""
        if not isinstance(self.new, list) or not isinstance(self.old, list) or self.node.items is None:
            return None
        old = find_by_keys(self.old, self.new[position], self.node)
        return None if old is None else Correlation(self.new[position], old, self.node.items)

    def _compare(self) -> bool:
        if isinstance(self.new, list) and isinstance(self.old, list) and self.node.list_type == "map":
            if len(self.new) != len(self.old):
                return False
            pairs = [self.index(position) for position in range(len(self.new))]
            return all(pair is not None and pair.unchanged for pair in pairs)
        if isinstance(self.new, dict) and isinstance(self.old, dict):
            if self.new.keys() != self.old.keys():
                return False
            members = [(self.key(name), self.new[name], self.old[name]) for name in self.new]
            return all(pair.unchanged if pair else identical(new, old) for pair, new, old in members)
        return identical(self.new, self.old)


def find_by_keys(items: list[Any], wanted: Any, node: Node) -> Any:
    """The item of a list map whose keys are those of `wanted`, or None."""
    if node.list_type != "map" or not isinstance(wanted, dict):
        return None
    keys = [wanted.get(name) for name in node.list_map_keys]
    for item in items:
        if isinstance(item, dict) and [item.get(name) for name in node.list_map_keys] == keys:
            return item
    return None


def identical(left: Any, right: Any) -> bool:
    """Equality of JSON values in which 1, 1.0 and true all differ."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(identical(left[name], right[name]) for name in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(identical, left, right))
    return bool(left == right)
