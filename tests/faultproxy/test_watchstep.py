"""The next step of a watch, by its plan and the time."""

from __future__ import annotations

from typing import Any

import pytest

from hack.faultproxy.decision import WatchPlan
from hack.faultproxy.watchstep import Cut, Drop, Send, Step, Wait, next_step

OPENED, NOW = 100.0, 110.0


def step(plan: WatchPlan, **given: Any) -> Step:
    at = {"now": NOW, "opened": OPENED, "oldest": NOW, "sent": 0, "silent": False, "frozen": False}
    return next_step(plan, **(at | given))


@pytest.mark.parametrize(
    ("what", "plan", "given", "want"),
    [
        ("a line is forwarded at once", WatchPlan(), {}, Send()),
        ("without a line it waits for one", WatchPlan(), {"oldest": None}, Wait(None)),
        ("a late line waits for its time", WatchPlan(delay=5), {}, Wait(NOW + 5)),
        ("and goes when it has come", WatchPlan(delay=5), {"oldest": NOW - 5}, Send()),
        ("a watch lives until its time", WatchPlan(lifetime=11), {"oldest": None}, Wait(OPENED + 11)),
        ("sends until then", WatchPlan(lifetime=11), {}, Send()),
        ("and is dropped then, lines or not", WatchPlan(lifetime=10), {}, Drop()),
        ("the earlier of delay and end wakes it", WatchPlan(lifetime=11, delay=5), {}, Wait(OPENED + 11)),
        ("the earlier of delay and end wakes it", WatchPlan(lifetime=90, delay=5), {}, Wait(NOW + 5)),
        ("a half-open watch forwards nothing", WatchPlan(half_open=True), {}, Wait(None)),
        ("for as long as it lives", WatchPlan(half_open=True, lifetime=11), {}, Wait(OPENED + 11)),
        ("and can be dropped", WatchPlan(half_open=True, lifetime=10), {}, Drop()),
        ("once silent it stays so", WatchPlan(), {"silent": True}, Wait(None)),
        ("a line is cut after enough of them", WatchPlan(cut_after=2), {"sent": 2}, Cut()),
        ("not before", WatchPlan(cut_after=2), {"sent": 1}, Send()),
        ("a cut line is late as any other", WatchPlan(cut_after=0, delay=5), {}, Wait(NOW + 5)),
        ("nothing happens while frozen", WatchPlan(lifetime=0, cut_after=0), {"frozen": True}, Wait(None)),
    ],
)
def test_the_next_step_of_a_watch_follows_from_its_plan(
    what: str, plan: WatchPlan, given: dict[str, Any], want: Step
) -> None:
    assert step(plan, **given) == want, what
