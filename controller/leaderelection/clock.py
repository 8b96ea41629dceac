"""Elapsed time that counts while the machine is suspended."""

from __future__ import annotations

import threading
import time


class BootClock:
    """`CLOCK_BOOTTIME`: a laptop or virtual machine that wakes up must find its lease expired.

    Python's monotonic clock stands still during a suspend. Waiting is in wall-clock-free real time, as anywhere else.
    """

    def now(self) -> float:
        """Seconds since boot, suspended time included."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def wait_until(self, condition: threading.Condition, deadline: float | None) -> None:
        """See `controller.apimachinery.clock.Clock`."""
        condition.wait(None if deadline is None else max(0.0, deadline - self.now()))
