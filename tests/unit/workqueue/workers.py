"""Workers of a queue, and a limiter with a fixed delay."""

from __future__ import annotations

import threading
from collections import Counter

from controller.workqueue import RateLimitingQueue


class FixedLimiter:
    """Every failure waits a second longer than the one before."""

    def __init__(self) -> None:
        self.failures: Counter[str] = Counter()

    def when(self, key: str) -> float:
        self.failures[key] += 1
        return float(self.failures[key])

    def forget(self, key: str) -> None:
        del self.failures[key]

    def num_requeues(self, key: str) -> int:
        return self.failures[key]


def take(queue: RateLimitingQueue) -> str | None:
    """The next key, which must be there."""
    assert len(queue), "get would block"
    return queue.get()


def start(target: object) -> threading.Thread:
    thread = threading.Thread(target=target)  # type: ignore[arg-type]
    thread.start()
    return thread
