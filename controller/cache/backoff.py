"""How long to wait before the next request after the API server failed one."""

from __future__ import annotations

import random
from collections.abc import Callable

from controller.apimachinery.clock import Clock, MonotonicClock


class Backoff:
    """An exponential back-off with jitter, reset after a time without failures. For one thread.

    The defaults are client-go's: the wait doubles from 0.8 s to 30 s, is stretched by a random factor of up to 2, and
    starts over after two minutes without a failure. A wait that has grown to the full is 30 to 60 s, 45 s on average.
    So during an outage one reflector sends 0.022 requests per second, the seven of one process send 0.16, and a
    thousand reflectors (of about 140 processes) send 22. Waits of one second would make that a thousand.

    Without more, a reflector could wait for a minute after the server is back. `Recovery` cuts the waits short at that
    moment, so shorter waits during the outage would have no benefit.
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
