"""A leader that stops frees its lease."""

from __future__ import annotations

import pytest

from controller.apimachinery.errors import RequestTimeout
from tests.unit.fakes import DEADLINE
from tests.unit.leaderelection.candidates import Candidate, LeaseApi


class TestReleasing:
    def test_a_leader_that_stops_leaves_a_free_lease(self, candidate: Candidate, api: LeaseApi) -> None:
        candidate.lead()
        assert candidate.elector.stop(DEADLINE)
        assert (api.spec["holderIdentity"], api.spec["leaseDurationSeconds"]) == ("", 1)
        assert api.spec["leaseTransitions"] == 0
        assert not candidate.elector.is_leader_now()
        assert candidate.reports == ["started"], "a requested end is not a loss"
        assert not candidate.shows_leading()

    def test_a_standby_that_stops_does_not_touch_the_lease(self, candidate: Candidate, api: LeaseApi) -> None:
        api.held("other")
        candidate.start()
        candidate.idle()
        assert candidate.elector.stop(DEADLINE)
        assert api.spec["holderIdentity"] == "other"

    @pytest.mark.promise("leader election")
    def test_a_lease_taken_by_another_process_is_not_released(self, candidate: Candidate, api: LeaseApi) -> None:
        candidate.lead()
        api.held("other")
        assert candidate.elector.stop(DEADLINE)
        assert api.spec["holderIdentity"] == "other"

    @pytest.mark.parametrize("verb", ["get", "replace"])
    def test_a_failed_release_does_not_fail_the_stop(self, candidate: Candidate, api: LeaseApi, verb: str) -> None:
        candidate.lead()
        api.fail[verb].append(RequestTimeout("too slow"))
        assert candidate.elector.stop(DEADLINE)
        assert api.spec["holderIdentity"] == "me"

    def test_a_missing_lease_does_not_fail_the_stop(self, candidate: Candidate, api: LeaseApi) -> None:
        candidate.lead()
        api.lease = None
        assert candidate.elector.stop(DEADLINE)

    def test_an_abandoned_lease_is_not_touched(self, candidate: Candidate, api: LeaseApi) -> None:
        candidate.lead()
        candidate.elector.abandon()
        assert api.spec["holderIdentity"] == "me"
        assert not candidate.elector.is_leader_now()

    def test_stopping_twice_or_without_a_start_does_nothing(self, candidate: Candidate) -> None:
        assert candidate.elector.stop(1)
        assert candidate.elector.stop(1)
