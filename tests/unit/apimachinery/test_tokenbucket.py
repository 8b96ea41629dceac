"""The token bucket."""

from __future__ import annotations

import pytest

from controller.apimachinery.tokenbucket import TokenBucket
from tests.unit.fakes import FakeClock


def test_a_burst_is_free_and_then_reservations_queue_up(clock: FakeClock) -> None:
    bucket = TokenBucket(rate=10, burst=2, clock=clock)
    assert [bucket.reserve() for _ in range(4)] == pytest.approx([0, 0, 0.1, 0.2])


def test_tokens_are_refilled_over_time_up_to_the_burst(clock: FakeClock) -> None:
    bucket = TokenBucket(rate=1, burst=2, clock=clock)
    assert [bucket.try_take() for _ in range(3)] == [True, True, False]
    clock.advance(1)
    assert [bucket.try_take() for _ in range(2)] == [True, False]
    clock.advance(1000)
    assert [bucket.try_take() for _ in range(3)] == [True, True, False]


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (-1, 1), (1, 0)])
def test_a_bucket_that_never_gives_tokens_is_refused(rate: float, burst: int) -> None:
    with pytest.raises(ValueError, match="token bucket needs"):
        TokenBucket(rate=rate, burst=burst)
