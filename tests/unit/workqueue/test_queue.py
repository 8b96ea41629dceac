"""No key is processed twice at once, and no added key is lost."""

from __future__ import annotations

import gc
import threading
import weakref
from collections import Counter

import pytest

from controller.workqueue import RateLimitingQueue, Snapshot
from tests.unit.fakes import DEADLINE, FakeClock, eventually
from tests.unit.workqueue.workers import start, take


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


def test_keys_added_last_come_out_when_there_are_no_others(queue: RateLimitingQueue) -> None:
    queue.add_last("x")
    queue.add_last("y")
    queue.add("a")
    assert len(queue) == 3
    assert queue.snapshot().ready == ("a", "x", "y")
    assert [take(queue) for _ in range(3)] == ["a", "x", "y"]


def test_a_key_added_last_takes_its_turn_when_it_is_added_again(queue: RateLimitingQueue) -> None:
    queue.add_last("x")
    queue.add_last("y")
    queue.add("y")
    queue.add_last("y")
    assert [take(queue) for _ in range(2)] == ["y", "x"]
    assert len(queue) == 0


def test_keys_added_first_come_out_before_others_but_leave_them_every_third_turn(queue: RateLimitingQueue) -> None:
    for key in ("a", "b", "1", "2", "3", "4"):
        queue.add(key)
    for key in ("1", "2", "3", "4"):
        queue.add_first(key)
    assert queue.snapshot().ready == ("1", "2", "3", "4", "a", "b")
    assert [take(queue) for _ in range(6)] == ["1", "2", "a", "3", "4", "b"]


def test_a_key_added_first_is_queued_once_wherever_it_was(queue: RateLimitingQueue) -> None:
    queue.add_last("last")
    queue.add("ready")
    queue.add("other")
    for _ in range(2):
        for key in ("last", "ready", "new"):
            queue.add_first(key)
    assert queue.snapshot().ready == ("last", "ready", "new", "other")
    assert len(queue) == 4


@pytest.mark.parametrize(
    ("ways", "order"),
    [
        (["add_first"], "abx"),
        (["add"], "bax"),
        (["add_last"], "bxa"),
        (["add_last", "add_first", "add"], "abx"),
        (["add_last", "add", "add_last"], "bax"),
    ],
)
def test_a_key_added_while_processed_is_queued_once_more_as_it_was_added(
    queue: RateLimitingQueue, ways: list[str], order: str
) -> None:
    queue.add("a")
    take(queue)
    queue.add("b")
    queue.add_last("x")
    for way in ways:
        getattr(queue, way)("a")
    assert len(queue) == 2, "two workers would have it at once"
    queue.done("a")
    assert [take(queue) for _ in range(3)] == list(order)
    queue.done("a")
    assert len(queue) == 0


@pytest.mark.parametrize("way", ["add", "add_first"])
@pytest.mark.parametrize("needless", [True, False])
def test_a_key_in_doubt_is_queued_only_if_there_is_need(queue: RateLimitingQueue, way: str, needless: bool) -> None:
    getattr(queue, way)("a", unless=lambda: needless)
    assert len(queue) == (not needless)


@pytest.mark.parametrize("way", ["add", "add_first"])
@pytest.mark.parametrize(("needless", "left"), [([True, True], 0), ([True, False], 1), ([False, False], 1)])
def test_a_doubt_about_a_key_that_a_worker_has_is_settled_when_it_is_done(
    queue: RateLimitingQueue, way: str, needless: list[bool], left: int
) -> None:
    is_needless: list[bool] = [False, False]
    queue.add("a")
    take(queue)
    for position in range(2):
        getattr(queue, way)("a", unless=lambda position=position: is_needless[position])
    assert len(queue) == 0
    # The worker finds it out meanwhile.
    is_needless[:] = needless
    queue.done("a")
    assert len(queue) == left


def test_a_bug_in_a_doubt_loses_no_key(queue: RateLimitingQueue) -> None:
    def bug() -> bool:
        raise RuntimeError

    queue.add("a", unless=bug)
    assert take(queue) == "a"
    queue.add("a", unless=bug)
    queue.done("a")
    assert take(queue) == "a"


def test_no_doubt_takes_back_what_was_added_without_one(queue: RateLimitingQueue) -> None:
    queue.add("ready")
    queue.add("ready", unless=lambda: True)
    queue.add_first("processed")
    take(queue)
    queue.add("processed", unless=lambda: True)
    queue.add("processed")
    queue.done("processed")
    assert queue.snapshot().ready == ("ready", "processed")


def test_a_doubt_ends_with_the_work_that_it_is_about(queue: RateLimitingQueue) -> None:
    queue.add("a")
    take(queue)
    queue.add("a", unless=lambda: False)
    for left in (1, 0):
        queue.done("a")
        assert len(queue) == left
        if left:
            take(queue)


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


def test_a_worker_that_is_done_takes_the_next_key_itself_and_wakes_no_other(
    queue: RateLimitingQueue, clock: FakeClock
) -> None:
    queue.add("a")
    take(queue)
    other = start(queue.get)
    eventually(lambda: clock.sleepers() == 1)
    queue.add("a")
    queue.done("a")
    assert queue.snapshot().ready == ("a",)
    assert take(queue) == "a"
    queue.shutdown()
    other.join(DEADLINE)


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


def test_a_snapshot_shows_everything_that_is_in_the_queue(queue: RateLimitingQueue, clock: FakeClock) -> None:
    queue.add("working")
    take(queue)
    clock.advance(2)
    queue.add("ready")
    queue.add_after("later", 7)
    assert queue.snapshot() == Snapshot(ready=("ready",), delayed=(("later", 7.0),), processing=(("working", 2.0),))
