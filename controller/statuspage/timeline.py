"""What each environment's status was since this process started: in memory, bounded, and gone with the environment."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from controller.apimachinery import conditions, objects
from controller.apimachinery.objects import Object
from controller.statuspage import texts

# Changes that are kept for each environment, and characters of a message and of each other text.
ENTRIES: Final = 50
MESSAGE: Final = 300
TEXT: Final = 100
# Changes that are kept for all environments together, to bound the memory. A large fleet keeps fewer of each.
TOTAL: Final = 50_000


@dataclass(frozen=True, slots=True)
class Entry:
    """A status, and when this process first saw it."""

    seen: datetime
    status: str
    phase: str
    reason: str
    message: str


class Timeline:
    """One writer, which reports every state of every environment to it; any thread may read."""

    def __init__(self, *, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = threading.Lock()
        # Name -> UID of that life, and its entries, the oldest first.
        self._lives: dict[str, tuple[str, tuple[Entry, ...]]] = {}

    def saw(self, obj: Object) -> None:
        """An EnvironmentProvisioner is like this now. Another UID begins from the start."""
        name, uid = objects.name(obj), objects.uid(obj)
        entry = _entry(obj, self._now())
        with self._lock:
            known, entries = self._lives.get(name, ("", ()))
            if known != uid:
                entries = ()
            if not entries or _state(entries[-1]) != _state(entry):
                most = min(ENTRIES, max(1, TOTAL // max(1, len(self._lives))))
                self._lives[name] = (uid, (*entries, entry)[-most:])

    def forget(self, name: str) -> None:
        """The environment is gone."""
        with self._lock:
            self._lives.pop(name, None)

    def of(self, name: str) -> Sequence[Entry]:
        """Its entries, the newest first."""
        with self._lock:
            _, entries = self._lives.get(name, ("", ()))
        return tuple(reversed(entries))


def _entry(obj: Object, seen: datetime) -> Entry:
    # Every change of an environment comes here, so this finds only the four texts and not a whole summary.
    status = objects.mapping(obj.get("status"))
    ready = conditions.find(objects.mappings(status.get("conditions")), "Ready") or {}
    return Entry(
        seen,
        texts.cut(objects.text(status.get("applicationStatus")) or "pending", TEXT),
        texts.cut(objects.text(status.get("currentPhase")), TEXT),
        texts.cut(objects.text(ready.get("reason")), TEXT),
        texts.cut(objects.text(status.get("applicationStatusMsg")), MESSAGE),
    )


def _state(entry: Entry) -> tuple[str, ...]:
    return (entry.status, entry.phase, entry.reason, entry.message)
