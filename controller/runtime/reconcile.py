"""The contract between the machinery and whoever reconciles; nothing else of this package concerns them.

A reconciler is told only *which* object to look at, never what happened: it reads the present state and moves the world
one step towards the wanted one. What it returns or raises decides what becomes of the key:

| outcome                             | the key's back-off | the key is reconciled again            | counted as      |
|-------------------------------------|--------------------|----------------------------------------|-----------------|
| `Result()`                          | forgotten          | when something changes                 | success         |
| `Result(requeue_after=s)`           | forgotten          | in `s` seconds, or when things change  | requeue_after   |
| `Result(requeue=True)`              | grows              | after the back-off; nothing is logged  | requeue         |
| raises `ConsistencyError` (cache)   | grows              | after the back-off; nothing is logged  | requeue, stale  |
| raises `TerminalError`              | forgotten          | only when something changes            | error, terminal |
| raises `ApiError`                   | grows              | after the back-off                     | error           |
| raises anything else                | grows              | after the back-off                     | error, panic    |

Whatever ends because the reconcile's time is over is an error as well, and counted as a timeout besides.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Request:
    """Which object: `namespace/name`, or `name` of a cluster-scoped one."""

    key: str


@dataclass(frozen=True, slots=True)
class Result:
    """How a reconcile ended that did not fail; see the module's table.

    Attributes:
        requeue_after: seconds after which to look again, or None.
        requeue: look again after the key's back-off, quietly: for what is no failure but not done either, such as a
            write conflict. It goes before `requeue_after`.
    """

    requeue_after: float | None = None
    requeue: bool = False


class TerminalError(Exception):
    """Trying again is pointless until something changes."""


class Reconciler(Protocol):
    """Called by several workers at once, but never twice at once for the same key."""

    def reconcile(self, request: Request) -> Result:
        """Look at the object and move the world one step; see the module's table for what follows."""
        ...
