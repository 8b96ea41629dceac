"""What happened, as lines of JSON, and the story of one environment from it."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter, deque
from pathlib import Path
from typing import Any

_OF_ONE = 30
_OF_ALL = 12


class Journal:
    """Thread-safe.

    Attributes:
        counts: how often each thing happened.
    """

    def __init__(self, path: Path) -> None:
        self.counts: Counter[str] = Counter()
        self._began = time.monotonic()
        self._file = path.open("w", encoding="utf-8")
        self._lock = threading.Lock()
        # Each text with its number, for the order.
        self._of_one: dict[str, deque[tuple[int, str]]] = {}
        # Faults, which concern every environment.
        self._of_all: deque[tuple[int, str]] = deque(maxlen=_OF_ALL)

    @property
    def now(self) -> float:
        """Seconds since the soak began."""
        return time.monotonic() - self._began

    def write(self, what: str, environment: str = "", **details: Any) -> None:
        """Add a line. Without an environment it is about all of them."""
        entry = {"at": round(self.now, 2), "what": what, "environment": environment, **details}
        text = f"{entry['at']:9.2f} s  {what}" + "".join(f", {name} {value}" for name, value in details.items())
        with self._lock:
            self.counts[what] += 1
            self._file.write(json.dumps(entry) + "\n")
            self._file.flush()
            numbered = self.counts.total(), text
            if environment:
                self._of_one.setdefault(environment, deque(maxlen=_OF_ONE)).append(numbered)
            else:
                self._of_all.append(numbered)

    def story(self, environment: str) -> str:
        """Return the last that happened to an environment, and to all, in order."""
        with self._lock:
            return "\n".join(text for _, text in sorted([*self._of_one.get(environment, ()), *self._of_all]))

    def close(self) -> None:
        """Close the file."""
        self._file.close()
