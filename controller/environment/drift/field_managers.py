"""Who owns a field, by `metadata.managedFields` of an object that was read live. The caches do not keep them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.environment.drift.attempts import Path


def of(live: Object) -> frozenset[str]:
    """Return the field managers that wrote an object."""
    return frozenset(map(_name, _entries(live)))


def owners(live: Object, path: Path) -> tuple[str, ...]:
    """Return the field managers that own the field at `path`, sorted."""
    return tuple(sorted({_name(entry) for entry in _entries(live) if _owns(entry.get("fieldsV1"), path)}))


def last(live: Object, *, besides: str) -> str:
    """Return the field manager, other than `besides`, that wrote the object last; "" if none is recorded."""
    found = [(str(entry.get("time") or ""), _name(entry)) for entry in _entries(live)]
    return max((entry for entry in found if entry[1] != besides), default=("", ""))[1]


def _entries(live: Object) -> Iterator[Mapping[str, Any]]:
    found = objects.metadata(live).get("managedFields")
    return (entry for entry in found or () if isinstance(entry, Mapping) and entry.get("manager"))


def _name(entry: Mapping[str, Any]) -> str:
    return str(entry["manager"])


def _owns(fields: Any, path: Path) -> bool:
    for depth, name in enumerate(path):
        if not isinstance(fields, Mapping):
            return False
        if f"f:{name}" not in fields:
            # The owner of a whole list or free-form object owns its content.
            return depth > 0 and not fields
        fields = fields[f"f:{name}"]
    return isinstance(fields, Mapping)
