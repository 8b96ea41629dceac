"""Mutations: one value at one property of a document, or the property removed."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.mutations.schema import ENTRY, ITEM, Path, Property, Schema
from tests.mutations.values import bad, example, good


class _Absent:
    def __repr__(self) -> str:
        return "(removed)"


ABSENT = _Absent()


@dataclass(frozen=True, slots=True)
class Mutation:
    """`prop` becomes `value`; ABSENT removes it."""

    prop: Property
    value: Any

    def __str__(self) -> str:
        text = repr(self.value)
        return f"{self.prop}: {text if len(text) < 100 else f'{text[:100]}...'}"

    def of(self, document: Mapping[str, Any], schema: Schema) -> tuple[dict[str, Any], Path]:
        """Return the document with the mutation, and where that is. Missing parents come with what they require."""
        where: list[str | int] = []
        changed: dict[str, Any] = _put(copy.deepcopy(document), schema, self.prop.path, self.value, where)
        return changed, tuple(where)


def mutations(prop: Property, *, more: tuple[Any, ...] = (), broken: bool = True) -> Iterator[Mutation]:
    """Yield the mutations of a property: it is set, changed, and removed at last.

    Args:
        prop: what is mutated.
        more: further values.
        broken: also yield values that the API server should refuse.
    """
    values = [*good(prop.schema), *more, *(bad(prop.schema) if broken else ())]
    yield from (Mutation(prop, value) for value in (*values, ABSENT))


def _put(value: Any, schema: Schema, path: Path, new: Any, where: list[str | int]) -> Any:
    if not path:
        return copy.deepcopy(new)
    step, rest = path[0], path[1:]
    if value is None:
        # From here on, everything is new.
        where = []
    if step == ITEM or isinstance(step, int):
        items = list(value) if isinstance(value, list) else []
        index = _fitting(items, rest, schema.get("items") or {}) if step == ITEM else min(int(step), len(items))
        where.append(index)
        return _replaced(items, index, schema.get("items") or {}, rest, new, where)
    entries = dict(value) if isinstance(value, Mapping) else {}
    child = (schema.get("properties") or {}).get(step) or {}
    if step == ENTRY:
        step, child = next(iter(entries), "key"), schema["additionalProperties"]
    where.append(step)
    if not rest and new is ABSENT:
        entries.pop(step, None)
        return entries
    changed = _put(entries.get(step), child, rest, new, where)
    if new is ABSENT and entries.get(step) is None:
        return entries
    entries[step] = changed
    if value is None:
        for name in schema.get("required") or ():
            entries.setdefault(name, example(schema["properties"][name]))
    return entries


def _replaced(items: list[Any], index: int, schema: Schema, rest: Path, new: Any, where: list[str | int]) -> list[Any]:
    if index == len(items):
        return items if new is ABSENT else [*items, _put(None, schema, rest, new, where)]
    if not rest and new is ABSENT:
        return items[:index] + items[index + 1 :]
    return [*items[:index], _put(items[index], schema, rest, new, where), *items[index + 1 :]]


def _fitting(items: list[Any], rest: Path, schema: Schema) -> int:
    """Return the position of the first item with what follows; behind the last if that needs an item of its own."""
    if not rest:
        return 0
    found = (index for index, item in enumerate(items) if isinstance(item, Mapping) and item.get(rest[0]) is not None)
    return next(found, len(items) if schema.get("maxProperties") == 1 else 0)
