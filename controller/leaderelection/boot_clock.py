"""A clock that keeps counting while the machine is suspended."""

from __future__ import annotations

import threading
import time


class BootClock:
    """`CLOCK_BOOTTIME`: after a suspend, a laptop or virtual machine must find its lease expired.

    Python's monotonic clock does not advance during a suspend. Waiting does not depend on the wall clock.
    """

    def now(self) -> float:
        """Return the seconds since boot, including suspended time."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def wait_until(self, condition: threading.Condition, deadline: float | None) -> None:
        """See `controller.apimachinery.clock.Clock`."""
        condition.wait(None if deadline is None else max(0.0, deadline - self.now()))
