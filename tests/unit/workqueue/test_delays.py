"""Keys can be added after a delay, or after their back-off."""

from __future__ import annotations

import threading
from collections.abc import Iterable

import pytest

from controller.apimachinery.clock import MonotonicClock
from controller.workqueue import RateLimitingQueue
from tests.unit.fakes import DEADLINE, FakeClock, eventually
from tests.unit.workqueue.workers import start, take


class _SlowWake(MonotonicClock):
    """A minute passes before the first thread that is woken has the lock."""

    def __init__(self) -> None:
        self.sleepers = 0
        self._passed = 0.0

    def now(self) -> float:
        return super().now() + self._passed

    def wait_until(self, condition: threading.Condition, deadline: float | None) -> None:
        self.sleepers += 1
        super().wait_until(condition, deadline)
        self._passed = 60.0


class TestDelays:
    def test_a_delayed_key_is_ready_when_its_time_has_come_and_not_before(
        self, queue: RateLimitingQueue, clock: FakeClock
    ) -> None:
        queue.add_after("a", 5)
        clock.advance(4.9)
        assert len(queue) == 0
        clock.advance(0.1)
        assert len(queue) == 1

    def test_a_worker_waiting_in_get_wakes_for_a_delayed_key(self, queue: RateLimitingQueue, clock: FakeClock) -> None:
        got: list[str | None] = []
        worker = start(lambda: got.append(queue.get()))
        eventually(lambda: clock.next_wake() == 10)
        queue.add_after("a", 5)
        eventually(lambda: clock.next_wake() == 5)
        clock.advance(5)
        worker.join(DEADLINE)
        assert got == ["a"]

    def test_one_worker_waits_for_the_next_delayed_key_and_the_others_until_they_are_needed(
        self, queue: RateLimitingQueue, clock: FakeClock
    ) -> None:
        queue.add_after("a", 5)
        workers = [start(queue.get) for _ in range(4)]
        eventually(lambda: clock.sleepers() == 4)
        assert (clock.waiters(), clock.next_wake()) == (1, 5)
        _end(queue, workers)

    def test_while_a_worker_has_a_delayed_key_another_one_waits_for_the_next(self) -> None:
        queue = RateLimitingQueue(name="test")
        got: list[str | None] = []
        workers = [start(lambda: got.append(queue.get())) for _ in range(3)]
        for number, key in enumerate(("a", "b", "c"), start=1):
            queue.add_after(key, 0.01 * number)
        try:
            eventually(lambda: sorted(map(str, got)) == ["a", "b", "c"])
        finally:
            _end(queue, workers)

    def test_a_key_that_is_due_by_the_time_that_a_worker_comes_for_another_one_has_a_worker_too(self) -> None:
        clock = _SlowWake()
        queue = RateLimitingQueue(name="test", clock=clock)
        got: list[str | None] = []
        queue.add_after("due", 50)
        workers = [start(lambda: got.append(queue.get())) for _ in range(2)]
        try:
            eventually(lambda: clock.sleepers == 2)
            queue.add("added")
            eventually(lambda: sorted(map(str, got)) == ["added", "due"])
        finally:
            _end(queue, workers)

    def test_a_worker_that_waits_for_a_later_key_is_in_time_for_an_earlier_one(
        self, queue: RateLimitingQueue, clock: FakeClock
    ) -> None:
        queue.add_after("later", 9)
        workers = [start(queue.get) for _ in range(2)]
        eventually(lambda: clock.sleepers() == 2)
        queue.add_after("earlier", 2)
        eventually(lambda: clock.next_wake() == 2)
        _end(queue, workers)

    def test_the_worker_that_delays_its_own_key_waits_for_it_itself(
        self, queue: RateLimitingQueue, clock: FakeClock
    ) -> None:
        queue.add("a")
        take(queue)
        other = start(queue.get)
        eventually(lambda: clock.next_wake() == 10)
        queue.add_after("a", 2)
        assert clock.next_wake() == 10
        queue.done("a")
        worker = start(queue.get)
        eventually(lambda: clock.next_wake() == 2)
        _end(queue, [other, worker])

    @pytest.mark.parametrize("seconds", [0, -1])
    def test_no_delay_adds_at_once(self, queue: RateLimitingQueue, seconds: float) -> None:
        queue.add_after("a", seconds)
        assert len(queue) == 1

    @pytest.mark.promise("workers")
    @pytest.mark.parametrize("delays", [(5, 50), (50, 5), (5, 50, 5)])
    def test_of_several_delays_for_a_key_the_earliest_counts_once(
        self, queue: RateLimitingQueue, clock: FakeClock, delays: tuple[float, ...]
    ) -> None:
        for delay in delays:
            queue.add_after("a", delay)
        clock.advance(5)
        assert take(queue) == "a"
        queue.done("a")
        clock.advance(100)
        assert len(queue) == 0, "the later one was a leftover"

    def test_delayed_keys_become_ready_in_the_order_of_their_times(
        self, queue: RateLimitingQueue, clock: FakeClock
    ) -> None:
        for key, delay in (("c", 3), ("a", 1), ("b", 2)):
            queue.add_after(key, delay)
        clock.advance(3)
        assert [take(queue) for _ in range(3)] == ["a", "b", "c"]

    def test_a_delayed_key_that_is_waiting_already_is_not_doubled(
        self, queue: RateLimitingQueue, clock: FakeClock
    ) -> None:
        queue.add_after("a", 5)
        queue.add("a")
        clock.advance(5)
        assert len(queue) == 1

    def test_a_delay_during_processing_waits_for_done(self, queue: RateLimitingQueue, clock: FakeClock) -> None:
        queue.add("a")
        take(queue)
        queue.add_after("a", 5)
        clock.advance(5)
        assert len(queue) == 0
        queue.done("a")
        assert len(queue) == 1


class TestRateLimits:
    def test_a_failing_key_waits_longer_each_time_until_forgotten(
        self, queue: RateLimitingQueue, clock: FakeClock
    ) -> None:
        for seconds in (1, 2, 3):
            queue.add_rate_limited("a")
            clock.advance(seconds - 0.1)
            assert len(queue) == 0
            clock.advance(0.1)
            queue.done(take(queue) or "")
        assert queue.num_requeues("a") == 3
        queue.forget("a")
        assert queue.num_requeues("a") == 0
        queue.add_rate_limited("a")
        clock.advance(1)
        assert len(queue) == 1

    @pytest.mark.promise("workers")
    def test_plain_adds_are_not_limited(self, queue: RateLimitingQueue) -> None:
        for n in range(1000):
            queue.add(f"k{n}")
        assert len(queue) == 1000
        assert queue.num_requeues("k1") == 0


def _end(queue: RateLimitingQueue, workers: Iterable[threading.Thread]) -> None:
    queue.shutdown()
    for worker in workers:
        worker.join(DEADLINE)
