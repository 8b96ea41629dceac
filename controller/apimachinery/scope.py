"""What a Go programmer would do with a context: one object that says "stop" or "too late" to everything a thread does.

A thread binds a Scope around a piece of work; whatever blocks below it (an HTTP read, a wait before a retry) looks the
scope up, registers how to be interrupted, and limits its waiting to the time that is left. So a reconcile can have a
deadline, and a reflector can be stopped in the middle of a read, without a parameter through every function.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from controller.apimachinery.clock import Clock, MonotonicClock
from controller.apimachinery.errors import RequestTimeout, Stopped


class Scope:
    """Cancellation from any thread, and an optional deadline (`timeout` in seconds from now)."""

    def __init__(self, *, timeout: float | None = None, clock: Clock | None = None) -> None:
        self._clock = clock or MonotonicClock()
        self._deadline = None if timeout is None else self._clock.now() + timeout
        self._condition = threading.Condition()
        self._cancelled = False
        self._interrupts: list[Callable[[], None]] = []

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._cancelled

    @property
    def expired(self) -> bool:
        """Whether the deadline has passed."""
        return self._deadline is not None and self._clock.now() >= self._deadline

    def remaining(self) -> float | None:
        """Seconds until the deadline (0 when it has passed), or None without one."""
        return None if self._deadline is None else max(0.0, self._deadline - self._clock.now())

    def cancel(self) -> None:
        """Stop everything that runs under this scope; what is blocked is interrupted at once. Idempotent."""
        with self._condition:
            self._cancelled = True
            interrupts = list(self._interrupts)
            self._condition.notify_all()
        for interrupt in interrupts:
            interrupt()

    def check(self) -> None:
        """Raise `Stopped` when cancelled, `RequestTimeout` when the deadline has passed."""
        if self._cancelled:
            raise Stopped("stopping")
        if self.expired:
            raise RequestTimeout("the time allowed for this piece of work is over")

    def wait(self, seconds: float) -> None:
        """Wait, at most until the deadline; then `check()`."""
        until = self._clock.now() + seconds
        if self._deadline is not None:
            until = min(until, self._deadline)
        with self._condition:
            while not self._cancelled and self._clock.now() < until:
                self._clock.wait_until(self._condition, until)
        self.check()

    @contextmanager
    def interrupting(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """While inside, `cancel` calls `interrupt` (from the cancelling thread; it must not block or raise).

        Raises `Stopped` on entry when the scope is cancelled already.
        """
        with self._condition:
            if self._cancelled:
                raise Stopped("stopping")
            self._interrupts.append(interrupt)
        try:
            yield
        finally:
            with self._condition:
                self._interrupts.remove(interrupt)

    @contextmanager
    def bound(self) -> Iterator[Scope]:
        """Make this the scope of what the current thread does inside."""
        token = _current.set(self)
        try:
            yield self
        finally:
            _current.reset(token)


_current: ContextVar[Scope | None] = ContextVar("scope", default=None)


def current_scope() -> Scope | None:
    """The scope bound around the caller, or None."""
    return _current.get()
