"""An indexed, thread-safe map of objects that records the resourceVersion up to which it is current.

It has one writer (the informer) and many readers. Readers get the stored dicts themselves: never mutate them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping

from controller.apimachinery.objects import Object

IndexFunction = Callable[[Object], Iterable[str]]


class Store:
    """Objects by key (`namespace/name`), and by the values that index functions return for them.

    If an index function raises, that is a bug: the write fails as a whole and the exception is passed on.
    """

    def __init__(self, *, indexers: Mapping[str, IndexFunction] | None = None) -> None:
        self._lock = threading.Lock()
        self._objects: dict[str, Object] = {}
        self._indexers: dict[str, IndexFunction] = {}
        # Index name -> value -> keys. Empty sets are removed, or values that come and go would leak.
        self._indices: dict[str, dict[str, set[str]]] = {}
        # Index name -> key -> values. They seldom change, and then there is nothing to do. A set would take four times
        # the memory of a tuple.
        self._values: dict[str, dict[str, tuple[str, ...]]] = {}
        self._resource_version = ""
        self.add_indexers(indexers or {})

    def get(self, key: str) -> Object | None:
        """Return the object, or None."""
        with self._lock:
            return self._objects.get(key)

    def list(self) -> list[Object]:
        """Return all objects, in no particular order."""
        with self._lock:
            return [*self._objects.values()]

    def __len__(self) -> int:
        with self._lock:
            return len(self._objects)

    def by_index(self, index: str, value: str) -> tuple[Object, ...]:
        """Return the objects with `value` in `index`, ordered by key. Raises KeyError if the index does not exist."""
        with self._lock:
            return tuple(self._objects[key] for key in sorted(self._indices[index].get(value, ())))

    def index_sizes(self, index: str) -> dict[str, int]:
        """Return the number of objects for each value in `index`. Raises KeyError if the index does not exist."""
        with self._lock:
            return {value: len(keys) for value, keys in self._indices[index].items()}

    def last_sync_resource_version(self) -> str:
        """Return the version up to which the store is complete: "" before the first list or without the resource."""
        with self._lock:
            return self._resource_version

    def add_indexers(self, indexers: Mapping[str, IndexFunction]) -> None:
        """Add indices; objects that are already stored are indexed too. Raises ValueError if a name is taken."""
        with self._lock:
            for name, function in indexers.items():
                if name in self._indexers:
                    raise ValueError(f"index {name!r} already exists")
                values = {key: tuple(function(obj)) for key, obj in self._objects.items()}
                self._indexers[name] = function
                self._indices[name], self._values[name] = {}, {}
                for key, of_object in values.items():
                    self._index_locked(key, {name: of_object})

    def put(self, key: str, obj: Object, *, resource_version: str) -> Object | None:
        """Add or update an object. Returns the object that it replaces, or None."""
        with self._lock:
            self._index_locked(key, self._values_locked(obj))
            old = self._objects.get(key)
            self._objects[key] = obj
            self._resource_version = resource_version or self._resource_version
            return old

    def remove(self, key: str, *, resource_version: str) -> Object | None:
        """Remove an object. Returns it, or None if it was not stored."""
        with self._lock:
            old = self._objects.pop(key, None)
            if old is not None:
                self._index_locked(key, dict.fromkeys(self._indexers, ()))
            self._resource_version = resource_version or self._resource_version
            return old

    def replace(self, objects: Mapping[str, Object], *, resource_version: str) -> Mapping[str, Object]:
        """Replace the whole content in one step. Returns the former content."""
        with self._lock:
            former = self._objects
            values = {key: self._values_locked(obj) for key, obj in objects.items()}
            self._objects = dict(objects)
            self._indices = {name: {} for name in self._indexers}
            self._values = {name: {} for name in self._indexers}
            for key, of_object in values.items():
                self._index_locked(key, of_object)
            self._resource_version = resource_version
            return former

    def bookmark(self, resource_version: str) -> None:
        """Record that nothing changed up to `resource_version`."""
        with self._lock:
            self._resource_version = resource_version

    def disconnect(self) -> None:
        """Record that the server stopped serving the resource: keep the content, but clear the version."""
        with self._lock:
            self._resource_version = ""

    def _values_locked(self, obj: Object) -> dict[str, tuple[str, ...]]:
        return {name: tuple(function(obj)) for name, function in self._indexers.items()}

    def _index_locked(self, key: str, values: Mapping[str, tuple[str, ...]]) -> None:
        """Give an object its values in the indices; none: take it out."""
        for name, of_index in values.items():
            before = self._values[name].get(key, ())
            if of_index == before:
                continue
            index = self._indices[name]
            for value in {*before}.difference(of_index):
                index[value].discard(key)
                if not index[value]:
                    del index[value]
            for value in {*of_index}.difference(before):
                index.setdefault(value, set()).add(key)
            if of_index:
                self._values[name][key] = of_index
            else:
                del self._values[name][key]
