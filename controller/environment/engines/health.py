"""How a release fares, in the words of the environment's status. Every engine answers with one of these."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

# The reason of a release on its way out whose uninstall has failed so far; its message says why.
UNINSTALL_FAILED: Final = "UninstallFailed"


class State(StrEnum):
    """`status.applicationStatus`."""

    PENDING = "pending"
    DEPLOYING = "deploying"
    DEPLOYED = "deployed"
    FAILED = "failed"
    SUSPENDED = "suspended"
    UNINSTALLING = "uninstalling"


@dataclass(frozen=True, slots=True)
class Health:
    """A release's state with its reason (CamelCase) and its own words.

    `changes_after` is the number of seconds after which the state changes by the mere passing of time, or None.
    """

    state: State
    reason: str
    message: str
    changes_after: float | None = None
