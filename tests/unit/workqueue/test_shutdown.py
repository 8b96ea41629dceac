"""A shutdown or a drain lets the workers finish."""

from __future__ import annotations

import pytest

from controller.workqueue import RateLimitingQueue, Snapshot
from tests.unit.fakes import DEADLINE, FakeClock, eventually
from tests.unit.workqueue.workers import start, take


class TestShutdown:
    @pytest.mark.promise("workers")
    def test_workers_finish_the_backlog_and_then_see_the_end(self, queue: RateLimitingQueue) -> None:
        queue.add("a")
        queue.add("b")
        queue.shutdown()
        assert [take(queue), take(queue), queue.get()] == ["a", "b", None]

    def test_adds_of_any_kind_are_ignored_afterwards(self, queue: RateLimitingQueue, clock: FakeClock) -> None:
        queue.add_after("delayed before", 1)
        queue.shutdown()
        queue.add("a")
        queue.add_after("b", 0)
        queue.add_after("c", 1)
        queue.add_rate_limited("d")
        clock.advance(100)
        assert queue.get() is None
        assert queue.snapshot() == Snapshot(ready=(), delayed=(), processing=())

    def test_every_waiting_worker_is_released(self, queue: RateLimitingQueue, clock: FakeClock) -> None:
        workers = [start(queue.get) for _ in range(3)]
        eventually(lambda: clock.sleepers() == 3)
        queue.shutdown()
        for worker in workers:
            worker.join(DEADLINE)
            assert not worker.is_alive()

    def test_a_drain_waits_until_keys_in_processing_are_done(self, queue: RateLimitingQueue, clock: FakeClock) -> None:
        queue.add("a")
        take(queue)
        drained: list[bool] = []
        drain = start(lambda: drained.append(queue.shutdown_with_drain()))
        eventually(lambda: clock.sleepers() == 1)
        assert not drained
        queue.done("a")
        drain.join(DEADLINE)
        assert drained == [True]

    def test_a_drain_settles_the_doubts_of_before(self, queue: RateLimitingQueue, clock: FakeClock) -> None:
        queue.add("a")
        take(queue)
        queue.add("a", unless=lambda: False)
        drained: list[bool] = []
        drain = start(lambda: drained.append(queue.shutdown_with_drain()))
        eventually(lambda: clock.sleepers() == 1)
        queue.add("a", unless=lambda: False)
        queue.done("a")
        assert not drained
        assert take(queue) == "a"
        queue.done("a")
        drain.join(DEADLINE)
        assert drained == [True]

    def test_a_drain_waits_for_a_backlog_that_no_worker_has_taken_yet(
        self, queue: RateLimitingQueue, clock: FakeClock
    ) -> None:
        queue.add("a")
        drained: list[bool] = []
        drain = start(lambda: drained.append(queue.shutdown_with_drain()))
        eventually(lambda: clock.sleepers() == 1)
        assert take(queue) == "a"
        queue.done("a")
        drain.join(DEADLINE)
        assert drained == [True]

    @pytest.mark.promise("workers")
    def test_a_drain_waits_for_a_key_that_was_added_while_processed(
        self, queue: RateLimitingQueue, clock: FakeClock
    ) -> None:
        queue.add("a")
        take(queue)
        queue.add("a")
        drained: list[bool] = []
        drain = start(lambda: drained.append(queue.shutdown_with_drain()))
        eventually(lambda: clock.sleepers() == 1)
        queue.done("a")
        assert take(queue) == "a"
        assert not drained
        queue.done("a")
        drain.join(DEADLINE)
        assert drained == [True]

    @pytest.mark.promise("workers")
    def test_a_shutdown_breaks_a_drain(self, queue: RateLimitingQueue, clock: FakeClock) -> None:
        queue.add("a")
        take(queue)
        drained: list[bool] = []
        drain = start(lambda: drained.append(queue.shutdown_with_drain()))
        eventually(lambda: clock.sleepers() == 1)
        queue.shutdown()
        drain.join(DEADLINE)
        assert drained == [False]

    def test_a_drain_ends_after_its_timeout(self, queue: RateLimitingQueue, clock: FakeClock) -> None:
        queue.add("a")
        take(queue)
        drained: list[bool] = []
        drain = start(lambda: drained.append(queue.shutdown_with_drain(30)))
        eventually(lambda: clock.waiters() == 1)
        clock.advance(30)
        drain.join(DEADLINE)
        assert drained == [False]
