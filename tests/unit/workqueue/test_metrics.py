"""The measurements of a queue."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from controller.workqueue import RateLimitingQueue
from tests.unit.fakes import FakeClock


class Recorded:
    def __init__(self) -> None:
        self.adds = 0
        self.retries = 0
        self.queue_seconds: list[float] = []
        self.work_seconds: list[float] = []

    def added(self) -> None:
        self.adds += 1

    def retried(self) -> None:
        self.retries += 1

    def taken(self, queue_seconds: float) -> None:
        self.queue_seconds.append(queue_seconds)

    def finished(self, work_seconds: float) -> None:
        self.work_seconds.append(work_seconds)

    def observe(
        self, *, depth: Callable[[], float], unfinished: Callable[[], float], longest_running: Callable[[], float]
    ) -> None:
        self.depth, self.unfinished, self.longest_running = depth, unfinished, longest_running


@pytest.fixture
def metrics() -> Recorded:
    return Recorded()


@pytest.fixture
def queue(clock: FakeClock, metrics: Recorded) -> RateLimitingQueue:
    return RateLimitingQueue(name="test", metrics=metrics, clock=clock)


def test_only_adds_that_make_a_key_dirty_are_counted(queue: RateLimitingQueue, metrics: Recorded) -> None:
    queue.add("a")
    queue.add("a")
    assert metrics.adds == 1
    queue.get()
    queue.add("a")
    queue.add("a")
    assert metrics.adds == 2
    queue.shutdown()
    queue.add("b")
    assert metrics.adds == 2


def test_depth_is_the_number_of_ready_keys(queue: RateLimitingQueue, metrics: Recorded, clock: FakeClock) -> None:
    queue.add("a")
    queue.add_after("b", 5)
    assert metrics.depth() == 1
    clock.advance(5)
    assert metrics.depth() == 2, "a delayed key counts from the moment it is due"
    queue.get()
    assert metrics.depth() == 1


def test_waiting_and_working_times_are_measured(queue: RateLimitingQueue, metrics: Recorded, clock: FakeClock) -> None:
    queue.add("a")
    clock.advance(3)
    queue.get()
    clock.advance(4)
    queue.done("a")
    assert metrics.queue_seconds == [3]
    assert metrics.work_seconds == [4]


def test_a_delayed_key_waits_from_when_it_is_due(queue: RateLimitingQueue, metrics: Recorded, clock: FakeClock) -> None:
    queue.add_after("a", 5)
    clock.advance(7)
    queue.get()
    assert metrics.queue_seconds == [2]


def test_a_key_added_while_processed_waits_from_its_add(
    queue: RateLimitingQueue, metrics: Recorded, clock: FakeClock
) -> None:
    queue.add("a")
    queue.get()
    queue.add("a")
    clock.advance(6)
    queue.done("a")
    queue.get()
    assert metrics.queue_seconds == [0, 6]


def test_the_ages_of_unfinished_keys_are_reported(
    queue: RateLimitingQueue, metrics: Recorded, clock: FakeClock
) -> None:
    assert (metrics.unfinished(), metrics.longest_running()) == (0, 0)
    queue.add("a")
    queue.add("b")
    queue.get()
    clock.advance(10)
    queue.get()
    clock.advance(1)
    assert (metrics.unfinished(), metrics.longest_running()) == (12, 11)
    queue.done("a")
    assert (metrics.unfinished(), metrics.longest_running()) == (1, 1)


def test_delayed_and_rate_limited_adds_are_retries(queue: RateLimitingQueue, metrics: Recorded) -> None:
    queue.add("a")
    queue.add_after("b", 1)
    queue.add_after("c", 0)
    queue.add_rate_limited("d")
    assert metrics.retries == 3


def test_metrics_continue_while_a_shut_down_queue_is_drained(
    queue: RateLimitingQueue, metrics: Recorded, clock: FakeClock
) -> None:
    queue.add("a")
    queue.shutdown()
    clock.advance(1)
    assert metrics.depth() == 1
    queue.get()
    assert metrics.depth() == 0
    clock.advance(2)
    assert metrics.unfinished() == 2
    queue.done("a")
    assert metrics.work_seconds == [2]
    assert metrics.unfinished() == 0
