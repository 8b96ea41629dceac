"""How long a failing key waits."""

from __future__ import annotations

import pytest

from controller.workqueue import BucketLimiter, ItemExponentialLimiter, MaxOfLimiter, default_limiter
from tests.unit.fakes import FakeClock


def test_each_failure_of_a_key_doubles_its_wait_up_to_the_maximum() -> None:
    limiter = ItemExponentialLimiter(base=0.005, maximum=0.1)
    assert [limiter.when("a") for _ in range(6)] == pytest.approx([0.005, 0.01, 0.02, 0.04, 0.08, 0.1])
    assert limiter.when("b") == 0.005
    assert limiter.num_requeues("a") == 6


def test_forgetting_starts_a_key_over() -> None:
    limiter = ItemExponentialLimiter()
    limiter.when("a")
    limiter.when("a")
    limiter.forget("a")
    assert limiter.num_requeues("a") == 0
    assert limiter.when("a") == 0.005


@pytest.mark.promise("workers")
def test_a_key_that_fails_for_ever_does_not_overflow() -> None:
    limiter = ItemExponentialLimiter(maximum=1000)
    assert max(limiter.when("a") for _ in range(3000)) == 1000
    assert limiter.when("a") == 1000


def test_the_bucket_lets_a_burst_through_and_then_spaces_all_keys(clock: FakeClock) -> None:
    limiter = BucketLimiter(rate=10, burst=100, clock=clock)
    assert [limiter.when(f"k{n}") for n in range(100)] == [0.0] * 100
    assert [limiter.when("x"), limiter.when("y")] == pytest.approx([0.1, 0.2])
    limiter.forget("x")
    assert limiter.num_requeues("x") == 0


def test_the_strictest_of_several_limiters_counts(clock: FakeClock) -> None:
    item = ItemExponentialLimiter(base=1, maximum=60)
    limiter = MaxOfLimiter(item, BucketLimiter(rate=0.1, burst=1, clock=clock))
    assert limiter.when("a") == 1, "the key's own wait is longer than the bucket's"
    assert limiter.when("b") == 10, "the bucket is empty"
    assert limiter.num_requeues("a") == 1
    limiter.forget("a")
    assert item.num_requeues("a") == 0


@pytest.mark.promise("workers")
def test_the_default_is_five_milliseconds_doubling_and_ten_per_second(clock: FakeClock) -> None:
    limiter = default_limiter(clock=clock)
    assert [limiter.when("a") for _ in range(3)] == [0.005, 0.01, 0.02]
    for n in range(97):
        limiter.when(f"k{n}")
    assert limiter.when("late") == pytest.approx(0.1)
    for _ in range(20):
        limiter.when("a")
    assert limiter.when("a") == 1000
