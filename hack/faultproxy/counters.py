"""Counts what was injected, so that a test can be sure that the fault it is about really happened."""

from __future__ import annotations

import threading
from collections import Counter


class Counters:
    """Named counts that only grow; to be used from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._counts: Counter[str] = Counter()

    def add(self, name: str) -> None:
        with self._changed:
            self._counts[name] += 1
            self._changed.notify_all()

    def snapshot(self) -> dict[str, int]:
        """All counts so far; a name that is missing was never counted."""
        with self._changed:
            return dict(self._counts)

    def wait_for(self, name: str, count: int, timeout: float) -> int:
        """Wait until `name` was counted at least `count` times, and return how often. Raises TimeoutError after
        `timeout` seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._counts[name] >= count, timeout):
                raise TimeoutError(f"{name} happened {self._counts[name]} times in {timeout:g}s, not {count}")
            return self._counts[name]
