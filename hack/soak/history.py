"""What the watches have seen, as one history: the changes of all kinds in the order of the server. Pure.

Every change has a version, and one server counts the versions of all kinds together. So a change can be judged once
every watch has come past its version. A watch that had to begin again with a list has a gap: the objects between its
last version and that of the list are unknown. Changes within any gap are marked as vague.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

ADDED, MODIFIED, DELETED = "ADDED", "MODIFIED", "DELETED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One change.

    Attributes:
        at: when it arrived, in seconds since the soak began.
        kind: the kind of the object, as the watch calls it.
        type: ADDED, MODIFIED or DELETED.
        vague: something around it was not seen.
    """

    at: float
    version: int
    kind: str
    type: str
    obj: dict[str, Any]
    vague: bool = False


class History:
    """Puts changes in order. Not thread-safe."""

    def __init__(self, kinds: Iterable[str]) -> None:
        # The version up to which a watch has delivered everything; 0 before its first list.
        self._passed = dict.fromkeys(kinds, 0)
        self._known: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in self._passed}
        self._held: list[Seen] = []
        self._gaps: list[tuple[int, int]] = []

    def changed(self, at: float, kind: str, type_: str, obj: dict[str, Any]) -> None:
        """Take a line of a watch."""
        version = int(obj["metadata"]["resourceVersion"])
        key = _key(obj)
        # A watch that begins again may repeat what it has delivered.
        if version <= self._passed[kind]:
            return
        if type_ == DELETED:
            self._known[kind].pop(key, None)
        else:
            type_ = MODIFIED if key in self._known[kind] else ADDED
            self._known[kind][key] = obj
        self._held.append(Seen(at=at, version=version, kind=kind, type=type_, obj=obj))
        self._passed[kind] = version

    def listed(self, at: float, kind: str, version: int, items: Iterable[dict[str, Any]]) -> None:
        """Take a list: the first one, or one after a gap."""
        before, now = self._known[kind], {_key(obj): obj for obj in items}
        for key, obj in before.items():
            if key not in now or now[key]["metadata"]["uid"] != obj["metadata"]["uid"]:
                self._held.append(Seen(at=at, version=version, kind=kind, type=DELETED, obj=obj, vague=True))
        for key, obj in now.items():
            known = before.get(key)
            if known is None or known["metadata"]["uid"] != obj["metadata"]["uid"]:
                self._held.append(Seen(at=at, version=version, kind=kind, type=ADDED, obj=obj, vague=True))
            elif known["metadata"]["resourceVersion"] != obj["metadata"]["resourceVersion"]:
                self._held.append(Seen(at=at, version=version, kind=kind, type=MODIFIED, obj=obj, vague=True))
        self._known[kind] = now
        self._gaps.append((self._passed[kind], version))
        self._passed[kind] = max(version, self._passed[kind])

    def passed(self, kind: str, version: int) -> None:
        """Take a bookmark: the watch has delivered everything up to this version."""
        self._passed[kind] = max(version, self._passed[kind])

    def ready(self) -> list[Seen]:
        """Return the changes that no watch can precede any more, in order, and forget them."""
        least = min(self._passed.values())
        ready = sorted((seen for seen in self._held if seen.version <= least), key=lambda seen: seen.version)
        self._held = [seen for seen in self._held if seen.version > least]
        marked = [replace(seen, vague=True) if self._is_vague(seen.version) else seen for seen in ready]
        self._gaps = [gap for gap in self._gaps if gap[1] > least]
        return marked

    def _is_vague(self, version: int) -> bool:
        return any(first < version <= last for first, last in self._gaps)


def _key(obj: dict[str, Any]) -> str:
    return f"{obj['metadata'].get('namespace', '')}/{obj['metadata']['name']}"
