"""Delayed keys can be hastened, spread over some seconds."""

from __future__ import annotations

import pytest

from controller.workqueue import RateLimitingQueue
from tests.unit.fakes import DEADLINE, FakeClock, eventually
from tests.unit.workqueue.workers import start, take


class TestHastening:
    """`hasten`: the cause of the delays is gone."""

    @pytest.mark.promise("outages")
    def test_delayed_keys_come_one_after_another_in_the_order_of_their_times(
        self, queue: RateLimitingQueue, clock: FakeClock
    ) -> None:
        for key, delay in (("c", 50), ("a", 10), ("b", 40)):
            queue.add_after(key, delay)
        queue.hasten()
        assert take(queue) == "a"
        assert len(queue) == 0
        clock.advance(0.01)
        assert [take(queue), take(queue)] == ["b", "c"]

    @pytest.mark.promise("outages")
    def test_a_thousand_hastened_keys_are_ready_within_five_seconds(
        self, queue: RateLimitingQueue, clock: FakeClock
    ) -> None:
        for number in range(1000):
            queue.add_after(str(number), 60)
        queue.hasten()
        assert len(queue) == 1
        clock.advance(2.5)
        assert 490 < len(queue) < 510
        clock.advance(2.5)
        assert len(queue) == 1000

    def test_hasten_does_not_delay_keys_that_are_due_sooner(self, queue: RateLimitingQueue, clock: FakeClock) -> None:
        for number in range(100):
            queue.add_after(str(number), 0.001)
        queue.hasten()
        clock.advance(0.001)
        assert len(queue) == 100

    def test_hasten_resets_the_back_off(self, queue: RateLimitingQueue) -> None:
        for _ in range(10):
            queue.add_rate_limited("a")
        queue.hasten()
        assert queue.num_requeues("a") == 0

    def test_a_waiting_worker_gets_the_first_hastened_key_at_once(
        self, queue: RateLimitingQueue, clock: FakeClock
    ) -> None:
        queue.add_after("a", 60)
        got: list[str | None] = []
        worker = start(lambda: got.append(queue.get()))
        eventually(lambda: clock.waiters() == 1)
        queue.hasten()
        worker.join(DEADLINE)
        assert got == ["a"]

    @pytest.mark.promise("outages")
    def test_a_key_in_processing_during_hasten_is_retried_soon_if_it_fails(
        self, queue: RateLimitingQueue, clock: FakeClock
    ) -> None:
        for _ in range(15):
            queue.add_rate_limited("a")
        clock.advance(3600)
        assert take(queue) == "a"
        clock.advance(1)
        queue.hasten()
        queue.add_rate_limited("a")
        queue.done("a")
        clock.advance(0.01)
        assert take(queue) == "a"
        queue.add_rate_limited("a")
        queue.done("a")
        clock.advance(0.01)
        assert len(queue) == 0, "from then on it waits as any other"

    def test_a_queue_that_is_shutting_down_ignores_hasten(self, queue: RateLimitingQueue) -> None:
        queue.add_after("a", 60)
        queue.shutdown()
        queue.hasten()
        assert queue.get() is None
