"""Limits the Events about one object to a burst and then a slow rate, as client-go tools/record does."""

from __future__ import annotations

from collections import OrderedDict

from controller.apimachinery.clock import Clock
from controller.apimachinery.tokenbucket import TokenBucket

# Events per second about one object, after its burst.
_RATE = 1 / 300.0


class SpamFilter:
    """Has a token bucket for each of the `capacity` objects that were used last. For one thread.

    By default an object may cause 25 Events at once, then one every five minutes.
    """

    def __init__(self, *, clock: Clock, burst: int = 25, capacity: int = 4096) -> None:
        self._clock = clock
        self._burst = burst
        self._capacity = capacity
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    def allows(self, key: str) -> bool:
        """Whether an Event about the object `key` may be sent now. Counts it if so."""
        bucket = self._buckets.pop(key, None) or TokenBucket(rate=_RATE, burst=self._burst, clock=self._clock)
        self._buckets[key] = bucket
        if len(self._buckets) > self._capacity:
            self._buckets.popitem(last=False)
        return bucket.try_take()
