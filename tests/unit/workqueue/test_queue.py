"""The queue: no key is processed twice at once, and no added key is lost."""

from __future__ import annotations

import gc
import threading
import weakref
from collections import Counter

import pytest

from controller.workqueue import RateLimitingQueue, Snapshot
from tests.unit.fakes import DEADLINE, FakeClock, eventually


class FixedLimiter:
    """Every failure waits a second longer than the one before."""

    def __init__(self) -> None:
        self.failures: Counter[str] = Counter()

    def when(self, key: str) -> float:
        self.failures[key] += 1
        return float(self.failures[key])

    def forget(self, key: str) -> None:
        del self.failures[key]

    def num_requeues(self, key: str) -> int:
        return self.failures[key]


@pytest.fixture
def queue(clock: FakeClock) -> RateLimitingQueue:
    return RateLimitingQueue(name="test", limiter=FixedLimiter(), clock=clock)


def take(queue: RateLimitingQueue) -> str | None:
    """The next key, which must be there."""
    assert len(queue) or queue.shutting_down, "get would block"
    return queue.get()


def start(target: object) -> threading.Thread:
    thread = threading.Thread(target=target)  # type: ignore[arg-type]
    thread.start()
    return thread


def test_keys_come_out_in_the_order_they_went_in(queue: RateLimitingQueue) -> None:
    for key in "bac":
        queue.add(key)
    assert [take(queue) for _ in range(3)] == ["b", "a", "c"]


def test_a_key_added_twice_before_processing_is_processed_once(queue: RateLimitingQueue) -> None:
    queue.add("a")
    queue.add("a")
    assert len(queue) == 1
    assert take(queue) == "a"
    queue.done("a")
    assert len(queue) == 0


@pytest.mark.promise("workers")
def test_a_key_added_while_processed_is_queued_once_more_when_done(queue: RateLimitingQueue) -> None:
    queue.add("a")
    take(queue)
    queue.add("a")
    queue.add("a")
    assert len(queue) == 0, "two workers would have it at once"
    queue.done("a")
    assert len(queue) == 1
    take(queue)
    queue.done("a")
    assert len(queue) == 0


def test_a_key_that_is_done_can_be_added_again(queue: RateLimitingQueue) -> None:
    for _ in range(2):
        queue.add("a")
        assert take(queue) == "a"
        queue.done("a")


def test_done_for_a_key_that_no_worker_has_changes_nothing(queue: RateLimitingQueue) -> None:
    queue.add("a")
    queue.done("a")
    assert len(queue) == 1


def test_get_waits_for_a_key(queue: RateLimitingQueue, clock: FakeClock) -> None:
    got: list[str | None] = []
    worker = start(lambda: got.append(queue.get()))
    eventually(lambda: clock.sleepers() == 1)
    queue.add("a")
    worker.join(DEADLINE)
    assert got == ["a"]


@pytest.mark.promise("workers")
def test_a_waiting_worker_looks_again_after_ten_seconds(queue: RateLimitingQueue, clock: FakeClock) -> None:
    queue.add_after("later", 25)
    worker = start(queue.get)
    for _ in range(2):
        eventually(lambda: clock.next_wake() == 10)
        clock.advance(10)
    eventually(lambda: clock.next_wake() == 5)
    queue.shutdown()
    worker.join(DEADLINE)


@pytest.mark.promise("workers")
def test_many_producers_and_consumers_lose_nothing_and_never_share_a_key() -> None:
    queue = RateLimitingQueue(name="test")
    keys = [f"k{n}" for n in range(20)]
    # The newest version of each key that was added, and that a consumer has seen.
    added, seen = dict.fromkeys(keys, 0), dict.fromkeys(keys, 0)
    busy: Counter[str] = Counter()
    shared: list[str] = []
    lock = threading.Lock()

    def produce() -> None:
        for n in range(400):
            key = keys[n % len(keys)]
            with lock:
                added[key] += 1
            queue.add(key)

    def consume() -> None:
        while (key := queue.get()) is not None:
            with lock:
                busy[key] += 1
                if busy[key] > 1:
                    shared.append(key)
                version = added[key]
            with lock:
                seen[key] = max(seen[key], version)
                busy[key] -= 1
            queue.done(key)

    consumers = [start(consume) for _ in range(4)]
    producers = [start(produce) for _ in range(4)]
    for producer in producers:
        producer.join(DEADLINE)
    assert queue.shutdown_with_drain(DEADLINE)
    for consumer in consumers:
        consumer.join(DEADLINE)
    assert not shared
    assert seen == added


def test_taken_keys_are_not_retained() -> None:
    class Key(str):
        __slots__ = ("__weakref__",)

    queue = RateLimitingQueue(name="test")
    key = Key("a")
    queue.add(key)
    reference = weakref.ref(key)
    queue.done(queue.get() or "")
    del key
    gc.collect()
    assert reference() is None


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


class TestShutdown:
    @pytest.mark.promise("workers")
    def test_workers_finish_the_backlog_and_then_see_the_end(self, queue: RateLimitingQueue) -> None:
        queue.add("a")
        queue.add("b")
        queue.shutdown()
        assert [take(queue), take(queue), take(queue)] == ["a", "b", None]

    def test_adds_of_any_kind_are_ignored_afterwards(self, queue: RateLimitingQueue, clock: FakeClock) -> None:
        queue.add_after("delayed before", 1)
        queue.shutdown()
        queue.add("a")
        queue.add_after("b", 0)
        queue.add_after("c", 1)
        queue.add_rate_limited("d")
        clock.advance(100)
        assert take(queue) is None
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


def test_a_snapshot_shows_everything_that_is_in_the_queue(queue: RateLimitingQueue, clock: FakeClock) -> None:
    queue.add("working")
    take(queue)
    clock.advance(2)
    queue.add("ready")
    queue.add_after("later", 7)
    assert queue.snapshot() == Snapshot(ready=("ready",), delayed=(("later", 7.0),), processing=(("working", 2.0),))


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
