"""A queue that moves with a clock."""

from __future__ import annotations

import pytest

from controller.workqueue import RateLimitingQueue
from tests.unit.fakes import FakeClock
from tests.unit.workqueue.workers import FixedLimiter


@pytest.fixture
def queue(clock: FakeClock) -> RateLimitingQueue:
    return RateLimitingQueue(name="test", limiter=FixedLimiter(), clock=clock)
