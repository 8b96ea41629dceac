"""How long to wait before the next request after the API server failed one."""

from __future__ import annotations

import random
from collections.abc import Callable

from controller.apimachinery.clock import Clock, MonotonicClock


class Backoff:
    """An exponential back-off with jitter, reset after a time without failures. For one thread.

    The defaults are client-go's: the wait doubles from 0.8 s to 30 s, is stretched by a random factor of up to 2, and
    starts over after two minutes without a failure. Compared with one attempt per second, this removes about 98 %
    of the load: a reflector that waits 30 to 60 s, 45 s on average, makes 0.022 attempts per second. The seven
    reflectors of one replica make 0.16 attempts per second together; the thousand of a large cluster make 22.

    By itself this would cost up to a minute of waiting after the server is back. `Recovery` cuts the waits short at
    that moment, so shorter waits during the outage would gain nothing.
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
        self._last_grace: float | None = None

    def next(self) -> float:
        """Record a failure and return the seconds to wait."""
        now = self._clock.now()
        if self._last_failure is not None and now - self._last_failure > self._reset_after:
            self._next = self._initial
        self._last_failure = now
        base = self._next
        self._next = min(self._maximum, self._next * self._factor)
        return base * (1.0 + self._rand() * self._jitter)

    def next_after_grace(self) -> float:
        """Record a failure that another request is likely to fix, and return the seconds to wait.

        Returns 0 for the first such failure in `reset_after` seconds; after that, the same as `next`.
        """
        now = self._clock.now()
        if self._last_grace is not None and now - self._last_grace <= self._reset_after:
            return self.next()
        self._last_grace = now
        return 0.0

    def reset(self) -> None:
        """Start over, because the cause of the past failures is gone."""
        self._next = self._initial
        self._last_grace = None
