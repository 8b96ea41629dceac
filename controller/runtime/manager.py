"""Starting and stopping everything in the right order, and nothing twice.

Start: HTTP servers (so that probes are answered from the beginning) -> caches, until every handler has seen the initial
state -> background services -> the elector, if any -> controllers, once elected.

Stop: controllers first (nothing may be reconciled without caches) -> background services (Events of the last reconciles
are still sent) -> caches -> HTTP servers; only then is the lease released, when nothing of ours can write any more.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from controller.apimachinery.clock import Clock, MonotonicClock

log = structlog.get_logger(__name__)


class Runnable(Protocol):
    """Something with threads."""

    @property
    def name(self) -> str:
        """For the log."""
        ...

    def start(self) -> None:
        """Start its threads and return."""
        ...

    def stop(self, timeout: float) -> bool:
        """End its threads within `timeout` seconds; True if they ended. Called at most once, also when not started."""
        ...


class Cache(Runnable, Protocol):
    """A Runnable that has to catch up before anybody may rely on it."""

    def has_synced(self) -> bool:
        """Whether it has, and its handlers too."""
        ...


class Elector(Protocol):
    """See `controller.leaderelection`."""

    def start(self, *, on_started: Callable[[], None], on_lost: Callable[[], None]) -> None:
        """Begin to compete; `on_started` is called once when elected, `on_lost` once when leadership ends unwanted."""
        ...

    def stop(self, timeout: float) -> bool:
        """Stop competing, and release the lease if it is held."""
        ...

    def abandon(self) -> None:
        """Stop competing without touching the lease."""
        ...


class SyncTimeout(Exception):
    """The caches did not catch up in time."""


class LeadershipLost(Exception):
    """Another process may be the leader now: this one has to end at once."""


class Manager:
    """Runs what it is given until told to stop.

    Args:
        graceful_timeout: seconds for stopping, all together.
        sync_timeout: seconds for the caches to catch up.
        poll_interval: how often, in seconds, the caches are asked whether they have.
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
        poll_interval: float = 0.05,
        clock: Clock | None = None,
    ) -> None:
        names = [runnable.name for runnable in (*servers, *caches, *services, *controllers)]
        if len(set(names)) != len(names):
            raise ValueError(f"names must be unique, or metrics and logs mix them up: {sorted(names)}")
        self._servers = servers
        self._caches = caches
        self._services = services
        self._controllers = controllers
        self._elector = elector
        self._graceful_timeout = graceful_timeout
        self._sync_timeout = sync_timeout
        self._poll_interval = poll_interval
        self._clock = clock or MonotonicClock()
        self._condition = threading.Condition()
        self._stop_wanted = False
        self._elected = False
        self._lost = False
        self._caches_synced = False

    def run(self) -> None:
        """Start everything, wait for `stop` (from a signal handler's thread, say), stop everything.

        Raises SyncTimeout, LeadershipLost, or what a `start` raised, after stopping what was started.
        """
        started: list[Sequence[Runnable]] = []
        try:
            self._start(started)
            self._wait(lambda: self._stop_wanted or self._lost, None)
            if self._lost:
                raise LeadershipLost("the lease was lost: ending at once, another process may be the leader")
        except LeadershipLost:
            # No graceful drain: whatever still runs here could write beside the new leader.
            self._stop_all(started, timeout=0.0, release=False)
            raise
        except BaseException:
            # Whatever it was, KeyboardInterrupt included: no thread of what was started may be left behind.
            self._stop_all(started, timeout=self._graceful_timeout, release=True)
            raise
        self._stop_all(started, timeout=self._graceful_timeout, release=True)

    def stop(self) -> None:
        """Have `run` stop everything and return. Idempotent, and safe in a signal handler's thread."""
        with self._condition:
            self._stop_wanted = True
            self._condition.notify_all()

    @property
    def caches_synced(self) -> bool:
        """For the readiness check."""
        return self._caches_synced

    @property
    def elected(self) -> bool:
        """Whether the controllers have been let go: by the elector, or because there is none."""
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
        """Polled, because a sync is as much a matter of the caches' handlers as of the caches."""
        deadline = self._clock.now() + self._sync_timeout
        while not all(cache.has_synced() for cache in self._caches):
            if self._clock.now() >= deadline:
                late = ", ".join(cache.name for cache in self._caches if not cache.has_synced())
                raise SyncTimeout(f"not synced within {self._sync_timeout:g} s: {late}")
            if self._wait(lambda: self._stop_wanted, self._clock.now() + self._poll_interval):
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
                    log.warning("did not stop in time", name=runnable.name)
        if self._elector is not None and release:
            self._elector.stop(max(1.0, deadline - self._clock.now()))
