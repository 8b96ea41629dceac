"""Keeps every value once and gives it a number, so that a state of the whole world is a few numbers."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from typing import Any, Generic, TypeVar

from controller.apimachinery.resources import Resource

# Resource, namespace and name of an object.
Key = tuple[Resource, str, str]
T = TypeVar("T", bound=Hashable)
# Objects that no cluster shows. What a clock says, in days: a cache of it that lags is a clock that is late. What the
# process was started with. And how many seconds passed on the clock that only measures.
CLOCK: Key = (Resource("", "v1", "clocks", "clock", namespaced=False), "", "clock")
SETTINGS: Key = (Resource("", "v1", "settings", "setting", namespaced=False), "", "settings")
ELAPSED: Key = (Resource("", "v1", "elapsed", "elapsed", namespaced=False), "", "elapsed")


class Table(Generic[T]):
    """Values by number, from 0."""

    def __init__(self) -> None:
        self._values: list[T] = []
        self._numbers: dict[T, int] = {}

    def number(self, value: T) -> int:
        """Return the number of a value, which is new if the value is."""
        found = self._numbers.get(value)
        if found is None:
            found = self._numbers[value] = len(self._values)
            self._values.append(value)
        return found

    def __getitem__(self, number: int) -> T:
        return self._values[number]

    def __len__(self) -> int:
        return len(self._values)


class Objects:
    """Objects of the API by number. The number is also the resourceVersion: equal content is the same version."""

    def __init__(self) -> None:
        self._objects: list[dict[str, Any]] = []
        self._keys: list[Key] = []
        self._numbers: dict[tuple[Key, str], int] = {}

    def number(self, key: Key, obj: Mapping[str, Any]) -> int:
        """Return the number of an object, whatever resourceVersion it carries."""
        metadata = {**obj["metadata"], "resourceVersion": ""}
        kept = {**obj, "metadata": metadata}
        identity = key, json.dumps(kept, sort_keys=True)
        found = self._numbers.get(identity)
        if found is None:
            found = self._numbers[identity] = len(self._objects)
            metadata["resourceVersion"] = str(found)
            self._objects.append(kept)
            self._keys.append(key)
        return found

    def key(self, number: int) -> Key:
        """Return where an object lies."""
        return self._keys[number]

    def __getitem__(self, number: int) -> dict[str, Any]:
        return self._objects[number]

    def __len__(self) -> int:
        return len(self._objects)
