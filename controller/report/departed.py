"""Environments that do not exist any more, and whose end the pull request does not show yet.

They are kept in memory only: the end of an environment whose deletion no reporter has seen is never reported.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.cache import DeletedFinalStateUnknown

# A standby replica sees all deletions and reports none, so there has to be an end.
_LIMIT: Final = 10_000


class Departed:
    """A handler of an informer that keeps the last state of each deleted environment. Thread-safe."""

    def __init__(self, *, add: Callable[[str], None]) -> None:
        self._add = add
        self._lock = threading.Lock()
        self._objects: OrderedDict[str, Object] = OrderedDict()

    def on_add(self, obj: Object) -> None:
        """Queue a new environment, or one that existed at the start."""
        self._add(objects.key(obj))

    def on_update(self, old: Object, new: Object) -> None:
        """Queue a changed environment. One with another UID has taken the place of a deleted one."""
        self._add(objects.key(new))

    def on_delete(self, obj: Object | DeletedFinalStateUnknown) -> None:
        """Keep a deleted environment, and queue it."""
        last = obj.obj if isinstance(obj, DeletedFinalStateUnknown) else obj
        key = objects.key(last)
        with self._lock:
            self._objects[key] = last
            self._objects.move_to_end(key)
            if len(self._objects) > _LIMIT:
                self._objects.popitem(last=False)
        self._add(key)

    def get(self, key: str) -> Object | None:
        """Return the last state of a deleted environment."""
        with self._lock:
            return self._objects.get(key)

    def forget(self, key: str, uid: str) -> None:
        """Drop the environment of this UID: its end was reported, or another one has taken its place."""
        with self._lock:
            known = self._objects.get(key)
            if known is not None and objects.uid(known) == uid:
                del self._objects[key]
