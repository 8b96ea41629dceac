"""Time as an argument: whatever waits or measures takes a `Clock`, so that tests move time by hand and never sleep."""

from __future__ import annotations

import threading
import time
from typing import Protocol


class Clock(Protocol):
    """Monotonic seconds, and waiting on a condition until a point on that scale."""

    def now(self) -> float:
        """Seconds since an arbitrary start; never goes backwards."""
        ...

    def wait_until(self, condition: threading.Condition, deadline: float | None) -> None:
        """Release `condition`, wait for a notification or for `deadline` (None: for ever), take `condition` again.

        The caller holds `condition` and checks what it waits for in a loop: wake-ups may be spurious. The deadline is
        absolute because a relative one would be wrong by whatever passes between computing it and waiting.
        """
        ...


class MonotonicClock:
    """The real thing."""

    def now(self) -> float:
        """`time.monotonic()`."""
        return time.monotonic()

    def wait_until(self, condition: threading.Condition, deadline: float | None) -> None:
        """See `Clock.wait_until`."""
        condition.wait(None if deadline is None else max(0.0, deadline - self.now()))
