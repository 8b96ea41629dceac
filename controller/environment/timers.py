"""How long something has been so, by the clock of this process. A restart resets the timers, which only costs time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping


class Timers:
    """Named timers for each environment. `now` returns monotonic seconds."""

    def __init__(self, *, now: Callable[[], float]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._started: dict[str, dict[str, float]] = {}
        self._next_looks: dict[str, float] = {}

    def ages(self, key: str) -> Mapping[str, float]:
        """Return the seconds since the start of each timer of the environment."""
        now = self._now()
        with self._lock:
            return {name: now - started for name, started in self._started.get(key, {}).items()}

    def start(self, key: str, names: Iterable[str]) -> None:
        """Start those of these timers that do not run yet."""
        now = self._now()
        with self._lock:
            for name in names:
                self._started.setdefault(key, {}).setdefault(name, now)

    def restart(self, key: str, name: str) -> None:
        """Start this timer now, whether it runs or not."""
        now = self._now()
        with self._lock:
            self._started.setdefault(key, {})[name] = now

    def keep(self, key: str, names: Iterable[str]) -> None:
        """Run exactly these timers. Those that run already continue, new ones start now, and the others end."""
        now = self._now()
        with self._lock:
            before = self._started.pop(key, {})
            if after := {name: before.get(name, now) for name in names}:
                self._started[key] = after

    def look_after(self, key: str, seconds: float) -> None:
        """The next look at the environment is due after that time, whatever the caches show."""
        with self._lock:
            self._next_looks[key] = self._now() + seconds

    def is_look_due(self, key: str) -> bool:
        """Return whether that look is due, or none was asked for in this process."""
        with self._lock:
            return self._now() >= self._next_looks.get(key, 0.0)

    def forget(self, key: str) -> None:
        """End all timers of the environment."""
        with self._lock:
            self._started.pop(key, None)
            self._next_looks.pop(key, None)
