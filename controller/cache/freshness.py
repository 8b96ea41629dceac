"""How long a cache may have been out of date: for readiness, a metric, and an alert.

A cache is current while a watch is open, even a silent one, because silence is normal. A watch must stay open for a
moment before it counts: a watch that always breaks is also always reopened. Without an open watch the cache ages from
the last moment at which it was known to be current.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from controller.apimachinery.clock import Clock


@dataclass(frozen=True, slots=True)
class Staleness:
    """Seconds since the cache was last known to be current (0 while it is), and the reason ("" while it is current)."""

    seconds: float
    reason: str


class Freshness:
    """Tracks the age of one cache. The reflector's thread reports to it; any thread may read it.

    Args:
        proof: seconds for which a silent watch must stay open before it counts.
    """

    def __init__(self, *, proof: float, clock: Clock) -> None:
        self._proof = proof
        self._clock = clock
        self._lock = threading.Lock()
        self._last_current = clock.now()
        self._opened: float | None = None
        # The server does not serve the resource, and that is allowed: there is nothing to keep current.
        self._absent = False
        self._reason = "it has not been listed yet"

    def confirmed(self) -> None:
        """Record that the cache is current now: a list or an event arrived, or a watch ended normally."""
        with self._lock:
            self._last_current = self._clock.now()
            self._absent = False

    def opened(self) -> None:
        """Record that a watch was opened."""
        with self._lock:
            self._opened = self._clock.now()
            self._absent = False

    def closed(self) -> None:
        """Record that the watch has ended."""
        with self._lock:
            if self._is_proven_locked():
                self._last_current = self._clock.now()
            self._opened = None

    def failed(self, reason: str) -> None:
        """Record that a list or watch failed; `reason` is for people."""
        with self._lock:
            if self._absent:
                self._last_current = self._clock.now()
            self._absent = False
            self._reason = reason

    def absent(self) -> None:
        """Record that the server does not serve the resource, and that this is allowed."""
        with self._lock:
            self._absent = True

    def staleness(self) -> Staleness:
        """Return how old the cache is now."""
        with self._lock:
            if self._absent or self._is_proven_locked():
                return Staleness(0.0, "")
            return Staleness(self._clock.now() - self._last_current, self._reason)

    def _is_proven_locked(self) -> bool:
        return self._opened is not None and self._clock.now() - self._opened >= self._proof
