"""How long users wait: from the first sight of a new generation to deployed, and from the deletion to the end.

Only what this process saw beginning is measured; a restart measures nothing rather than something wrong.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Protocol

from controller.api.environment import Environment
from controller.environment.engines.health import State


class StopwatchMetrics(Protocol):
    """Where the measurements go, in seconds."""

    def environment_ready(self, seconds: float) -> None:
        """A generation became deployed."""
        ...

    def teardown(self, seconds: float) -> None:
        """A teardown ended."""
        ...


class Stopwatch:
    """One running measurement at most for each environment. `now` returns monotonic seconds."""

    def __init__(self, *, metrics: StopwatchMetrics, now: Callable[[], float]) -> None:
        self._metrics = metrics
        self._now = now
        self._lock = threading.Lock()
        self._generations: dict[str, tuple[int, float]] = {}
        self._teardowns: dict[str, float] = {}

    def saw(self, environment: Environment) -> None:
        """Start measuring where there is something new to wait for."""
        with self._lock:
            if environment.is_deleting:
                self._generations.pop(environment.name, None)
                self._teardowns.setdefault(environment.name, self._now())
            elif not _is_deployed(environment):
                generation, _ = self._generations.get(environment.name, (0, 0.0))
                if generation != environment.generation:
                    self._generations[environment.name] = (environment.generation, self._now())

    def deployed(self, environment: Environment) -> None:
        """The generation that `environment` shows is deployed."""
        with self._lock:
            generation, started = self._generations.pop(environment.name, (0, 0.0))
        if generation == environment.generation:
            self._metrics.environment_ready(self._now() - started)

    def finished(self, key: str) -> None:
        """The environment is gone."""
        with self._lock:
            self._generations.pop(key, None)
            started = self._teardowns.pop(key, None)
        if started is not None:
            self._metrics.teardown(self._now() - started)


def _is_deployed(environment: Environment) -> bool:
    status = environment.status
    known = status.get("observedGeneration") == environment.generation
    return known and status.get("applicationStatus") == State.DEPLOYED
