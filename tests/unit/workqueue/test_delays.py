"""Keys can be added after a delay, or after their back-off."""

from __future__ import annotations

import pytest

from controller.workqueue import RateLimitingQueue
from tests.unit.fakes import DEADLINE, FakeClock, eventually
from tests.unit.workqueue.workers import start, take


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
