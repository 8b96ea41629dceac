"""Holds one set of credentials to its limits: writes per minute and hour, and pauses after failures and rate limits.

A worker never waits here. It learns how long to wait, and the key goes back into the queue.
"""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Callable
from typing import Final

from controller.apimachinery.clock import Clock, MonotonicClock

_MINUTE: Final = 60.0
_HOUR: Final = 3600.0
_FIRST_PAUSE: Final = 1.0
# How much longer than asked for a pause may last, so that not all keys come back in the same instant.
_JITTER: Final = 0.1


class Budget:
    """The limits of one set of credentials. Thread-safe.

    Args:
        per_minute, per_hour: how many writes are allowed in any minute and in any hour.
        longest_pause: seconds after a failure, at most.
    """

    def __init__(
        self,
        *,
        per_minute: int,
        per_hour: int,
        longest_pause: float,
        clock: Clock | None = None,
        rand: Callable[[], float] = random.random,
    ) -> None:
        self._limits = ((_MINUTE, per_minute), (_HOUR, per_hour))
        self._longest_pause = longest_pause
        self._clock = clock or MonotonicClock()
        self._rand = rand
        self._lock = threading.Lock()
        # When the last writes were sent, the oldest first.
        self._writes: deque[float] = deque(maxlen=max(per_minute, per_hour))
        self._paused_until = 0.0
        self._failures = 0

    def pause(self) -> float:
        """Return for how many seconds nothing may be sent; 0 if something may be sent now."""
        with self._lock:
            return max(0.0, self._paused_until - self._clock.now())

    def wait(self) -> float:
        """Return the seconds after which there may be a write; 0 if there may be one now."""
        with self._lock:
            return self._wait_locked(self._clock.now())

    def take(self) -> float:
        """Take the right to one write, and return 0; or return what `wait` does."""
        with self._lock:
            now = self._clock.now()
            seconds = self._wait_locked(now)
            if seconds == 0:
                self._writes.append(now)
            return seconds

    def limited(self, seconds: float) -> bool:
        """Send nothing for `seconds`, because the server asks for that. Repeated requests grow the pause.

        Returns whether that is news, and not about a request that was sent before the present pause.
        """
        with self._lock:
            now = self._clock.now()
            if now < self._paused_until:
                # This request was sent before the pause began.
                self._paused_until = max(self._paused_until, now + seconds)
                return False
            factor = 2**self._failures if seconds >= _MINUTE else 1
            self._failures = min(self._failures + 1, 5)
            self._pause_locked(now, min(seconds * factor, max(seconds, _HOUR)))
            return True

    def failed(self) -> bool:
        """Send nothing for a while, which grows with each failure. Returns whether that is news, as `limited` does."""
        with self._lock:
            now = self._clock.now()
            if now < self._paused_until:
                return False
            self._failures = min(self._failures + 1, 30)
            self._pause_locked(now, min(_FIRST_PAUSE * 2 ** (self._failures - 1), self._longest_pause))
            return True

    def succeeded(self) -> bool:
        """The server has answered as it should. Returns whether it did not before."""
        with self._lock:
            had, self._failures = self._failures, 0
            return had > 0

    def _pause_locked(self, now: float, seconds: float) -> None:
        self._paused_until = now + seconds * (1 + _JITTER * self._rand())

    def _wait_locked(self, now: float) -> float:
        return max(0.0, self._paused_until - now, *(self._full_for(now, *limit) for limit in self._limits))

    def _full_for(self, now: float, span: float, number: int) -> float:
        """Return the seconds until another write is allowed by one limit; 0 or less if it is now."""
        if len(self._writes) < number:
            return 0.0
        return self._writes[-number] + span - now
