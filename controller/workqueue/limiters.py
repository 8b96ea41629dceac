"""How long a key waits before it is tried again. Sources: client-go util/workqueue/default_rate_limiters.go."""

from __future__ import annotations

import threading
from typing import Protocol

from controller.apimachinery.clock import Clock
from controller.apimachinery.tokenbucket import TokenBucket


class Limiter(Protocol):
    """All methods may be called from any thread."""

    def when(self, key: str) -> float:
        """Count a failure of `key` and return the seconds it has to wait."""
        ...

    def forget(self, key: str) -> None:
        """The key succeeded, or is given up: its next failure is its first."""
        ...

    def num_requeues(self, key: str) -> int:
        """How many failures are counted for `key`."""
        ...


class ItemExponentialLimiter:
    """Per key `base` * 2^failures seconds, at most `maximum`."""

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
        # A float's exponent ends at 1023: a key that failed that often has long been at the maximum.
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
    """All keys together: `rate` per second after a burst. It knows no keys, so there is nothing to forget."""

    def __init__(self, *, rate: float = 10.0, burst: int = 100, clock: Clock | None = None) -> None:
        self._bucket = TokenBucket(rate=rate, burst=burst, clock=clock)

    def when(self, key: str) -> float:
        """See `Limiter.when`."""
        return self._bucket.reserve()

    def forget(self, key: str) -> None:
        """Nothing to do."""

    def num_requeues(self, key: str) -> int:
        """Always 0."""
        return 0


class MaxOfLimiter:
    """The strictest of several limiters."""

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


def default_limiter(*, base: float = 0.005, maximum: float = 1000.0, clock: Clock | None = None) -> Limiter:
    """A key's own exponential back-off, and 10 retries per second (burst 100) over all keys."""
    return MaxOfLimiter(ItemExponentialLimiter(base=base, maximum=maximum), BucketLimiter(clock=clock))
