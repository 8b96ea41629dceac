"""A candidate takes a lease that is free or has expired."""

from __future__ import annotations

import threading

import pytest

from controller.apimachinery.errors import ApiError, ConnectionLost, Stopped, status_error
from controller.leaderelection import LeaderElectionConfig, LeaderElector
from tests.unit.fakes import DEADLINE, FakeClock, eventually
from tests.unit.leaderelection.candidates import CONFLICT, Candidate, LeaseApi


class TestAcquiring:
    def test_without_a_lease_it_is_created(self, candidate: Candidate, api: LeaseApi) -> None:
        candidate.lead()
        assert api.calls == ["get", "create"]
        assert api.spec == {
            "holderIdentity": "me",
            "leaseDurationSeconds": 15,
            "acquireTime": "2026-01-31T12:00:00.000000Z",
            "renewTime": "2026-01-31T12:00:00.000000Z",
            "leaseTransitions": 0,
        }
        assert candidate.elector.is_leader_now()
        assert candidate.shows_leading()

    @pytest.mark.promise("leader election")
    def test_a_free_lease_is_taken_at_once(self, candidate: Candidate, api: LeaseApi) -> None:
        api.held("")
        candidate.lead()
        assert (api.spec["holderIdentity"], api.spec["leaseTransitions"]) == ("me", 4)

    def test_a_held_lease_is_respected_however_old_its_times_are(self, candidate: Candidate, api: LeaseApi) -> None:
        api.held("other", renewed="1999-01-01T00:00:00.000000Z")
        candidate.start()
        for _ in range(6):
            candidate.round()
        assert candidate.reports == []
        assert not candidate.elector.is_leader_now()
        assert candidate.elector.holder == "other"

    @pytest.mark.promise("leader election")
    def test_a_lease_unchanged_for_its_own_duration_is_taken_over(self, candidate: Candidate, api: LeaseApi) -> None:
        api.held("other", duration=15, renewed="2999-01-01T00:00:00.000000Z")
        candidate.start()
        for _ in range(7):
            candidate.round()
        assert candidate.reports == [], "14 seconds"
        candidate.round()
        eventually(lambda: candidate.reports == ["started"])
        assert api.spec["leaseTransitions"] == 4
        assert api.spec["acquireTime"] == "2026-01-31T12:00:16.000000Z"

    @pytest.mark.promise("leader election")
    def test_the_lease_duration_of_the_holder_counts(self, candidate: Candidate, api: LeaseApi) -> None:
        api.held("other", duration=3)
        candidate.start()
        candidate.round()
        candidate.round()
        eventually(lambda: candidate.reports == ["started"])

    @pytest.mark.promise("leader election")
    def test_every_change_starts_the_wait_over(self, candidate: Candidate, api: LeaseApi) -> None:
        api.held("other")
        candidate.start()
        for n in range(20):
            candidate.round()
            api.held("other", renewed=f"2020-01-01T00:00:{n:02}.000000Z")
        assert candidate.reports == []

    @pytest.mark.parametrize("error", [CONFLICT, ConnectionLost("refused"), status_error(500, "boom")])
    @pytest.mark.parametrize("verb", ["get", "create"])
    def test_a_failed_attempt_is_tried_again(
        self, candidate: Candidate, api: LeaseApi, verb: str, error: ApiError
    ) -> None:
        api.fail[verb].append(error)
        candidate.start()
        candidate.round()
        eventually(lambda: candidate.reports == ["started"])

    def test_a_faster_competitor_wins(self, candidate: Candidate, api: LeaseApi) -> None:
        api.held("")
        raced: list[int] = []

        def race(verb: str) -> None:
            if verb == "replace" and not raced:
                raced.append(1)
                api.held("quicker")

        api.before = race
        candidate.start()
        candidate.round()
        assert candidate.reports == []
        assert candidate.elector.holder == "quicker"

    def test_attempts_have_jitter(self, api: LeaseApi, clock: FakeClock) -> None:
        api.held("other")
        for rand, wait in ((0.0, 2.0), (1.0, 4.4)):
            candidate = Candidate(api, clock)
            candidate.elector._rand = lambda rand=rand: rand
            candidate.start()
            eventually(lambda wait=wait: clock.next_wake() == pytest.approx(wait))
            candidate.elector.abandon()

    @pytest.mark.promise("outages")
    def test_the_injected_wait_can_shorten_the_pause_between_attempts(self, api: LeaseApi, clock: FakeClock) -> None:
        api.held("other")
        pauses: list[float] = []
        ends = threading.Event()

        def wait(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 3:
                ends.set()
                raise Stopped("stopping")

        elector = LeaderElector(
            client=api,
            config=LeaderElectionConfig(namespace="ns", name="lock", identity="me"),
            wait=wait,
            clock=clock,
            rand=lambda: 0.0,
        )
        elector.start(on_started=lambda: None, on_lost=lambda: None)
        assert ends.wait(DEADLINE)
        elector.abandon()
        assert pauses == [2.0, 2.0, 2.0]
        assert api.calls == ["get"] * 3
