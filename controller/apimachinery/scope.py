"""Cancellation and deadlines for everything that a thread does, like a context in Go.

A thread binds a Scope around a piece of work. Code inside that blocks (an HTTP read, a wait before a retry) looks up
the scope, registers how it can be interrupted, and waits no longer than until the deadline. So a reconcile can have a
deadline, and a reflector can be stopped in the middle of a read, without an extra parameter in every function.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from controller.apimachinery.clock import Clock, MonotonicClock
from controller.apimachinery.errors import RequestTimeout, Stopped


class Scope:
    """Can be cancelled from any thread, and may have a deadline (`timeout` seconds from now)."""

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
        """Return the seconds until the deadline (0 if it has passed), or None without a deadline."""
        return None if self._deadline is None else max(0.0, self._deadline - self._clock.now())

    def cancel(self) -> None:
        """Stop everything that runs under this scope, and interrupt blocked calls at once. Idempotent."""
        with self._condition:
            self._cancelled = True
            interrupts = list(self._interrupts)
            self._condition.notify_all()
        for interrupt in interrupts:
            interrupt()

    def check(self) -> None:
        """Raise `Stopped` if the scope is cancelled, and `RequestTimeout` if the deadline has passed."""
        if self._cancelled:
            raise Stopped("stopping")
        if self.expired:
            raise RequestTimeout("the deadline of this operation has passed")

    def wait(self, seconds: float) -> None:
        """Wait for `seconds`, at most until the deadline. Raises like `check`."""
        until = self._clock.now() + seconds
        if self._deadline is not None:
            until = min(until, self._deadline)
        with self._condition:
            while not self._cancelled and self._clock.now() < until:
                self._clock.wait_until(self._condition, until)
        self.check()

    @contextmanager
    def interrupting(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """In this context, `cancel` calls `interrupt` in the cancelling thread. It must not block or raise.

        Raises `Stopped` on entry if the scope is already cancelled.
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
        """In this context, make this the scope of the current thread."""
        token = _current.set(self)
        try:
            yield self
        finally:
            _current.reset(token)


_current: ContextVar[Scope | None] = ContextVar("scope", default=None)


def current_scope() -> Scope | None:
    """Return the innermost scope that is bound in this thread, or None."""
    return _current.get()
