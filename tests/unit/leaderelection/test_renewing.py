"""A leader renews its lease, and stops leading when it cannot."""

from __future__ import annotations

import pytest

from controller.apimachinery.errors import ConnectionLost
from tests.unit.fakes import DEADLINE, FakeClock, eventually
from tests.unit.leaderelection.candidates import CONFLICT, Candidate, LeaseApi


class TestRenewing:
    @pytest.mark.promise("leader election")
    def test_a_renewal_is_one_write_and_keeps_the_term(self, candidate: Candidate, api: LeaseApi) -> None:
        candidate.lead()
        candidate.round()
        assert api.calls == ["get", "create", "replace"]
        assert api.spec["acquireTime"] == "2026-01-31T12:00:00.000000Z"
        assert api.spec["renewTime"] == "2026-01-31T12:00:02.000000Z"
        assert api.spec["leaseTransitions"] == 0
        assert candidate.slow_renewals() == 0

    @pytest.mark.promise("leader election")
    def test_a_failed_renewal_reads_the_lease_and_retries_at_once(self, candidate: Candidate, api: LeaseApi) -> None:
        candidate.lead()
        api.fail["replace"].append(CONFLICT)
        candidate.round()
        eventually(lambda: len(api.calls) == 5)
        assert api.calls[2:] == ["replace", "get", "replace"]
        assert candidate.slow_renewals() == 1
        assert candidate.shows_leading()
        assert candidate.reports == ["started"]

    def test_a_lease_that_another_writer_changed_is_kept(self, candidate: Candidate, api: LeaseApi) -> None:
        candidate.lead()
        api.held("me", transitions=0)
        candidate.round()
        eventually(lambda: api.calls[-1] == "replace" and api.spec["renewTime"] > "2026")
        assert candidate.elector.is_leader_now()

    def test_a_deleted_lease_is_created_again(self, candidate: Candidate, api: LeaseApi) -> None:
        candidate.lead()
        api.lease = None
        candidate.round()
        eventually(lambda: api.lease is not None)
        assert candidate.elector.is_leader_now()


class TestLosing:
    @pytest.mark.promise("leader election")
    def test_leadership_ends_when_no_renewal_succeeded_within_the_deadline(
        self, candidate: Candidate, api: LeaseApi
    ) -> None:
        candidate.lead()
        api.broken = ConnectionLost("refused")
        for _ in range(4):
            candidate.round()
        assert candidate.elector.is_leader_now(), "eight seconds of ten"
        candidate.round()
        eventually(lambda: candidate.reports == ["started", "lost"])
        assert not candidate.elector.is_leader_now()
        assert not candidate.shows_leading()

    def test_a_single_failure_does_not_lose_the_lease(self, candidate: Candidate, api: LeaseApi) -> None:
        candidate.lead()
        api.fail["replace"].append(ConnectionLost("reset"))
        api.fail["get"].append(ConnectionLost("reset"))
        candidate.round()
        for _ in range(10):
            candidate.round()
        assert candidate.reports == ["started"]

    def test_leadership_ends_at_once_when_another_process_holds_the_lease(
        self, candidate: Candidate, api: LeaseApi
    ) -> None:
        candidate.lead()
        api.held("usurper")
        candidate.round()
        eventually(lambda: candidate.reports == ["started", "lost"])
        assert not candidate.elector.is_leader_now()

    @pytest.mark.promise("leader election")
    def test_the_loss_is_reported_once(self, candidate: Candidate, api: LeaseApi, clock: FakeClock) -> None:
        candidate.lead()
        api.held("usurper")
        candidate.round()
        eventually(lambda: candidate.reports == ["started", "lost"])
        clock.advance(1000)
        candidate.elector.stop(DEADLINE)
        assert candidate.reports == ["started", "lost"]
        assert api.spec["holderIdentity"] == "usurper"
