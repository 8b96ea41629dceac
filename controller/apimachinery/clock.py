"""Clocks. Code that waits or measures takes a `Clock` as an argument, so that tests control time and never sleep."""

from __future__ import annotations

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """Measures monotonic seconds, and waits on a condition until a given time."""

    def now(self) -> float:
        """Return the seconds since an arbitrary start. Never goes backwards."""
        ...

    def wait_until(self, condition: threading.Condition, deadline: float | None) -> None:
        """Release `condition`, wait for a notification or until `deadline` (None: for ever), and acquire `condition`
        again.

        The caller must hold `condition`, and must check in a loop what it waits for, because wake-ups may be spurious.
        The deadline is absolute, because a relative one would ignore the time between its computation and the wait.
        """
        ...


class MonotonicClock:
    """The system's monotonic clock."""

    def now(self) -> float:
        """`time.monotonic()`."""
        return time.monotonic()

    def wait_until(self, condition: threading.Condition, deadline: float | None) -> None:
        """See `Clock.wait_until`."""
        condition.wait(None if deadline is None else max(0.0, deadline - self.now()))
