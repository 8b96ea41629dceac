"""The measurements of a queue."""

from __future__ import annotations

import pytest

from controller.metrics import Registry
from controller.workqueue import RateLimitingQueue
from tests.unit.fakes import FakeClock


class Measured:
    """What the metrics show about the queue."""

    def __init__(self) -> None:
        self.registry = Registry()

    def value(self, series: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(series, {"name": "test", "controller": "test", **labels})

    def adds(self) -> float | None:
        return self.value("workqueue_adds_total")

    def retries(self) -> float | None:
        return self.value("workqueue_retries_total")

    def depth(self) -> float | None:
        return self.value("workqueue_depth", priority="")

    def unfinished(self) -> float | None:
        return self.value("workqueue_unfinished_work_seconds")

    def longest_running(self) -> float | None:
        return self.value("workqueue_longest_running_processor_seconds")

    def queued(self) -> tuple[float | None, float | None]:
        """How many keys were taken, and how many seconds they had waited."""
        return self.value("workqueue_queue_duration_seconds_count"), self.value("workqueue_queue_duration_seconds_sum")

    def worked(self) -> tuple[float | None, float | None]:
        """How many keys were processed, and in how many seconds."""
        return self.value("workqueue_work_duration_seconds_count"), self.value("workqueue_work_duration_seconds_sum")


@pytest.fixture
def metrics() -> Measured:
    return Measured()


@pytest.fixture
def queue(clock: FakeClock, metrics: Measured) -> RateLimitingQueue:
    return RateLimitingQueue(name="test", registry=metrics.registry, clock=clock)


def test_every_series_of_a_queue_shows_zero_at_first(queue: RateLimitingQueue, metrics: Measured) -> None:
    gauges = (metrics.depth(), metrics.unfinished(), metrics.longest_running())
    assert (metrics.adds(), metrics.retries(), *gauges) == (0, 0, 0, 0, 0)
    assert metrics.queued() == metrics.worked() == (0, 0)


def test_only_effective_adds_are_counted(queue: RateLimitingQueue, metrics: Measured) -> None:
    queue.add("a")
    queue.add("a")
    assert metrics.adds() == 1
    queue.get()
    queue.add("a")
    queue.add("a")
    assert metrics.adds() == 2
    queue.shutdown()
    queue.add("b")
    assert metrics.adds() == 2


def test_depth_is_the_number_of_ready_keys(queue: RateLimitingQueue, metrics: Measured, clock: FakeClock) -> None:
    queue.add("a")
    queue.add_after("b", 5)
    assert metrics.depth() == 1
    clock.advance(5)
    assert metrics.depth() == 2, "a delayed key counts from the moment it is due"
    queue.get()
    assert metrics.depth() == 1


def test_waiting_and_working_times_are_measured(queue: RateLimitingQueue, metrics: Measured, clock: FakeClock) -> None:
    queue.add("a")
    clock.advance(3)
    queue.get()
    clock.advance(4)
    queue.done("a")
    assert metrics.queued() == (1, 3)
    assert metrics.worked() == (1, 4)


def test_a_delayed_key_waits_from_when_it_is_due(queue: RateLimitingQueue, metrics: Measured, clock: FakeClock) -> None:
    queue.add_after("a", 5)
    clock.advance(7)
    queue.get()
    assert metrics.queued() == (1, 2)


def test_a_key_added_while_processed_waits_from_its_add(
    queue: RateLimitingQueue, metrics: Measured, clock: FakeClock
) -> None:
    queue.add("a")
    queue.get()
    queue.add("a")
    clock.advance(6)
    queue.done("a")
    queue.get()
    assert metrics.queued() == (2, 6)


def test_the_ages_of_unfinished_keys_are_reported(
    queue: RateLimitingQueue, metrics: Measured, clock: FakeClock
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


def test_delayed_and_rate_limited_adds_are_retries(queue: RateLimitingQueue, metrics: Measured) -> None:
    queue.add("a")
    queue.add_after("b", 1)
    queue.add_after("c", 0)
    queue.add_rate_limited("d")
    assert metrics.retries() == 3


def test_metrics_continue_while_a_shut_down_queue_is_drained(
    queue: RateLimitingQueue, metrics: Measured, clock: FakeClock
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
    assert metrics.worked() == (1, 2)
    assert metrics.unfinished() == 0
