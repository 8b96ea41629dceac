"""What a phase can decide. A decision also carries the facts that the status shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from controller.environment.effects import Effect, Target
from controller.environment.engines.engine import Health


class CurrentPhase:
    """`status.currentPhase`, in the words that users of the original know."""

    NAMESPACE: Final = "Provisioning Namespace"
    RESOURCES: Final = "Applying Resources"
    DEPLOYING: Final = "Deploying Release"
    WAITING: Final = "Waiting For Release"
    IDLE: Final = "Waiting For Next Reconciliation Loop"
    SUSPENDED: Final = "Suspended"
    UNINSTALLING: Final = "Uninstalling Release"
    DELETING: Final = "Deleting Namespace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Continue:
    """The phase has nothing to wait for once its effects are done, so the next phase may decide.

    Attributes:
        effects: what to do, in order.
        recheck_after: seconds until the next reconcile; None where a watch is sure to start it.
        timer: name of a timer that starts with this decision, and runs as long as the decision is repeated.
        release: the HelmRelease that the phase sees to; the status records it.
        health: the health of that release before the effects.
    """

    effects: tuple[Effect, ...] = ()
    recheck_after: float | None = None
    timer: str = ""
    release: Target | None = None
    health: Health | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Something has to happen before the next phases can begin. A watch shows it, or the controller looks again.

    Attributes:
        reason: CamelCase, for conditions.
        message: for people.
        held: whether this takes longer than it should because of something outside, so that a person may have to help.
        shown_as: `status.currentPhase`, where it is not the one of the phase.
        keeps_status: whether the status stays as it is, because another controller or the next look writes it.
        records: the release that the status has to record before the next step, which only the status remembers.

    The other attributes are those of Continue.
    """

    reason: str
    message: str
    effects: tuple[Effect, ...] = ()
    recheck_after: float | None = None
    timer: str = ""
    held: bool = False
    shown_as: str = ""
    keeps_status: bool = False
    records: Target | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """Nothing can be done before a person changes what `message` names. The attributes are those of Wait."""

    reason: str
    message: str
    effects: tuple[Effect, ...] = ()
    recheck_after: float | None = None


Decision = Continue | Wait | Stop
