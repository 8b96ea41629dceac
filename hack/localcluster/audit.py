"""The audit log: every request with who, what and how it ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

from .objects import encode


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One request in the audit log.

    Attributes:
        time: seconds since the epoch, when the answer began.
        user, user_agent: who sent the request; the user is "" if the credentials were invalid.
        credential: which of the user's tokens it was (`JTI=...`), "" where that is not known.
        impersonated_user: as whom, if that is somebody else.
        verb: as RBAC calls it (get, list, watch, create, update, patch, delete, deletecollection), or the HTTP method
            in lower case for non-resource paths.
        path: the URL's path.
        code: HTTP status of the answer.
        body: what a write sent, decoded; None otherwise.
    """

    time: float = field(default_factory=time.time)
    user: str
    user_agent: str
    credential: str = ""
    impersonated_user: str = ""
    verb: str
    path: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    code: int
    body: Any = None

    @property
    def is_write(self) -> bool:
        """Whether it asked for a change."""
        return self.verb in ("create", "update", "patch", "delete", "deletecollection")


class AuditLog:
    """Keeps the entries in memory, and in a file when there is one.

    Args:
        path: file to append to, "" for none.

    Attributes:
        gate: for tests; whether to perform a request, whose entry has no code yet. The connection of one that is not to
            be performed is aborted, and nothing is recorded. It runs in the thread of the server, and blocks it.
    """

    gate: Callable[[AuditEntry], bool] | None = None

    def __init__(self, path: str = "") -> None:
        self._entries: list[AuditEntry] = []
        self._file: TextIO | None = Path(path).open("a", encoding="utf-8") if path else None  # noqa: SIM115

    def record(self, entry: AuditEntry) -> None:
        """Add an entry."""
        self._entries.append(entry)
        if self._file:
            self._file.write(encode(asdict(entry)).decode() + "\n")
            self._file.flush()

    def entries(self, where: Callable[[AuditEntry], bool] = lambda entry: True) -> list[AuditEntry]:
        """The entries so far, oldest first, of which `where` holds."""
        return [entry for entry in list(self._entries) if where(entry)]

    def writes(self) -> list[AuditEntry]:
        """The requests that asked for a change."""
        return self.entries(lambda entry: entry.is_write)

    def clear(self) -> None:
        """Forget the entries in memory."""
        self._entries.clear()

    def close(self) -> None:
        """Close the file."""
        if self._file:
            self._file.close()
            self._file = None
