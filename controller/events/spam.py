"""How many Events one object may cause: a burst, then a trickle (as client-go tools/record has it)."""

from __future__ import annotations

from collections import OrderedDict

from controller.apimachinery.clock import Clock
from controller.apimachinery.tokenbucket import TokenBucket


class SpamFilter:
    """A token bucket for each of the `capacity` objects seen last. For one thread.

    The defaults: 25 Events at once, then one every five minutes.
    """

    def __init__(
        self, *, clock: Clock, burst: int = 25, seconds_per_event: float = 300.0, capacity: int = 4096
    ) -> None:
        self._clock = clock
        self._burst = burst
        self._rate = 1.0 / seconds_per_event
        self._capacity = capacity
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def allows(self, key: str) -> bool:
        """Whether another Event about the object `key` may be sent now."""
        bucket = self._buckets.pop(key, None) or TokenBucket(rate=self._rate, burst=self._burst, clock=self._clock)
        self._buckets[key] = bucket
        if len(self._buckets) > self._capacity:
            self._buckets.popitem(last=False)
        return bucket.try_take()
