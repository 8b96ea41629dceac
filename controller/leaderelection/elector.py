"""Acquires, renews and releases a Lease, and reports its loss.

Modelled on client-go tools/leaderelection, without two known faults of it: the gate for writes uses a clock that counts
during a suspend, and a lease that another process has taken over is never released.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog

from controller.apimachinery.clock import Clock
from controller.apimachinery.errors import AlreadyExists, ApiError, Conflict, NotFound, Stopped
from controller.apimachinery.resources import LEASES, Resource
from controller.apimachinery.scope import Scope
from controller.apimachinery.threads import start_thread
from controller.leaderelection import record
from controller.leaderelection.boot_clock import BootClock
from controller.leaderelection.config import JITTER, LeaderElectionConfig
from controller.leaderelection.metrics import LeaderElectionMetrics
from controller.leaderelection.observed_lease import ObservedLease
from controller.metrics import Registry

log = structlog.get_logger(__name__)

# Seconds that the thread gets to end; a process that lost its lease must exit soon.
_ABANDON_TIMEOUT = 1.0


class LeaseClient(Protocol):
    """A client for the Lease only: without retries, without the gate for writes, and with `request_timeout`."""

    def get(self, resource: Resource, name: str, *, namespace: str = "") -> dict[str, Any]:
        """Read."""
        ...

    def create(self, resource: Resource, obj: dict[str, Any], *, namespace: str = "") -> dict[str, Any]:
        """Create."""
        ...

    def replace(self, resource: Resource, name: str, obj: dict[str, Any], *, namespace: str = "") -> dict[str, Any]:
        """Replace an object, if it is still at the resourceVersion of `obj`."""
        ...


class LeaderElector:
    """See the module. Call `start` once; then `stop` (releases the lease) or `abandon` (does not).

    Args:
        wait: waits for the given seconds between two attempts to acquire the lease; may return earlier if another
            attempt is likely to succeed. Raises Stopped, as the current scope does.
    """

    def __init__(
        self,
        *,
        client: LeaseClient,
        config: LeaderElectionConfig,
        registry: Registry | None = None,
        wait: Callable[[float], None] | None = None,
        clock: Clock | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        rand: Callable[[], float] = random.random,
    ) -> None:
        self._client = client
        self._config = config
        self._metrics = LeaderElectionMetrics(registry or Registry(), config.name)
        self._clock = clock or BootClock()
        self._now = now
        self._rand = rand
        self._observed = ObservedLease(clock=self._clock)
        self._scope = Scope(clock=self._clock)
        self._wait = wait or self._scope.wait
        self._thread: threading.Thread | None = None
        # The time (clock seconds) until which this process leads; 0: it does not lead. A single float can be read
        # without a lock.
        self._leading_until = 0.0
        # True while this process has not noticed a loss of the lease, even if the lease has expired by the clock.
        self._leading = False

    def is_leader_now(self) -> bool:
        """Whether this process leads now, by the clock. Every write checks this. Thread-safe."""
        return self._clock.now() < self._leading_until

    def problem(self, tolerance: float = 20.0) -> str | None:
        """Return why the elector is unhealthy, or None.

        A leader that has neither renewed the lease nor exited within `tolerance` seconds after its expiry is stuck.
        """
        if self._leading and self._clock.now() > self._observed.valid_until() + tolerance:
            return f"the lease expired more than {tolerance:g} s ago, but this process neither renewed it nor exited"
        return None

    @property
    def holder(self) -> str:
        """The identity of the leader, as far as this process has seen."""
        return self._observed.holder()

    def start(self, *, on_started: Callable[[], None], on_lost: Callable[[], None]) -> None:
        """Start competing for the lease in a thread.

        `on_started` is called when this process is elected, and `on_lost` once if it then loses the lease. Neither may
        block. `stop` calls neither.
        """
        self._thread = start_thread("leader-elector", lambda: self._run(on_started, on_lost))

    def stop(self, timeout: float) -> bool:
        """Stop competing, and release the lease if this process holds it. Call it after the last write of this process.

        Returns whether the thread ended within `timeout` seconds. Idempotent.
        """
        ended = self._end(timeout)
        if self._leading and ended:
            self._leading = False
            self._leading_until = 0.0
            self._metrics.leading.set(0)
            self._release()
        return ended

    def abandon(self) -> None:
        """Stop competing at once, without releasing the lease."""
        self._leading_until = 0.0
        self._leading = False
        self._end(_ABANDON_TIMEOUT)

    def _end(self, timeout: float) -> bool:
        self._scope.cancel()
        if self._thread is None:
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def _run(self, on_started: Callable[[], None], on_lost: Callable[[], None]) -> None:
        with self._scope.bound():
            try:
                while not self._try():
                    self._wait(self._config.durations.retry_period * (1.0 + self._rand() * JITTER))
                self._leading = True
                self._metrics.leading.set(1)
                log.info("lease acquired", lease=self._config.name, identity=self._config.identity)
                on_started()
                self._renew()
            except Stopped:
                return
        self._leading = False
        self._leading_until = 0.0
        self._metrics.leading.set(0)
        log.error("lease lost", lease=self._config.name, holder=self.holder)
        on_lost()

    def _renew(self) -> None:
        """Renew until the deadline passes or another process holds the lease. Raises Stopped when stopping."""
        while True:
            self._scope.wait(
                min(self._config.durations.retry_period, max(0.0, self._leading_until - self._clock.now()))
            )
            if not self.is_leader_now():
                return
            if not self._try() and self.holder not in ("", self._config.identity):
                return

    def _try(self) -> bool:
        """Try once to acquire or renew the lease. Returns whether that succeeded. Raises no ApiError but Stopped."""
        began = self._clock.now()
        try:
            lease = self._acquire_or_renew(began)
        except Stopped:
            raise
        except (Conflict, AlreadyExists) as error:
            # Another process changed the lease, so our copy is outdated.
            log.debug("lease changed by another process", error=str(error))
            return False
        except ApiError as error:
            log.warning("lease not acquired or renewed", lease=self._config.name, error=str(error))
            return False
        if lease is None:
            return False
        self._observed.see(lease, at=began)
        # Counted from before the request was sent, while other processes count from when they see it, which is later.
        self._leading_until = began + self._config.durations.renew_deadline
        return True

    def _acquire_or_renew(self, began: float) -> dict[str, Any] | None:
        known = self._observed.lease
        if known is not None and self._observed.is_valid() and self.holder == self._config.identity:
            try:
                return self._claim(dict(known))
            except ApiError as error:
                if isinstance(error, Stopped):
                    raise
                self._metrics.slow_path.inc()
                log.debug("lease not renewed at the first attempt", error=str(error))
        try:
            lease = self._client.get(LEASES, self._config.name, namespace=self._config.namespace)
        except NotFound:
            return self._create()
        self._observed.see(lease)
        holder = record.holder_of(lease)
        if holder and holder != self._config.identity and self._observed.is_valid():
            return None
        return self._claim(lease)

    def _create(self) -> dict[str, Any]:
        config = self._config
        lease = record.new(
            namespace=config.namespace,
            name=config.name,
            identity=config.identity,
            duration=config.durations.lease_duration,
            now=self._now(),
        )
        return self._client.create(LEASES, lease, namespace=config.namespace)

    def _claim(self, lease: dict[str, Any]) -> dict[str, Any]:
        config = self._config
        wanted = record.claimed(
            lease, identity=config.identity, duration=config.durations.lease_duration, now=self._now()
        )
        return self._client.replace(LEASES, config.name, wanted, namespace=config.namespace)

    def _release(self) -> None:
        """Release the lease if a fresh read shows that we hold it. If this fails, the others wait for its expiry."""
        config = self._config
        try:
            lease = self._client.get(LEASES, config.name, namespace=config.namespace)
            if record.holder_of(lease) != config.identity:
                return
            self._client.replace(
                LEASES, config.name, record.released(lease, now=self._now()), namespace=config.namespace
            )
            log.info("lease released", lease=config.name)
        except ApiError as error:
            log.warning("lease not released", lease=config.name, error=str(error))
