"""One leader at a time: acquiring, renewing, losing and releasing a lease, on clocks moved by hand."""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controller.apimachinery.errors import ApiError, ConnectionLost, RequestTimeout, Stopped, status_error
from controller.apimachinery.scope import current_scope
from controller.leaderelection import LeaderElectionConfig, LeaderElector
from controller.metrics import Registry
from tests.unit.fakes import DEADLINE, FakeClock, eventually
from tests.unit.measured import measured

WALL = datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC)
CONFLICT = status_error(409, {"kind": "Status", "reason": "Conflict", "message": "changed"})
GONE = status_error(404, {"kind": "Status", "reason": "NotFound", "message": "no lease"})


class LeaseApi:
    """One Lease with optimistic concurrency; `fail` and `before` change the outcome of requests."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.lease: dict[str, Any] | None = None
        self.version = 0
        self.calls: list[str] = []
        self.fail: dict[str, list[ApiError]] = {"get": [], "create": [], "replace": []}
        self.broken: ApiError | None = None
        self.before: Callable[[str], None] = lambda verb: None

    def get(self, resource: Any, name: str, *, namespace: str = "") -> dict[str, Any]:
        self._begin("get")
        with self.lock:
            if self.lease is None:
                raise GONE
            return copy.deepcopy(self.lease)

    def create(self, resource: Any, obj: dict[str, Any], *, namespace: str = "") -> dict[str, Any]:
        self._begin("create")
        with self.lock:
            if self.lease is not None:
                raise status_error(409, {"kind": "Status", "reason": "AlreadyExists"})
            return self._store(obj)

    def replace(self, resource: Any, name: str, obj: dict[str, Any], *, namespace: str = "") -> dict[str, Any]:
        self._begin("replace")
        with self.lock:
            if self.lease is None:
                raise GONE
            if obj["metadata"]["resourceVersion"] != self.lease["metadata"]["resourceVersion"]:
                raise CONFLICT
            return self._store(obj)

    def held(self, holder: str, *, duration: int = 15, transitions: int = 3, renewed: str = "") -> None:
        """Another process wrote the lease."""
        spec = {
            "holderIdentity": holder,
            "leaseDurationSeconds": duration,
            "acquireTime": "2020-01-01T00:00:00.000000Z",
            "renewTime": renewed or "2020-01-01T00:00:00.000000Z",
            "leaseTransitions": transitions,
        }
        with self.lock:
            self._store({"metadata": {"name": "lock", "namespace": "ns"}, "spec": spec})

    @property
    def spec(self) -> dict[str, Any]:
        assert self.lease is not None
        return self.lease["spec"]

    def _begin(self, verb: str) -> None:
        self.calls.append(verb)
        self.before(verb)
        if self.broken is not None:
            raise self.broken
        if self.fail[verb]:
            raise self.fail[verb].pop(0)

    def _store(self, obj: dict[str, Any]) -> dict[str, Any]:
        self.version += 1
        self.lease = copy.deepcopy(obj)
        self.lease["metadata"]["resourceVersion"] = str(self.version)
        return copy.deepcopy(self.lease)


class Candidate:
    """An elector with its own clock, and the calls that it made."""

    def __init__(self, api: LeaseApi, clock: FakeClock, identity: str = "me", *, skew: float = 0.0) -> None:
        self.api = api
        self.clock = clock
        self.registry = Registry()
        self.reports: list[str] = []
        start = clock.now()
        self.elector = LeaderElector(
            client=api,
            config=LeaderElectionConfig(namespace="ns", name="lock", identity=identity),
            registry=self.registry,
            clock=clock,
            now=lambda: WALL + timedelta(seconds=clock.now() - start + skew),
            rand=lambda: 0.0,
        )

    def shows_leading(self) -> bool:
        return measured(self.registry, "leader_election_master_status", name="lock") == 1

    def slow_renewals(self) -> float:
        return measured(self.registry, "leader_election_slowpath_total", name="lock")

    def start(self) -> Candidate:
        self.elector.start(
            on_started=lambda: self.reports.append("started"), on_lost=lambda: self.reports.append("lost")
        )
        return self

    def idle(self) -> None:
        """Wait until it waits for its next attempt."""
        eventually(lambda: self.clock.waiters() >= 1)

    def round(self, seconds: float = 2.0) -> None:
        """Let time pass and the attempt that is due then happen."""
        self.idle()
        before = len(self.api.calls)
        self.clock.advance(seconds)
        eventually(lambda: len(self.api.calls) > before or "lost" in self.reports)
        eventually(lambda: self.clock.waiters() >= 1 or "lost" in self.reports)

    def lead(self) -> Candidate:
        self.start()
        eventually(lambda: self.reports == ["started"])
        self.idle()
        return self


@pytest.fixture
def api() -> LeaseApi:
    return LeaseApi()


@pytest.fixture
def candidate(api: LeaseApi, clock: FakeClock) -> Iterator[Candidate]:
    candidate = Candidate(api, clock)
    yield candidate
    candidate.elector.abandon()


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
        assert candidate.shows_leading()
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


class TestConfiguration:
    @pytest.mark.promise("leader election")
    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"identity": ""}, "identity"),
            ({"name": ""}, "name"),
            ({"lease_duration": 10.0}, "must exceed the renew deadline"),
            ({"renew_deadline": 2.4}, "must exceed 1.2 times the retry period"),
            ({"retry_period": 0.0}, "greater than zero"),
            ({"lease_duration": -1.0}, "greater than zero"),
        ],
    )
    def test_durations_that_do_not_fit_together_are_refused_with_the_reason(
        self, changes: dict[str, Any], words: str
    ) -> None:
        arguments: dict[str, Any] = {"namespace": "ns", "name": "lock", "identity": "me"}
        with pytest.raises(ValueError, match=words):
            LeaderElectionConfig(**(arguments | changes))

    @pytest.mark.promise("leader election")
    @pytest.mark.parametrize(("deadline", "timeout"), [(10.0, 5.0), (1.5, 1.0)])
    def test_a_request_may_take_half_of_the_renew_deadline(self, deadline: float, timeout: float) -> None:
        config = LeaderElectionConfig(
            namespace="ns", name="lock", identity="me", renew_deadline=deadline, retry_period=0.5
        )
        assert config.request_timeout == timeout
