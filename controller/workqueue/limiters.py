"""Decides how long a key waits before a retry. Modelled on client-go util/workqueue/default_rate_limiters.go."""

from __future__ import annotations

import threading
from typing import Protocol

from controller.apimachinery.clock import Clock
from controller.apimachinery.tokenbucket import TokenBucket


class Limiter(Protocol):
    """A rate limiter for keys. All methods may be called from any thread."""

    def when(self, key: str) -> float:
        """Count a failure of `key` and return the seconds to wait."""
        ...

    def forget(self, key: str) -> None:
        """Reset the failures of `key`, because it succeeded or will not be retried."""
        ...

    def num_requeues(self, key: str) -> int:
        """Return the number of failures counted for `key`."""
        ...


class ItemExponentialLimiter:
    """Makes each key wait `base` * 2^failures seconds, at most `maximum`."""

    def __init__(self, *, base: float = 0.005, maximum: float = 1000.0) -> None:
        self._base = base
        self._maximum = maximum
        self._lock = threading.Lock()
        self._failures: dict[str, int] = {}

    def when(self, key: str) -> float:
        """See `Limiter.when`."""
        with self._lock:
            failures = self._failures.get(key, 0)
            self._failures[key] = failures + 1
        # A larger exponent would overflow a float, and by then the wait has long been the maximum.
        return self._maximum if failures > 1000 else min(self._maximum, self._base * 2.0**failures)

    def forget(self, key: str) -> None:
        """See `Limiter.forget`."""
        with self._lock:
            self._failures.pop(key, None)

    def num_requeues(self, key: str) -> int:
        """See `Limiter.num_requeues`."""
        with self._lock:
            return self._failures.get(key, 0)


class BucketLimiter:
    """Limits all keys together to `rate` per second after a burst. It keeps no state for single keys."""

    def __init__(self, *, rate: float = 10.0, burst: int = 100, clock: Clock | None = None) -> None:
        self._bucket = TokenBucket(rate=rate, burst=burst, clock=clock)

    def when(self, key: str) -> float:
        """See `Limiter.when`."""
        return self._bucket.reserve()

    def forget(self, key: str) -> None:
        """Do nothing."""

    def num_requeues(self, key: str) -> int:
        """Return 0."""
        return 0


class MaxOfLimiter:
    """Combines several limiters: the longest wait counts."""

    def __init__(self, *limiters: Limiter) -> None:
        self._limiters = limiters

    def when(self, key: str) -> float:
        """See `Limiter.when`."""
        return max(limiter.when(key) for limiter in self._limiters)

    def forget(self, key: str) -> None:
        """See `Limiter.forget`."""
        for limiter in self._limiters:
            limiter.forget(key)

    def num_requeues(self, key: str) -> int:
        """See `Limiter.num_requeues`."""
        return max(limiter.num_requeues(key) for limiter in self._limiters)


def default_limiter(*, clock: Clock | None = None) -> Limiter:
    """Return the default: an exponential back-off per key, and 10 retries per second (burst 100) over all keys."""
    return MaxOfLimiter(ItemExponentialLimiter(), BucketLimiter(clock=clock))
