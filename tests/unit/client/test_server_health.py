"""Whether the API server is available, and which threads are woken when it returns."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise

import pytest

from controller.apimachinery.errors import (
    ApiError,
    ConnectionLost,
    MalformedAnswer,
    NotLeader,
    RequestTimeout,
    Stopped,
    status_error,
)
from controller.apimachinery.scope import Scope
from controller.client.serverhealth import ServerHealth
from tests.unit.fakes import FakeClock, eventually

REFUSED = ConnectionLost("connection refused")


def status(code: int, reason: str, message: str = "") -> ApiError:
    return status_error(code, {"kind": "Status", "reason": reason, "message": message})


@pytest.fixture
def health(clock: FakeClock) -> ServerHealth:
    return ServerHealth(clock=clock, rand=lambda: 0.5)


def outage(health: ServerHealth) -> None:
    """The server goes away, and the probe says so too."""
    health.judge(REFUSED)
    health.probe_failed()
    assert health.away


class Waiter:
    """Waits in a thread, and remembers whether it was woken."""

    def __init__(
        self, health: ServerHealth, seconds: float, *, since: int | None = None, at_least: float = 0.0
    ) -> None:
        self.woken: bool | None = None
        self.stopped = False
        self.scope = Scope()
        self._health = health
        self._arguments = (seconds, health.epoch if since is None else since, at_least)
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        seconds, since, at_least = self._arguments
        try:
            with self.scope.bound():
                self.woken = self._health.wait(seconds, since=since, at_least=at_least)
        except Stopped:
            self.stopped = True

    def ended(self) -> bool:
        return not self.thread.is_alive()


@contextmanager
def waiting(clock: FakeClock, health: ServerHealth, seconds: float, **arguments: float) -> Iterator[Waiter]:
    waiter = Waiter(health, seconds, **arguments)  # type: ignore[arg-type]
    try:
        eventually(lambda: clock.waiters() == 1 or waiter.ended())
        yield waiter
    finally:
        waiter.scope.cancel()
        waiter.thread.join(10)


class TestState:
    @pytest.mark.promise("outages")
    @pytest.mark.parametrize(
        "error",
        [
            REFUSED,
            RequestTimeout("no answer"),
            status(500, "InternalError"),
            status(503, "ServiceUnavailable"),
            status_error(502, "<html>bad gateway</html>"),
            status(429, "TooManyRequests", "storage is (re)initializing"),
        ],
    )
    def test_only_what_the_probe_confirms_is_an_outage(self, health: ServerHealth, error: ApiError) -> None:
        health.judge(error)
        assert not health.away
        health.probe_failed()
        assert health.away

    @pytest.mark.promise("outages")
    @pytest.mark.parametrize(
        "error",
        [
            status(403, "Forbidden"),
            status(401, "Unauthorized"),
            status_error(404, "404 page not found"),
            status(404, "NotFound"),
            status(409, "Conflict"),
            status(410, "Expired"),
            status(422, "Invalid"),
            status(500, "InternalError", 'failed calling webhook "a.example.com": timeout'),
            status(504, "Timeout", "Too large resource version: 99, current: 7"),
            MalformedAnswer("not JSON"),
            NotLeader("not the leader"),
            Stopped("stopping"),
        ],
    )
    def test_a_failure_of_one_request_alone_raises_no_doubt(self, health: ServerHealth, error: ApiError) -> None:
        health.judge(error)
        health.probe_failed()
        assert not health.away

    def test_a_success_ends_the_doubt_without_a_wake_up(self, health: ServerHealth) -> None:
        health.judge(REFUSED)
        health.judge(None)
        health.probe_failed()
        assert not health.away
        assert health.epoch == 0

    @pytest.mark.promise("outages")
    @pytest.mark.parametrize("answer", [None, status(404, "NotFound"), status(409, "Conflict"), status(410, "Expired")])
    def test_any_answer_of_a_server_that_is_well_ends_an_outage(
        self, health: ServerHealth, answer: ApiError | None
    ) -> None:
        outage(health)
        health.judge(answer)
        assert not health.away
        assert health.epoch == 1

    @pytest.mark.parametrize(
        "answer",
        [
            status(503, "ServiceUnavailable", "before all known HTTP paths have been installed"),
            status(403, "Forbidden"),
            status(401, "Unauthorized"),
            status_error(404, "404 page not found"),
            status(429, "TooManyRequests", "storage is (re)initializing"),
        ],
    )
    def test_refusals_of_a_starting_server_do_not_end_an_outage(self, health: ServerHealth, answer: ApiError) -> None:
        outage(health)
        health.judge(answer)
        assert health.away


class TestWaking:
    @pytest.mark.promise("outages")
    def test_a_waiter_is_woken_within_a_second_of_the_return(self, clock: FakeClock, health: ServerHealth) -> None:
        outage(health)
        with waiting(clock, health, 45.0) as waiter:
            health.answered()
            eventually(lambda: clock.next_wake() == pytest.approx(0.5))
            clock.advance(0.5)
            eventually(waiter.ended)
        assert waiter.woken is True

    def test_a_wait_that_ends_sooner_is_not_made_longer(self, clock: FakeClock, health: ServerHealth) -> None:
        outage(health)
        with waiting(clock, health, 0.2) as waiter:
            health.answered()
            clock.advance(0.2)
            eventually(waiter.ended)

    def test_a_retry_after_is_waited_for_in_full(self, clock: FakeClock, health: ServerHealth) -> None:
        outage(health)
        with waiting(clock, health, 45.0, at_least=7.0) as waiter:
            health.answered()
            eventually(lambda: clock.next_wake() == pytest.approx(7.0))
            clock.advance(7.0)
            eventually(waiter.ended)
        assert waiter.woken is True

    @pytest.mark.promise("outages")
    def test_a_request_that_failed_across_the_return_does_not_wait_for_the_next_one(
        self, clock: FakeClock, health: ServerHealth
    ) -> None:
        before = health.epoch
        outage(health)
        health.answered()
        with waiting(clock, health, 45.0, since=before) as waiter:
            assert clock.next_wake() == pytest.approx(0.5)
            clock.advance(0.5)
            eventually(waiter.ended)
        assert waiter.woken is True

    def test_without_a_return_a_wait_takes_its_full_time(self, clock: FakeClock, health: ServerHealth) -> None:
        with waiting(clock, health, 45.0) as waiter:
            health.judge(REFUSED)
            health.judge(None)
            clock.advance(44.9)
            assert not waiter.ended()
            clock.advance(0.2)
            eventually(waiter.ended)
        assert waiter.woken is False

    def test_a_stop_interrupts_a_wait(self, clock: FakeClock, health: ServerHealth) -> None:
        with waiting(clock, health, 45.0) as waiter:
            waiter.scope.cancel()
            eventually(waiter.ended)
        assert waiter.stopped

    @pytest.mark.promise("outages")
    def test_a_thousand_waiters_spread_over_the_second(self, clock: FakeClock) -> None:
        health = ServerHealth(clock=clock)
        before = health.epoch
        outage(health)
        health.answered()
        waits = []
        for _ in range(20):
            with waiting(clock, health, 45.0, since=before):
                waits.append(clock.next_wake())
        assert all(wait is not None and 0 <= wait <= 1 for wait in waits)
        assert len(set(waits)) > 10

    def test_subscribers_are_called_at_each_return(self, clock: FakeClock, health: ServerHealth) -> None:
        calls: list[int] = []
        health.subscribe(lambda: calls.append(health.epoch))
        for _ in range(2):
            outage(health)
            clock.advance(60)
            health.answered()
            health.answered()
        assert calls == [1, 2]


class TestRelapses:
    """A server that answers one request and fails the next does not get requests at full speed."""

    @pytest.mark.promise("outages")
    def test_the_pause_between_two_wake_ups_doubles_up_to_ten_seconds(
        self, clock: FakeClock, health: ServerHealth
    ) -> None:
        wakes = []
        for _ in range(600):
            outage(health)
            before = health.epoch
            health.answered()
            if health.epoch != before:
                wakes.append(clock.now())
            clock.advance(0.1)
        assert [b - a for a, b in pairwise(wakes)] == pytest.approx([1, 2, 4, 8, 10, 10, 10, 10], abs=0.2)

    @pytest.mark.promise("outages")
    def test_ten_outages_of_twelve_seconds_each_end_with_a_wake_up(
        self, clock: FakeClock, health: ServerHealth
    ) -> None:
        for number in range(1, 11):
            outage(health)
            clock.advance(12)
            health.answered()
            assert health.epoch == number

    def test_a_minute_without_a_wake_up_resets_the_pauses(self, clock: FakeClock, health: ServerHealth) -> None:
        for _ in range(5):
            outage(health)
            health.answered()
            clock.advance(11)
        clock.advance(61)
        outage(health)
        health.answered()
        clock.advance(1)
        before = health.epoch
        outage(health)
        health.answered()
        assert health.epoch == before + 1

    @pytest.mark.promise("outages")
    def test_a_wake_up_that_came_too_soon_is_given_later(self, clock: FakeClock, health: ServerHealth) -> None:
        calls: list[float] = []
        health.subscribe(lambda: calls.append(clock.now()))
        scope = Scope()

        def prober() -> None:
            with scope.bound(), pytest.raises(Stopped):
                health.wait_for_doubt()

        thread = threading.Thread(target=prober)
        began = clock.now()
        outage(health)
        health.answered()
        outage(health)
        health.answered()
        assert calls == [began]
        thread.start()
        try:
            eventually(lambda: clock.next_wake() == pytest.approx(1.0))
            clock.advance(1.0)
            eventually(lambda: len(calls) == 2)
        finally:
            scope.cancel()
            thread.join(10)
        assert calls == [began, began + 1.0]

    def test_a_delayed_wake_up_is_not_given_during_the_next_outage(
        self, clock: FakeClock, health: ServerHealth
    ) -> None:
        outage(health)
        health.answered()
        outage(health)
        health.answered()
        outage(health)
        clock.advance(5)
        health.wait_for_doubt()
        assert health.epoch == 1
        health.answered()
        assert health.epoch == 2
