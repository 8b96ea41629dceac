"""One write as history remembers it and watches report it."""

from __future__ import annotations

from ..objects import Object


class Change:
    """A write to one object. Watches share it, so that each encoding of the object is made once.

    Attributes:
        version: the global resourceVersion this write took.
        kind: "ADDED", "MODIFIED" or "DELETED".
        key: `namespace/name` or `name`.
        obj: the state after the write; for DELETED the last state with the version of the deletion.
        old: the state before the write, None for ADDED.
    """

    __slots__ = ("encodings", "key", "kind", "obj", "old", "version")

    def __init__(self, *, version: int, kind: str, key: str, obj: Object, old: Object | None) -> None:
        self.version = version
        self.kind = kind
        self.key = key
        self.obj = obj
        self.old = old
        self.encodings: dict[str, bytes] = {}
