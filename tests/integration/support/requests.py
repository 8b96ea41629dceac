"""What the controller asked of the API server, from the audit log."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from hack.localcluster.audit import AuditEntry, AuditLog
from tests.integration.support.waiting import DEADLINE

CONTROLLER = "tronador"
_SIDE_EFFECTS = ("events", "leases")


class Requests:
    """The controller's requests."""

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    def mark(self) -> int:
        """Now, for `since`."""
        return len(self._audit.entries())

    def all(self, since: int = 0) -> list[AuditEntry]:
        """Every request since a mark, oldest first."""
        return [entry for entry in self._audit.entries()[since:] if entry.user_agent.startswith(CONTROLLER)]

    def writes(self, since: int = 0, *, environment: str = "") -> list[AuditEntry]:
        """Writes of objects and status (no Events, no Leases), refused ones included; of one environment, or of all."""
        return [
            entry
            for entry in self.all(since)
            if is_counted(entry) and environment in ("", entry.namespace, entry.name, _name_in_body(entry))
        ]

    def count(self, verb: str, resource: str, since: int = 0) -> int:
        """How many requests of that kind were made."""
        return sum(entry.verb == verb and entry.resource == resource for entry in self.all(since))

    def events(self, since: int = 0) -> int:
        """How many times an Event was written."""
        return sum(entry.is_write and entry.resource == "events" for entry in self.all(since))

    def order(self, since: int = 0, *, environment: str = "") -> list[str]:
        """The writes as `verb resource[/subresource] name`."""
        return [summary(entry) for entry in self.writes(since, environment=environment)]


def is_counted(entry: AuditEntry) -> bool:
    """Whether it is a write of an object or a status, and not of an Event or a Lease."""
    return entry.is_write and entry.resource not in _SIDE_EFFECTS


def summary(entry: AuditEntry) -> str:
    """`patch environmentprovisioners/status pr-74`."""
    place = "/".join(filter(None, (entry.resource, entry.subresource)))
    return f"{entry.verb} {place} {entry.name or _name_in_body(entry)}"


def after_each_request(audit: AuditLog, notify: Callable[[AuditEntry], None]) -> None:
    """Call `notify` for every request of the controller, after the server performed it and before it answers.

    It runs in the thread of the server, or of the proxy in front of a real one, and blocks it.
    """
    record = audit.record

    def recorded(entry: AuditEntry) -> None:
        record(entry)
        if entry.user_agent.startswith(CONTROLLER):
            notify(entry)

    audit.record = recorded  # type: ignore[method-assign]


@contextmanager
def freezing(audit: AuditLog, *, when: Callable[[AuditEntry], bool]) -> Iterator[threading.Event]:
    """Freeze the server for the controller, from its next request for which `when` holds until the end of the block.

    The server performs that request but does not answer it. The event is set once the server is frozen.
    """
    frozen, resumed = threading.Event(), threading.Event()

    def freeze(entry: AuditEntry) -> None:
        if when(entry):
            frozen.set()
            resumed.wait(DEADLINE)

    after_each_request(audit, freeze)
    try:
        yield frozen
    finally:
        resumed.set()


def _name_in_body(entry: AuditEntry) -> str:
    body: Any = entry.body
    metadata = body.get("metadata") if isinstance(body, dict) else None
    return str((metadata or {}).get("name") or "")
