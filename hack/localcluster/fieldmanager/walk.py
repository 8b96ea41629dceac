"""Walking objects along their typing: which fields an object has, and how two objects differ.

Source of the rules: sigs.k8s.io/structured-merge-diff, package typed (tofieldset, compare).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ..schema.typing import Typing
from .fieldset import FieldSet, Path, field_element, key_element, value_element

Shape = Literal["map", "list", "leaf"]


class TypingError(ValueError):
    """An object does not fit its typing, e.g. an item of a list map without its key fields.

    Attributes:
        path: where, as people read it (`.spec.ports`), or "".
        problem: what is wrong there.
    """

    def __init__(self, problem: str, *, path: str = "") -> None:
        self.problem = problem
        self.path = path
        super().__init__(f"{path}: {problem}" if path else problem)


def shape(value: Any, typing: Typing) -> Shape:
    """Return how to descend into a value: as a granular map, a list with identifiable items, or one leaf."""
    if isinstance(value, dict) and typing.map and not typing.map_atomic:
        return "map"
    if isinstance(value, list) and typing.list and typing.list_type != "atomic":
        return "list"
    return "leaf"


def item_element(item: Any, typing: Typing) -> str:
    """The path element of an item of a list with typing `typing`. Raises TypingError when it has none."""
    if typing.list_type == "set":
        if isinstance(item, dict):
            raise TypingError("associative list without keys has an element that's a map type")
        if isinstance(item, list):
            raise TypingError("not supported: associative list with lists as elements")
        if item is None:
            raise TypingError("associative list without keys has an element that's an explicit null")
        return value_element(item)
    if item is None:
        raise TypingError("associative list with keys may not have a null element")
    if not isinstance(item, dict):
        raise TypingError("associative list with keys may not have non-map elements")
    keys: dict[str, Any] = {}
    for name in typing.list_keys:
        if name in item:
            keys[name] = item[name]
        else:
            default = typing.element.field(name).default
            if default is not None:
                keys[name] = default
    if not keys:
        names = " ".join(f'"{name}"' for name in typing.list_keys)
        raise TypingError(
            f"associative list with keys has an element that omits all key fields [{names}] "
            "(and doesn't have default values for any key fields)"
        )
    return key_element(keys)


def items_by_element(items: Sequence[Any], typing: Typing) -> dict[str, list[Any]]:
    """The items of a list under their path elements, in order; more than one item where they repeat."""
    found: dict[str, list[Any]] = {}
    for index, item in enumerate(items):
        try:
            element = item_element(item, typing)
        except TypingError as error:
            raise TypingError(f"element {index}: {error.problem}") from error
        found.setdefault(element, []).append(item)
    return found


def field_set(obj: Mapping[str, Any], typing: Typing) -> FieldSet:
    """Every field that an applied configuration names: leaves, list items, keys of free maps, empty maps and nulls."""
    return frozenset(_fields(dict(obj), typing, ()))


def _fields(value: Any, typing: Typing, path: Path) -> Iterator[Path]:
    match shape(value, typing):
        case "map":
            for name, child in value.items():
                inner = (*path, field_element(name))
                child_typing = typing.field(name)
                yield from _fields(child, child_typing, inner)
                if child is None or child == {} or not typing.declares(name):
                    yield inner
        case "list":
            for element, items in items_by_element(value, typing).items():
                inner = (*path, element)
                if len(items) == 1:
                    yield from _fields(items[0], typing.element, inner)
                yield inner
        case "leaf":
            # A null in place of a granular map or list has no fields of its own; its parent decides.
            if value is not None or typing.scalar or typing.map_atomic or typing.list_type == "atomic":
                yield path


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed between two objects; no field is in more than one of the sets."""

    removed: FieldSet
    modified: FieldSet
    added: FieldSet

    def without(self, keep: Any) -> Comparison:
        """Return a copy with each set passed through `keep`."""
        return Comparison(removed=keep(self.removed), modified=keep(self.modified), added=keep(self.added))


class _Missing:
    """Stands for a side that has no value, which is not the same as null."""


_MISSING = _Missing()


def compare(old: Mapping[str, Any], new: Mapping[str, Any], typing: Typing) -> Comparison:
    """Compare two objects field by field."""
    walker = _Comparer()
    walker.visit(dict(old), dict(new), typing, ())
    return Comparison(
        removed=frozenset(walker.removed) - {()},
        modified=frozenset(walker.modified) - {()},
        added=frozenset(walker.added) - {()},
    )


class _Comparer:
    def __init__(self) -> None:
        self.removed: set[Path] = set()
        self.modified: set[Path] = set()
        self.added: set[Path] = set()

    def visit(self, old: Any, new: Any, typing: Typing, path: Path) -> None:
        old_shape = "none" if old is _MISSING or old is None else shape(old, typing)
        new_shape = "none" if new is _MISSING or new is None else shape(new, typing)
        shapes = {old_shape, new_shape} - {"none"}
        if "leaf" in shapes or not shapes or ((not old or old is _MISSING) and (not new or new is _MISSING)):
            self._leaf(old, new, path)
            if shapes <= {"leaf"} or not (shapes - {"leaf"}):
                return
            # One side is a scalar, the other a map or list: the latter's fields are added or removed as well.
        if "map" in shapes:
            self._map(old, new, typing, path)
        if "list" in shapes:
            self._list(old, new, typing, path)
        if old is _MISSING:
            self.added.add(path)
        elif new is _MISSING:
            self.removed.add(path)

    def _leaf(self, old: Any, new: Any, path: Path) -> None:
        if old is _MISSING:
            self.added.add(path)
        elif new is _MISSING:
            self.removed.add(path)
        elif not same(old, new):
            self.modified.add(path)

    def _map(self, old: Any, new: Any, typing: Typing, path: Path) -> None:
        left = old if isinstance(old, dict) else {}
        right = new if isinstance(new, dict) else {}
        for name in left.keys() | right.keys():
            before, after = left.get(name, _MISSING), right.get(name, _MISSING)
            if before is after:
                continue
            self.visit(before, after, typing.field(name), (*path, field_element(name)))

    def _list(self, old: Any, new: Any, typing: Typing, path: Path) -> None:
        left = items_by_element(old if isinstance(old, list) else (), typing)
        right = items_by_element(new if isinstance(new, list) else (), typing)
        for element in {**left, **right}:
            self._item(left.get(element, []), right.get(element, []), typing.element, (*path, element))

    def _item(self, old: list[Any], new: list[Any], typing: Typing, path: Path) -> None:
        if len(old) <= 1 and len(new) <= 1:
            self.visit(old[0] if old else _MISSING, new[0] if new else _MISSING, typing, path)
        elif len(old) >= 2 and len(new) >= 2:
            if not same(old, new):
                self.modified.add(path)
        elif len(old) >= 2:
            if new:
                self.visit(_MISSING, new[0], typing, path)
            self.removed.add(path)
        else:
            if old:
                self.visit(old[0], _MISSING, typing, path)
            self.added.add(path)


def same(left: Any, right: Any) -> bool:
    """Equality of JSON values: 1 and true differ, 1 and 1.0 do not."""
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[k], right[k]) for k in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(same(a, b) for a, b in zip(left, right, strict=True))
    return isinstance(left, bool) == isinstance(right, bool) and left == right
