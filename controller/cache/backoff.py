"""How long to stay away from an API server that just failed us."""

from __future__ import annotations

import random
from collections.abc import Callable

from controller.apimachinery.clock import Clock, MonotonicClock


class Backoff:
    """Exponential, jittered, and forgetful after a quiet time. For one thread.

    The defaults are client-go's: 0.8 s doubling to 30 s, each stretched by a random factor of up to 2, and starting
    over when there was no failure for two minutes. Their purpose is to take away some 98 % of the load of a reflector
    that tries once a second: at 30 to 60 s, 45 on average, it tries 0.022 times a second. The seven of one replica of
    ours make 0.16 attempts a second together; a thousand reflectors of a whole cluster make 22.

    Without `Recovery` the price would be up to a minute of sleep after the server is back. `Recovery` cuts these waits
    short, so shorter waits while the server is away would gain nothing.
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
        """Count a failure now and return the seconds to wait."""
        now = self._clock.now()
        if self._last_failure is not None and now - self._last_failure > self._reset_after:
            self._next = self._initial
        self._last_failure = now
        base = self._next
        self._next = min(self._maximum, self._next * self._factor)
        return base * (1.0 + self._rand() * self._jitter)

    def next_after_grace(self) -> float:
        """For a failure that another request heals at once: 0, but only once in `reset_after` seconds; else `next`."""
        now = self._clock.now()
        if self._last_grace is not None and now - self._last_grace <= self._reset_after:
            return self.next()
        self._last_grace = now
        return 0.0

    def reset(self) -> None:
        """Start over: what failed until now says nothing about the next attempt."""
        self._next = self._initial
        self._last_grace = None
