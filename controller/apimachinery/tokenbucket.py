"""The token bucket of the queue's overall limiter, the client's optional limiter and the spam filter of Events."""

from __future__ import annotations

import threading

from controller.apimachinery.clock import Clock, MonotonicClock


class TokenBucket:
    """Starts with `burst` tokens and is refilled at `rate` per second up to `burst`."""

    def __init__(self, *, rate: float, burst: int, clock: Clock | None = None) -> None:
        if rate <= 0 or burst < 1:
            raise ValueError(f"a token bucket needs rate > 0 and burst >= 1, not {rate} and {burst}")
        self._rate = rate
        self._burst = burst
        self._clock = clock or MonotonicClock()
        self._lock = threading.Lock()
        self._tokens = float(burst)
        self._filled_at = self._clock.now()

    def reserve(self) -> float:
        """Take the next token, which may lie in the future, and return the seconds to wait for it."""
        with self._lock:
            self._refill_locked()
            self._tokens -= 1
            return max(0.0, -self._tokens / self._rate)

    def try_take(self) -> bool:
        """Take a token if one is available now. Returns whether it was."""
        with self._lock:
            self._refill_locked()
            if self._tokens < 1:
                return False
            self._tokens -= 1
            return True

    def _refill_locked(self) -> None:
        now = self._clock.now()
        self._tokens = min(float(self._burst), self._tokens + (now - self._filled_at) * self._rate)
        self._filled_at = now
