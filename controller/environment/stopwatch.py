"""How long users wait: from the first sight of a new generation to deployed, and from the deletion to its end.

Only what began in this process is measured, because after a restart the start is unknown.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from controller.api.environment import Environment
from controller.environment.engines.engine import State
from controller.environment.metrics import EnvironmentMetrics


class Stopwatch:
    """One running measurement at most for each environment. `now` returns monotonic seconds."""

    def __init__(self, *, metrics: EnvironmentMetrics, now: Callable[[], float]) -> None:
        self._metrics = metrics
        self._now = now
        self._lock = threading.Lock()
        self._generations: dict[str, _Measurement] = {}
        self._teardowns: dict[str, float] = {}

    def saw(self, environment: Environment) -> None:
        """Start a measurement if there is something new to wait for."""
        with self._lock:
            if environment.is_deleting:
                self._generations.pop(environment.name, None)
                self._teardowns.setdefault(environment.name, self._now())
            elif environment.has_expired:
                # Users wait for it again once it is created again.
                self._generations.pop(environment.name, None)
            elif not _is(environment, State.DEPLOYED):
                # The time in a queue says nothing about how quickly environments are made.
                queued = _is(environment, State.QUEUED)
                known = None if queued else self._generations.get(environment.name)
                same = known is not None and known.generation == environment.generation
                started = known.started if known is not None and same else self._now()
                self._generations[environment.name] = _Measurement(
                    environment.generation,
                    started,
                    awaited=not (queued or _is(environment, State.FAILED, State.SUSPENDED)),
                )

    def deployed(self, environment: Environment) -> None:
        """The generation that `environment` shows is deployed."""
        with self._lock:
            known = self._generations.pop(environment.name, None)
        if known is not None and known.generation == environment.generation:
            self._metrics.environment_ready(self._now() - known.started)

    def forget(self, key: str) -> None:
        """Forget an environment that moved to another shard, or is gone without a teardown by this process."""
        with self._lock:
            self._generations.pop(key, None)
            self._teardowns.pop(key, None)

    def finished(self, key: str) -> None:
        """The environment is gone."""
        with self._lock:
            self._generations.pop(key, None)
            started = self._teardowns.pop(key, None)
        if started is not None:
            self._metrics.teardown(self._now() - started)

    def longest_wait(self) -> float:
        """Return the seconds since the start of the oldest generation that users still wait for; 0 without one."""
        with self._lock:
            begun = [known.started for known in self._generations.values() if known.awaited]
        return self._now() - min(begun) if begun else 0.0

    def longest_teardown(self) -> float:
        """Return the age in seconds of the oldest teardown that has not ended; 0 without one."""
        with self._lock:
            begun = list(self._teardowns.values())
        return self._now() - min(begun) if begun else 0.0


@dataclass(frozen=True, slots=True)
class _Measurement:
    """When a generation was first seen. `awaited`: its status may still change without a person."""

    generation: int
    started: float
    awaited: bool


def _is(environment: Environment, *states: State) -> bool:
    status = environment.status
    known = status.get("observedGeneration") == environment.generation
    return known and status.get("applicationStatus") in states
