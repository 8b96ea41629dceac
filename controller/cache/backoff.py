"""How long to stay away from an API server that just failed us."""

from __future__ import annotations

import random
from collections.abc import Callable

from controller.apimachinery.clock import Clock, MonotonicClock


class Backoff:
    """Exponential, jittered, and forgetful after a quiet time. For one thread.

    The defaults are client-go's: 0.8 s doubling to 30 s, each stretched by a random factor of up to 2, so that a
    restarted API server gets some 0.2 lists per second from a thousand waiting reflectors' worth of load at most; the
    back-off starts over when there was no failure for two minutes.
    """

    def __init__(
        self,
        *,
        initial: float = 0.8,
        maximum: float = 30.0,
        factor: float = 2.0,
        jitter: float = 1.0,
        reset_after: float = 120.0,
        clock: Clock | None = None,
        rand: Callable[[], float] = random.random,
    ) -> None:
        self._initial = initial
        self._maximum = maximum
        self._factor = factor
        self._jitter = jitter
        self._reset_after = reset_after
        self._clock = clock or MonotonicClock()
        self._rand = rand
        self._next = initial
        self._last_failure: float | None = None

    def next(self) -> float:
        """Count a failure now and return the seconds to wait."""
        now = self._clock.now()
        if self._last_failure is not None and now - self._last_failure > self._reset_after:
            self._next = self._initial
        self._last_failure = now
        base = self._next
        self._next = min(self._maximum, self._next * self._factor)
        return base * (1.0 + self._rand() * self._jitter)
