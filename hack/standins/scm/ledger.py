"""Every request in the order of its answer, so that a test can count them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One request and its answer.

    Attributes:
        time: Unix time of its arrival.
        path: with the query.
        login: the account that asked, or "".
        status: of the answer; 0 where there was none.
        body: of the request.
        faulty: whether a fault changed the answer.
    """

    time: float
    method: str
    path: str
    login: str
    status: int
    body: Mapping[str, Any]
    faulty: bool

    @property
    def is_write(self) -> bool:
        """Whether it changed what people see; a new token for an installation does not."""
        return self.method not in ("GET", "HEAD") and "/access_tokens" not in self.path and 0 < self.status < 300


class Ledger:
    """The entries. The caller holds the lock of the forge."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []

    def add(self, entry: Entry) -> None:
        self._entries.append(entry)

    def clear(self) -> None:
        self._entries.clear()

    def __len__(self) -> int:
        return len(self._entries)

    def entries(self, method: str = "*", path: str = "*") -> Sequence[Entry]:
        """Return the entries whose method and path match the globs."""
        return [entry for entry in self._entries if fnmatchcase(entry.method, method) and fnmatchcase(entry.path, path)]

    def writes(self) -> Sequence[Entry]:
        """Return the requests that changed what people see."""
        return [entry for entry in self._entries if entry.is_write]

    def as_json(self) -> list[dict[str, Any]]:
        """Return them for the control API."""
        return [asdict(entry) for entry in self._entries]
