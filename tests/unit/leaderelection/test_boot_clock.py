"""The elector's clock counts the time in which the machine was suspended."""

from __future__ import annotations

import threading
import time

from controller.leaderelection.boot_clock import BootClock


def test_the_clock_advances_during_a_suspend() -> None:
    before = time.clock_gettime(time.CLOCK_BOOTTIME)
    assert before <= BootClock().now() <= time.clock_gettime(time.CLOCK_BOOTTIME)


def test_a_deadline_in_the_past_does_not_wait() -> None:
    condition = threading.Condition()
    clock = BootClock()
    with condition:
        clock.wait_until(condition, clock.now() - 1)
