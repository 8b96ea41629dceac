"""From a watched object's change to the keys that are to be reconciled."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from controller.apimachinery.objects import Object
from controller.cache import DeletedFinalStateUnknown

Keys = Callable[[Object], Iterable[str]]
# Those that a change concerns: the object before it and after it, None where it was not there.
ChangedKeys = Callable[[Object | None, Object | None], Iterable[str]]


class Enqueue:
    """An informer's handler: queues the keys that an object concerns, before and after its change."""

    def __init__(self, *, keys: Keys, add: Callable[[str], None]) -> None:
        self._keys = keys
        self._add = add

    def on_add(self, obj: Object) -> None:
        """A new object, or one that was there at the start."""
        self._queue(obj)

    def on_update(self, old: Object, new: Object) -> None:
        """A change: an object may have left one environment for another."""
        self._queue(old, new)

    def on_delete(self, obj: Object | DeletedFinalStateUnknown) -> None:
        """A deletion, seen or inferred."""
        self._queue(obj.obj if isinstance(obj, DeletedFinalStateUnknown) else obj)

    def _queue(self, *objects: Object) -> None:
        for key in dict.fromkeys(key for obj in objects for key in self._keys(obj)):
            self._add(key)


class Spread:
    """The same for a change that may concern every environment at once: they come one after another.

    `per_second` of them become due; whatever happens to another environment meanwhile does not queue behind them.
    """

    def __init__(self, *, keys: ChangedKeys, add_after: Callable[[str, float], None], per_second: float) -> None:
        self._keys = keys
        self._add_after = add_after
        self._pause = 1 / per_second

    def on_add(self, obj: Object) -> None:
        """A new object, or one that was there at the start."""
        self._queue(None, obj)

    def on_update(self, old: Object, new: Object) -> None:
        """A change."""
        self._queue(old, new)

    def on_delete(self, obj: Object | DeletedFinalStateUnknown) -> None:
        """A deletion, seen or inferred."""
        self._queue(obj.obj if isinstance(obj, DeletedFinalStateUnknown) else obj, None)

    def _queue(self, before: Object | None, after: Object | None) -> None:
        for position, key in enumerate(self._keys(before, after)):
            self._add_after(key, position * self._pause)
