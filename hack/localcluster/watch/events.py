"""Changes as one watch sees them: through its selector, in its representation."""

from __future__ import annotations

from collections.abc import Callable

from ..objects import Object, encode
from ..registry.lists import Selection
from ..storage.changes import Change

Render = Callable[[Object, bool], Object]
"""A stored object as a watch shows it; the flag says whether it is the first one the watch sends."""


class EventWriter:
    """Turns changes into lines of a watch stream.

    Args:
        selection: objects the watch wants.
        representation: name under which the encoding is shared with other watches.
        render: the stored object as this watch shows it.
        varies: the first event is shown differently from the later ones (tables describe their columns once).
    """

    def __init__(self, selection: Selection, representation: str, render: Render, *, varies: bool) -> None:
        self._selection = selection
        self._representation = representation
        self._render = render
        self._first = varies

    def added(self, obj: Object) -> bytes:
        """The event of an object that was there when the watch began."""
        return event_line("ADDED", self._shown(obj))

    def line(self, change: Change) -> bytes | None:
        """The event of a change, or None when the watch does not concern it."""
        kind = self._kind(change)
        if kind is None:
            return None
        return event_line(kind, self._encoded(change, left=kind == "DELETED" and change.kind != "DELETED"))

    def _kind(self, change: Change) -> str | None:
        is_in = change.kind != "DELETED" and self._selection.matches(change.obj)
        was_in = change.old is not None and self._selection.matches(change.old)
        if is_in:
            return "MODIFIED" if was_in else "ADDED"
        return "DELETED" if was_in else None

    def _encoded(self, change: Change, *, left: bool) -> bytes:
        # An object that leaves the selection is shown as it was, with the version of the change that took it out.
        if left and change.old is not None:
            metadata = {**change.old["metadata"], "resourceVersion": str(change.version)}
            return self._shown({**change.old, "metadata": metadata})
        if self._first:
            return self._shown(change.obj)
        found = change.encodings.get(self._representation)
        if found is None:
            found = change.encodings[self._representation] = self._shown(change.obj)
        return found

    def _shown(self, obj: Object) -> bytes:
        first, self._first = self._first, False
        return encode(self._render(obj, first))


def event_line(kind: str, obj: bytes) -> bytes:
    """Return one line of a watch stream."""
    return b'{"type":"' + kind.encode() + b'","object":' + obj + b"}\n"
