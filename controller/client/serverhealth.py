"""Tracks whether the API server answers, from the results of all requests. Wakes waiting threads when it returns.

During an outage every user of the server backs off, for up to a minute, to avoid overloading it when it comes back.
Once it is back, waiting any longer is lost time. So one success anywhere (a lease renewal, a list, a probe) wakes all
waiting threads, spread over about a second.

The three states:

- *well*: the last request that can be judged was answered.
- *in doubt*: a request failed in a way that may mean that the server is unavailable. The failure may also concern one
  resource only, so the prober asks the server whether it is ready.
- *away*: the probe failed too.

Threads are woken only when *away* ends. A server that answers one request and fails the next must not get requests at
full speed. So the pause between two wake-ups doubles, up to ten seconds, until a minute passes without a wake-up.
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
# Seconds between two wake-ups: the first pause, the longest pause, and the time without a wake-up that resets it.
_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 10.0
_PAUSE_FORGOTTEN: Final = 60.0


class _State(Enum):
    WELL = "well"
    IN_DOUBT = "in doubt"
    AWAY = "away"


class ServerHealth:
    """See the module. Thread-safe. All clients of one server share one instance."""

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
        # Whether a wake-up is due at the end of the pause, because the server came back too soon after the last one.
        self._wake_owed = False

    @property
    def epoch(self) -> int:
        """The number of wake-ups so far. Read it before a request, and pass it to `wait` if the request fails."""
        return self._epoch

    @property
    def away(self) -> bool:
        """Whether the server is known to be unavailable."""
        return self._state is _State.AWAY

    def subscribe(self, callback: Callable[[], None]) -> None:
        """Call `callback` at each wake-up, in the thread that noticed the server's return. It must not block."""
        with self._condition:
            self._callbacks.append(callback)

    def judge(self, error: ApiError | None) -> None:
        """Record a request that succeeded (`error` is None) or failed."""
        if error is None or means_server_answers(error):
            self.answered()
        elif means_server_away(error):
            with self._condition:
                if self._state is _State.WELL:
                    self._state = _State.IN_DOUBT
                    self._condition.notify_all()

    def answered(self) -> None:
        """Record that the server has answered a request."""
        if self._state is _State.WELL:  # without the lock, as this is the case for nearly every request
            return
        with self._condition:
            was_away = self._state is _State.AWAY
            self._state = _State.WELL
            if was_away:
                log.info("API server available again", seconds_away=round(self._clock.now() - self._away_since, 1))
                self._wake_owed = True
            callbacks = self._wake_if_due_locked()
        _call(callbacks)

    def probe_failed(self) -> None:
        """Record that the server is not ready or did not answer the probe."""
        with self._condition:
            if self._state is _State.IN_DOUBT:
                self._state = _State.AWAY
                self._away_since = self._clock.now()
                log.warning("API server unavailable")

    def wait(self, seconds: float, *, since: int, at_least: float = 0.0) -> bool:
        """Wait under the current scope. Returns True if the server's return after epoch `since` cut the wait short.

        A wait that is cut short still lasts a random part of `_SPREAD` seconds, and at least `at_least` seconds.
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
        """Block the prober until the server's health is in doubt. Meanwhile, run the wake-ups that become due."""
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
        """Begin a new epoch if a wake-up is due. Returns the callbacks to call after the lock is released."""
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
