"""Decides the next step of a watch from its plan and the time. Pure, so that tests need no socket and no clock."""

from __future__ import annotations

from dataclasses import dataclass

from hack.faultproxy.decision import WatchPlan


@dataclass(frozen=True, slots=True)
class Send:
    """Forward the oldest line that is held."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Forward half of the oldest line, then end the watch as planned."""


@dataclass(frozen=True, slots=True)
class Drop:
    """End the watch as planned; what is held is lost."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before `until` (seconds on the same clock), or before something happens if it is None."""

    until: float | None


Step = Send | Cut | Drop | Wait


def next_step(
    plan: WatchPlan, *, now: float, opened: float, oldest: float | None, sent: int, silent: bool, frozen: bool
) -> Step:
    """The next step of a watch.

    Args:
        now, opened, oldest: the time, when the watch was opened, when the oldest held line came (None: none is held),
            in seconds on one clock.
        sent: lines forwarded so far.
        silent: it has become half-open, whatever the plan says now.
        frozen: the whole server seems to stand still, and so cannot even end a watch.
    """
    if frozen:
        return Wait(None)
    end = None if plan.lifetime is None else opened + plan.lifetime
    if end is not None and now >= end:
        return Drop()
    if silent or plan.half_open or oldest is None:
        return Wait(end)
    due = oldest + plan.delay
    if now < due:
        return Wait(due if end is None else min(due, end))
    if plan.cut_after is not None and sent >= plan.cut_after:
        return Cut()
    return Send()
