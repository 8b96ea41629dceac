"""Whether the API server answers, as every request of the process shows. Wakes the threads that wait for its return.

During an outage everything that talks to the server backs off, up to a minute, which spares a server that is about to
come back. Once it is back, further sleep is lost time. So one success anywhere (a lease renewal, a list, a probe) wakes
everything that waits, spread over about a second.

The three states:

- *well*: the last request that can be judged was answered.
- *in doubt*: one failed in a way that may mean that the server is away. It may also concern one resource only, so the
  prober asks the server whether it is ready.
- *away*: the probe failed too.

Only the end of *away* wakes them. A server that answers one request and fails the next must not be asked at full speed,
so the pause between two wake-ups doubles, up to ten seconds, until a minute passes without one.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from enum import Enum
from typing import Final

import structlog

from controller.apimachinery.clock import Clock, MonotonicClock
from controller.apimachinery.errors import ApiError, means_server_answers, means_server_away
from controller.apimachinery.scope import Scope, current_scope

log = structlog.get_logger(__name__)

# Seconds over which the waiting threads wake up.
_SPREAD: Final = 1.0
# Seconds between two wake-ups: the first pause, the longest, and after how long without one the first counts again.
_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 10.0
_PAUSE_FORGOTTEN: Final = 60.0


class _State(Enum):
    WELL = "well"
    IN_DOUBT = "in doubt"
    AWAY = "away"


class ServerHealth:
    """See the module. Thread-safe; all clients of one server share one."""

    def __init__(self, *, clock: Clock | None = None, rand: Callable[[], float] = random.random) -> None:
        self._clock = clock or MonotonicClock()
        self._rand = rand
        self._condition = threading.Condition()
        self._state = _State.WELL
        self._away_since = 0.0
        self._epoch = 0
        self._callbacks: list[Callable[[], None]] = []
        self._last_wake: float | None = None
        self._pause = _PAUSE
        # The server came back too soon after the last wake-up: the next one is due at the end of the pause.
        self._wake_owed = False

    @property
    def epoch(self) -> int:
        """How often waiters have been woken. Note it before a request, and pass it to `wait` if that fails."""
        return self._epoch

    @property
    def away(self) -> bool:
        """Whether the server is known to be away."""
        return self._state is _State.AWAY

    def subscribe(self, callback: Callable[[], None]) -> None:
        """Call `callback` at each wake-up, from the thread that found the server to answer; it must not block."""
        with self._condition:
            self._callbacks.append(callback)

    def judge(self, error: ApiError | None) -> None:
        """Learn from a request that succeeded (None) or failed with `error`."""
        if error is None or means_server_answers(error):
            self.answered()
        elif means_server_away(error):
            with self._condition:
                if self._state is _State.WELL:
                    self._state = _State.IN_DOUBT
                    self._condition.notify_all()

    def answered(self) -> None:
        """The server has answered a request, and so is well."""
        if self._state is _State.WELL:  # without the lock, as this is the case for nearly every request
            return
        with self._condition:
            was_away = self._state is _State.AWAY
            self._state = _State.WELL
            if was_away:
                log.info("the API server answers again", seconds_away=round(self._clock.now() - self._away_since, 1))
                self._wake_owed = True
            callbacks = self._wake_if_due_locked()
        _call(callbacks)

    def probe_failed(self) -> None:
        """The server says that it is not ready, or does not answer the probe."""
        with self._condition:
            if self._state is _State.IN_DOUBT:
                self._state = _State.AWAY
                self._away_since = self._clock.now()
                log.warning("the API server does not answer; everything is tried again as soon as it does")

    def wait(self, seconds: float, *, since: int, at_least: float = 0.0) -> bool:
        """Wait as the current scope does; True when it was cut short because the server came back after `since`.

        `since` is an `epoch`. The wait is cut to a random part of `_SPREAD` seconds, and never below `at_least`.
        """
        scope = current_scope() or Scope(clock=self._clock)
        began = self._clock.now()
        left = scope.remaining()
        until = began + (seconds if left is None else min(seconds, left))
        woken = False
        with scope.interrupting(self._notify), self._condition:
            while not scope.cancelled and self._clock.now() < until:
                if not woken and self._epoch != since:
                    woken = True
                    until = min(until, max(began + at_least, self._clock.now() + self._rand() * _SPREAD))
                    continue
                self._clock.wait_until(self._condition, until)
        scope.check()
        return woken

    def wait_for_doubt(self) -> None:
        """For the prober: return when the server is not known to be well, and give the wake-ups due until then."""
        scope = current_scope() or Scope(clock=self._clock)
        with scope.interrupting(self._notify):
            while not scope.cancelled:
                with self._condition:
                    if self._state is not _State.WELL:
                        break
                    callbacks = self._wake_if_due_locked()
                    if not callbacks:
                        self._clock.wait_until(self._condition, self._next_wake_locked() if self._wake_owed else None)
                _call(callbacks)
        scope.check()

    def _wake_if_due_locked(self) -> list[Callable[[], None]]:
        """Begin another epoch if a wake-up is owed and due: what is to be called then, outside of the lock."""
        now = self._clock.now()
        if not self._wake_owed:
            return []
        if now < self._next_wake_locked():
            self._condition.notify_all()  # the prober waits until it is due
            return []
        quiet = self._last_wake is None or now - self._last_wake > _PAUSE_FORGOTTEN
        self._pause = _PAUSE if quiet else min(_LONGEST_PAUSE, self._pause * 2)
        self._last_wake = now
        self._wake_owed = False
        self._epoch += 1
        self._condition.notify_all()
        return list(self._callbacks)

    def _next_wake_locked(self) -> float:
        return float("-inf") if self._last_wake is None else self._last_wake + self._pause

    def _notify(self) -> None:
        with self._condition:
            self._condition.notify_all()


def _call(callbacks: list[Callable[[], None]]) -> None:
    for callback in callbacks:
        callback()
