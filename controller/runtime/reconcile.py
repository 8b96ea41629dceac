"""The contract between the machinery and a reconciler. A reconciler needs nothing else of this package.

A reconciler learns only *which* object to look at, never what happened. It reads the current state and takes one step
towards the desired state. What it returns or raises decides when the key is reconciled again:

| outcome                             | the key's back-off | the key is reconciled again            | counted as      |
|-------------------------------------|--------------------|----------------------------------------|-----------------|
| `Result()`                          | forgotten          | when something changes                 | success         |
| `Result(requeue_after=s)`           | forgotten          | in `s` seconds, or when things change  | requeue_after   |
| `Result(requeue=True)`              | grows              | after the back-off; nothing is logged  | requeue         |
| raises `ConsistencyError` (cache)   | grows              | after the back-off; nothing is logged  | requeue, stale  |
| raises `TerminalError`              | forgotten          | only when something changes            | error, terminal |
| raises `ApiError`                   | grows              | after the back-off                     | error           |
| raises anything else                | grows              | after the back-off                     | error, panic    |

A reconcile that fails because it exceeds its timeout is an error too, and is also counted as a timeout.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Request:
    """The key of an object: `namespace/name`, or `name` of a cluster-scoped object."""

    key: str


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a reconcile that did not fail; see the module's table.

    Attributes:
        requeue_after: seconds after which to look again, or None.
        requeue: look again after the key's back-off, without a log line. For an outcome that is neither a failure nor
            complete, such as a write conflict. Takes precedence over `requeue_after`.
    """

    requeue_after: float | None = None
    requeue: bool = False


class TerminalError(Exception):
    """The reconcile failed, and a retry is pointless until something changes."""


class Reconciler(Protocol):
    """Called by several workers at once, but never twice at once for the same key."""

    def reconcile(self, request: Request) -> Result:
        """Take one step for the object; see the module's table for results and exceptions."""
        ...
