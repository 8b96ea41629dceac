"""For how long a cache may have been out of date: for readiness, a metric, and an alert.

A cache is current while a watch is open, also a silent one: silence is normal. A watch that was just opened proves
nothing yet, because one that always breaks is also always opened again. Without an open watch the cache gets older,
counted from the last moment at which it was known to be current.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from controller.apimachinery.clock import Clock


@dataclass(frozen=True, slots=True)
class Staleness:
    """Seconds since the cache was last known to be current (0 while it is), and why it is not."""

    seconds: float
    reason: str


class Freshness:
    """The reflector's thread reports to it; any thread may read it.

    Args:
        proof: seconds that a silent watch has to stay open before it counts.
    """

    def __init__(self, *, proof: float, clock: Clock) -> None:
        self._proof = proof
        self._clock = clock
        self._lock = threading.Lock()
        self._last_current = clock.now()
        self._opened: float | None = None
        # The server does not serve the resource, which is allowed: there is nothing to keep current.
        self._absent = False
        self._reason = "it was not listed yet"

    def confirmed(self) -> None:
        """The cache is current at this moment: it was listed, an event was taken in, or a watch ended in order."""
        with self._lock:
            self._last_current = self._clock.now()
            self._absent = False

    def opened(self) -> None:
        """A watch is open."""
        with self._lock:
            self._opened = self._clock.now()
            self._absent = False

    def closed(self) -> None:
        """It is not open any more."""
        with self._lock:
            if self._is_proven_locked():
                self._last_current = self._clock.now()
            self._opened = None

    def failed(self, reason: str) -> None:
        """A list or a watch failed; `reason` in words."""
        with self._lock:
            if self._absent:
                self._last_current = self._clock.now()
            self._absent = False
            self._reason = reason

    def absent(self) -> None:
        """The server does not serve the resource, and need not."""
        with self._lock:
            self._absent = True

    def staleness(self) -> Staleness:
        """As of now."""
        with self._lock:
            if self._absent or self._is_proven_locked():
                return Staleness(0.0, "")
            return Staleness(self._clock.now() - self._last_current, self._reason)

    def _is_proven_locked(self) -> bool:
        return self._opened is not None and self._clock.now() - self._opened >= self._proof
