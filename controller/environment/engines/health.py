"""How a release fares, in the words of the environment's status. Every engine answers with these."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

# The reason while a release is being deleted and its uninstall has failed so far. The message says why.
UNINSTALL_FAILED: Final = "UninstallFailed"
# The reason when the chart could not be fetched for too long.
CHART_FETCH_FAILED: Final = "ChartFetchFailed"
WAITING_FOR_CHART: Final = "Waiting for the chart to be fetched."


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
    """How a release fares.

    Attributes:
        state: for `status.applicationStatus`.
        reason: CamelCase, for conditions.
        message: what the engine itself says.
        changes_after: seconds after which the state changes although nothing happens, or None.
    """

    state: State
    reason: str
    message: str
    changes_after: float | None = None
