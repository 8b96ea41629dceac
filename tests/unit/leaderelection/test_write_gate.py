"""The gate lets a leader write only while its lease is valid."""

from __future__ import annotations

import threading

import pytest

from controller.apimachinery.errors import ConnectionLost
from controller.apimachinery.scope import current_scope
from tests.unit.fakes import DEADLINE, FakeClock
from tests.unit.leaderelection.candidates import Candidate, LeaseApi


class TestGate:
    @pytest.mark.promise("leader election")
    def test_the_gate_shuts_by_the_clock_even_if_the_renewing_thread_is_stuck(
        self, candidate: Candidate, api: LeaseApi, clock: FakeClock
    ) -> None:
        candidate.lead()
        stuck, entered = threading.Event(), threading.Event()

        def hang(verb: str) -> None:
            entered.set()
            scope = current_scope()
            assert scope is not None
            with scope.interrupting(stuck.set):
                assert stuck.wait(DEADLINE)
            scope.check()

        api.before = hang
        clock.advance(2)
        assert entered.wait(DEADLINE)
        clock.advance(7.9)
        assert candidate.elector.is_leader_now()
        clock.advance(0.1)
        assert not candidate.elector.is_leader_now()
        assert candidate.reports == ["started"], "the thread itself knows nothing yet"

    def test_the_time_of_a_renewal_counts_from_before_it_was_sent(
        self, candidate: Candidate, api: LeaseApi, clock: FakeClock
    ) -> None:
        candidate.lead()
        api.before = lambda verb: clock.advance(4)
        candidate.round()
        api.before = lambda verb: None
        api.broken = ConnectionLost("refused")
        clock.advance(5.9)
        assert candidate.elector.is_leader_now()
        clock.advance(0.2)
        assert not candidate.elector.is_leader_now(), "ten seconds after the renewal was sent, six after its answer"

    def test_the_gate_is_shut_before_the_election(self, candidate: Candidate) -> None:
        assert not candidate.elector.is_leader_now()

    def test_a_leader_that_can_neither_renew_nor_end_is_unhealthy(
        self, candidate: Candidate, api: LeaseApi, clock: FakeClock
    ) -> None:
        assert candidate.elector.problem() is None
        candidate.lead()
        stuck = threading.Event()
        api.before = lambda verb: stuck.wait(DEADLINE) and None
        clock.advance(2)
        clock.advance(32.9)
        assert candidate.elector.problem() is None
        clock.advance(0.2)
        assert "expired more than 20 s ago" in (candidate.elector.problem() or "")
        stuck.set()
