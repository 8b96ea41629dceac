"""Starts and stops everything in the right order, each part at most once.

Start: HTTP servers (so that probes are answered from the beginning) -> caches, until every handler has processed the
initial state -> background services -> the elector, if any -> controllers, once this process is elected.

Stop: controllers first (a reconcile needs the caches) -> background services (Events of the last reconciles are still
sent) -> caches -> HTTP servers. The lease is released last, when this process cannot write any more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from controller.apimachinery.clock import Clock, MonotonicClock

log = structlog.get_logger(__name__)

# Seconds between two checks whether the caches have caught up.
_POLL_INTERVAL = 0.05


class Runnable(Protocol):
    """Something with threads."""

    @property
    def name(self) -> str:
        """The name for log lines and errors."""
        ...

    def start(self) -> None:
        """Start its threads and return."""
        ...

    def stop(self, timeout: float) -> bool:
        """End the threads; return whether they ended in `timeout` seconds. Called at most once, even if not started."""
        ...


class Cache(Runnable, Protocol):
    """A Runnable that must catch up with the server before it can be used."""

    def has_synced(self) -> bool:
        """Whether the cache and its handlers have caught up."""
        ...


class Elector(Protocol):
    """See `controller.leaderelection`."""

    def start(self, *, on_started: Callable[[], None], on_lost: Callable[[], None]) -> None:
        """Start competing. `on_started` is called once after the election, `on_lost` once if leadership is lost."""
        ...

    def stop(self, timeout: float) -> bool:
        """Stop competing, and release the lease if this process holds it."""
        ...

    def abandon(self) -> None:
        """Stop competing without touching the lease."""
        ...


class SyncTimeout(Exception):
    """The caches did not catch up with the server in time."""


class LeadershipLost(Exception):
    """This process lost the lease. It must exit at once, because another process may be the leader now."""


class Manager:
    """Runs all parts of the process until `stop` is called.

    Args:
        graceful_timeout: seconds for stopping everything.
        sync_timeout: seconds for the caches to catch up.
    """

    def __init__(
        self,
        *,
        servers: Sequence[Runnable] = (),
        caches: Sequence[Cache] = (),
        services: Sequence[Runnable] = (),
        controllers: Sequence[Runnable] = (),
        elector: Elector | None = None,
        graceful_timeout: float = 30.0,
        sync_timeout: float = 120.0,
        clock: Clock | None = None,
    ) -> None:
        names = [runnable.name for runnable in (*servers, *caches, *services, *controllers)]
        if len(set(names)) != len(names):
            raise ValueError(f"names must be unique, because metrics and logs use them: {sorted(names)}")
        self._servers = servers
        self._caches = caches
        self._services = services
        self._controllers = controllers
        self._elector = elector
        self._graceful_timeout = graceful_timeout
        self._sync_timeout = sync_timeout
        self._clock = clock or MonotonicClock()
        self._condition = threading.Condition()
        self._stop_wanted = False
        self._elected = False
        self._lost = False
        self._caches_synced = False

    def run(self) -> None:
        """Start everything, wait for a call of `stop` (for example by a signal handler), and stop everything.

        Raises SyncTimeout, LeadershipLost, or the exception of a failed `start`, after stopping what was started.
        """
        started: list[Sequence[Runnable]] = []
        try:
            self._start(started)
            self._wait(lambda: self._stop_wanted or self._lost, None)
            if self._lost:
                raise LeadershipLost("the lease was lost: exiting at once, because another process may be the leader")
        except LeadershipLost:
            # No graceful drain: a reconcile that still runs could write at the same time as the new leader.
            self._stop_all(started, timeout=0.0, release=False)
            raise
        except BaseException:
            # After every exception, KeyboardInterrupt included: do not leave any thread running.
            self._stop_all(started, timeout=self._graceful_timeout, release=True)
            raise
        self._stop_all(started, timeout=self._graceful_timeout, release=True)

    def stop(self) -> None:
        """Make `run` stop everything and return. Idempotent, and safe to call from a signal handler's thread."""
        with self._condition:
            self._stop_wanted = True
            self._condition.notify_all()

    @property
    def caches_synced(self) -> bool:
        """Whether the caches have caught up; for the readiness check."""
        return self._caches_synced

    @property
    def elected(self) -> bool:
        """Whether the controllers may run: this process was elected, or there is no elector."""
        return self._elected

    def _start(self, started: list[Sequence[Runnable]]) -> None:
        for group in (self._servers, self._caches):
            started.append(group)
            for runnable in group:
                runnable.start()
        self._await_caches()
        started.append(self._services)
        for service in self._services:
            service.start()
        if self._elector is not None:
            self._elector.start(on_started=self._on_started, on_lost=self._on_lost)
            self._wait(lambda: self._elected or self._lost or self._stop_wanted, None)
        else:
            self._on_started()
        if self._stop_wanted or self._lost:
            return
        started.append(self._controllers)
        for controller in self._controllers:
            controller.start()

    def _await_caches(self) -> None:
        """Wait until the caches have synced. This polls, because a sync depends on the handlers too."""
        deadline = self._clock.now() + self._sync_timeout
        while not all(cache.has_synced() for cache in self._caches):
            if self._clock.now() >= deadline:
                late = ", ".join(cache.name for cache in self._caches if not cache.has_synced())
                raise SyncTimeout(f"caches not synced within {self._sync_timeout:g} s: {late}")
            if self._wait(lambda: self._stop_wanted, self._clock.now() + _POLL_INTERVAL):
                return
        self._caches_synced = True

    def _wait(self, until: Callable[[], bool], deadline: float | None) -> bool:
        with self._condition:
            while not until():
                if deadline is not None and self._clock.now() >= deadline:
                    return False
                self._clock.wait_until(self._condition, deadline)
            return True

    def _on_started(self) -> None:
        with self._condition:
            self._elected = True
            self._condition.notify_all()

    def _on_lost(self) -> None:
        with self._condition:
            self._lost = True
            self._condition.notify_all()

    def _stop_all(self, started: list[Sequence[Runnable]], *, timeout: float, release: bool) -> None:
        deadline = self._clock.now() + timeout
        if self._elector is not None and not release:
            self._elector.abandon()
        wanted = [self._controllers, self._services, self._caches, self._servers]
        for group in (group for group in wanted if any(group is one for one in started)):
            for runnable in group:
                if not runnable.stop(max(0.0, deadline - self._clock.now())):
                    log.warning("component did not stop in time", name=runnable.name)
        if self._elector is not None and release:
            self._elector.stop(max(1.0, deadline - self._clock.now()))
