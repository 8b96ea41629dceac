"""The store: one global resourceVersion, the objects of every resource, and a bounded history of their changes.

All of it is used from one event loop, so nothing here is locked. Objects are shared and never changed after they came
in (see `objects`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from ..errors import StatusError, expired, too_large_version
from ..objects import Object, name_of, namespace_of, object_key
from .changes import Change

GroupPlural = tuple[str, str]
Listener = Callable[[GroupPlural, Change], None]


class Collection:
    """The objects of one resource with the changes that led to them.

    Attributes:
        compacted: versions up to this one have left the history.
    """

    def __init__(self, *, history_limit: int, compacted: int) -> None:
        self.objects: dict[str, Object] = {}
        self.history: deque[Change] = deque()
        self.compacted = compacted
        self._history_limit = history_limit

    def record(self, change: Change) -> None:
        """Take a change into objects and history."""
        if change.kind == "DELETED":
            del self.objects[change.key]
        else:
            self.objects[change.key] = change.obj
        self.history.append(change)
        if len(self.history) > self._history_limit:
            self.compacted = self.history.popleft().version

    def since(self, version: int) -> Iterator[Change]:
        """The changes after `version`, oldest first."""
        wanted: list[Change] = []
        for change in reversed(self.history):
            if change.version <= version:
                break
            wanted.append(change)
        return reversed(wanted)

    def at(self, version: int) -> dict[str, Object]:
        """The objects as they were at `version`, found by undoing the changes after it."""
        objects = dict(self.objects)
        for change in reversed(self.history):
            if change.version <= version:
                break
            if change.old is None:
                objects.pop(change.key, None)
            else:
                objects[change.key] = change.old
        return objects

    def compact(self, version: int) -> None:
        """Forget the changes up to `version`."""
        while self.history and self.history[0].version <= version:
            self.history.popleft()
        self.compacted = max(self.compacted, version)


class Store:
    """All stored objects and their history.

    Args:
        history_limit: changes remembered per resource before the oldest is forgotten.
    """

    def __init__(self, *, history_limit: int) -> None:
        self.version = 0
        self._compacted = 0
        self._history_limit = history_limit
        self._collections: dict[GroupPlural, Collection] = {}
        self._listeners: list[Listener] = []

    def collection(self, resource: GroupPlural) -> Collection:
        """The objects of one resource, which may be none."""
        found = self._collections.get(resource)
        if found is None:
            found = Collection(history_limit=self._history_limit, compacted=self._compacted)
            self._collections[resource] = found
        return found

    def restore(self, resource: GroupPlural, objects: list[Object]) -> None:
        """Replace all objects by those of a backup, without history."""
        collection = self.collection(resource)
        for obj in objects:
            collection.objects[object_key(namespace_of(obj), name_of(obj))] = obj

    def forget(self) -> None:
        """Remove everything, as before the first write. Listeners stay."""
        self._collections.clear()
        self.version = self._compacted = 0

    def resources(self) -> list[GroupPlural]:
        """Every resource that was ever written."""
        return list(self._collections)

    def subscribe(self, listener: Listener) -> None:
        """Have every later change reported, synchronously and in order."""
        self._listeners.append(listener)

    def unsubscribe(self, listener: Listener) -> None:
        """Undo `subscribe`."""
        self._listeners.remove(listener)

    def get(self, resource: GroupPlural, namespace: str, name: str) -> Object | None:
        """Return an object, or None if it does not exist."""
        return self.collection(resource).objects.get(object_key(namespace, name))

    def items(self, resource: GroupPlural, namespace: str = "") -> list[Object]:
        """The objects of one resource in the order of lists."""
        return ordered(self.collection(resource).objects, namespace)

    def create(self, resource: GroupPlural, obj: Object) -> Object:
        """Add an object; the caller has made sure that its key is free."""
        return self._write(resource, "ADDED", obj, None)

    def update(self, resource: GroupPlural, obj: Object, old: Object) -> Object:
        """Replace `old`, which is the present state, by `obj`."""
        return self._write(resource, "MODIFIED", obj, old)

    def delete(self, resource: GroupPlural, old: Object) -> Object:
        """Remove `old`, which is the present state; gives the state that watches see."""
        return self._write(resource, "DELETED", old, old)

    def _write(self, resource: GroupPlural, kind: str, obj: Object, old: Object | None) -> Object:
        self.version += 1
        metadata = {**obj["metadata"], "resourceVersion": str(self.version)}
        obj = {**obj, "metadata": metadata}
        key = object_key(namespace_of(obj), name_of(obj))
        change = Change(version=self.version, kind=kind, key=key, obj=obj, old=old)
        self.collection(resource).record(change)
        for listener in list(self._listeners):
            listener(resource, change)
        return obj

    def check_version(self, version: int) -> None:
        """Refuse a version that is newer than the store's.

        Raises:
            StatusError: 504 with the cause ResourceVersionTooLarge.
        """
        if version > self.version:
            raise too_large_version(version, self.version)

    def snapshot(
        self, resource: GroupPlural, version: int, *, gone: Callable[[], StatusError] | None = None
    ) -> dict[str, Object]:
        """The objects of one resource as they were at `version`.

        Raises:
            StatusError: 410 (or what `gone` makes) when the history no longer reaches back that far.
        """
        collection = self.collection(resource)
        if version < collection.compacted:
            raise gone() if gone else expired("The resourceVersion for the provided list is too old.")
        return collection.at(version)

    def compact(self) -> None:
        """Forget the whole history: every version but the present one is too old from now on."""
        self._compacted = self.version
        for collection in self._collections.values():
            collection.compact(self.version)


def ordered(objects: dict[str, Object], namespace: str = "") -> list[Object]:
    """Objects in the byte order of their keys, of one namespace or of all."""
    prefix = f"{namespace}/" if namespace else ""
    return [objects[key] for key in sorted(key for key in objects if key.startswith(prefix))]
