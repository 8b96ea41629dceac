"""Two processes never lead at once."""

from __future__ import annotations

import threading

import pytest

from controller.apimachinery.errors import ConnectionLost
from tests.unit.fakes import FakeClock, eventually
from tests.unit.leaderelection.candidates import Candidate, LeaseApi


@pytest.mark.promise("leader election")
@pytest.mark.parametrize("skew", [-1e6, 1e6])
def test_two_processes_never_lead_at_once_whatever_their_wall_clocks_show(api: LeaseApi, skew: float) -> None:
    clock = FakeClock()
    one, two = Candidate(api, clock, "one"), Candidate(api, clock, "two", skew=skew)
    try:
        one.lead()
        two.start()
        for step in range(120):
            if step == 30:
                # From here on the leader's requests fail, the other's do not.
                def meddle(verb: str) -> None:
                    if threading.current_thread() is one.elector._thread:
                        raise ConnectionLost("partitioned")

                api.before = meddle
            assert not (one.elector.is_leader_now() and two.elector.is_leader_now())
            sleeping = 1 if "lost" in one.reports else 2
            eventually(lambda sleeping=sleeping: clock.waiters() >= sleeping or "lost" in one.reports)
            clock.advance(0.5)
        eventually(lambda: two.reports == ["started"])
        assert one.reports == ["started", "lost"]
        assert api.spec["leaseTransitions"] == 1
    finally:
        one.elector.abandon()
        two.elector.abandon()
