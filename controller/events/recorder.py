"""Posting Events from a thread of its own, out of a bounded queue.

`event` only puts something into the queue; when it is full, Events are dropped. Posting is tried again for a while when
the API server cannot be reached, and given up at once when it refuses.
"""

from __future__ import annotations

import random
import threading
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog

from controller.apimachinery.clock import Clock, MonotonicClock
from controller.apimachinery.errors import (
    AlreadyExists,
    ApiError,
    ConnectionLost,
    NotFound,
    ServerError,
    Stopped,
    TooManyRequests,
)
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import EVENTS, Resource
from controller.apimachinery.scope import Scope
from controller.apimachinery.threads import start_thread
from controller.events import content
from controller.events.series import Series, SeriesTable
from controller.events.spam import SpamFilter

log = structlog.get_logger(__name__)

# How often, in seconds, the series are looked through.
_HOUSEKEEPING = 60.0


class EventMetrics(Protocol):
    """What the recorder reports about itself."""

    def event(self, outcome: str) -> None:
        """An Event was "posted", "folded" into a series, "dropped" or "failed"."""
        ...


class EventClient(Protocol):
    """The two methods of the client that are needed here."""

    def create(self, resource: Resource, obj: Mapping[str, Any], *, namespace: str = "") -> Any:
        """Create."""
        ...

    def patch(self, resource: Resource, name: str, body: Mapping[str, Any], *, namespace: str = "") -> Any:
        """Merge patch."""
        ...


class Recorder:
    """See the module. `event` from any thread; `start` and `stop` once.

    Args:
        controller: who reports, as a qualified name (`tronador.stakater.com/controller`).
        instance: which process of it.
        queue_size: Events waiting at most.
        tries, retry_seconds: how often, and with which pause (varied by 25 %), an unreachable API server is tried.
    """

    name = "events"

    def __init__(
        self,
        *,
        client: EventClient,
        controller: str,
        instance: str,
        metrics: EventMetrics,
        queue_size: int = 1000,
        tries: int = 12,
        retry_seconds: float = 10.0,
        clock: Clock | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._controller = controller
        self._instance = instance
        self._metrics = metrics
        self._queue_size = queue_size
        self._tries = tries
        self._retry_seconds = retry_seconds
        self._clock = clock or MonotonicClock()
        self._now = now
        self._series = SeriesTable(clock=self._clock)
        self._spam = SpamFilter(clock=self._clock)
        self._scope = Scope(clock=self._clock)
        self._condition = threading.Condition()
        self._queue: deque[tuple[dict[str, Any], datetime]] = deque()
        self._last_stamp = 0
        self._stopping = False
        self._thread: threading.Thread | None = None

    def event(
        self,
        regarding: Object,
        *,
        type: str,  # noqa: A002  # the API's name
        reason: str,
        action: str,
        note: str,
        related: Object | None = None,
    ) -> None:
        """Report that `reason` (CamelCase) happened while doing `action` (CamelCase) to `regarding`.

        `regarding` and `related` are objects, or references with apiVersion, kind, name, uid and namespace. `type` is
        Normal or Warning; `note` is for people, and cut to what the API allows. Never blocks, never raises.
        """
        try:
            moment = self._now()
            event = content.build(
                regarding=regarding,
                related=related,
                moment=moment,
                stamp=self._stamp(moment),
                controller=self._controller,
                instance=self._instance,
                type_=type,
                reason=reason,
                action=action,
                note=note,
            )
        except Exception:  # an Event that cannot be built must not fail the reconcile that reports it
            log.exception("event could not be built", reason=reason)
            self._metrics.event("failed")
            return
        with self._condition:
            if self._stopping or len(self._queue) >= self._queue_size:
                self._metrics.event("dropped")
                return
            self._queue.append((event, moment))
            self._condition.notify_all()

    def start(self) -> None:
        """Start posting."""
        self._thread = start_thread("events", self._run)

    def stop(self, timeout: float) -> bool:
        """Post what is queued, for at most `timeout` seconds, then end; True when the thread ended. Idempotent."""
        with self._condition:
            self._stopping = True
            self._condition.notify_all()
        if self._thread is None:
            return True
        self._thread.join(timeout)
        self._scope.cancel()
        self._thread.join(1.0)
        return not self._thread.is_alive()

    def _stamp(self, moment: datetime) -> int:
        """Nanoseconds for a name, never the same twice: two Events of one moment must not collide."""
        with self._condition:
            self._last_stamp = max(self._last_stamp + 1, int(moment.timestamp() * 1e9))
            return self._last_stamp

    def _run(self) -> None:
        with self._scope.bound():
            housekeeping = self._clock.now() + _HOUSEKEEPING
            while True:
                with self._condition:
                    while not self._queue and not self._stopping and self._clock.now() < housekeeping:
                        self._clock.wait_until(self._condition, housekeeping)
                    if self._stopping and not self._queue:
                        return
                    queued = self._queue.popleft() if self._queue else None
                try:
                    if queued is not None:
                        self._process(*queued)
                    if self._clock.now() >= housekeeping:
                        housekeeping = self._clock.now() + _HOUSEKEEPING
                        for series in self._series.due():
                            self._post(series)
                except Stopped:
                    return

    def _process(self, event: dict[str, Any], moment: datetime) -> None:
        if not self._spam.allows(repr(sorted(event["regarding"].items()))):
            self._metrics.event("dropped")
            return
        series = self._series.observe(event, moment)
        if series is None:
            self._metrics.event("folded")
        else:
            self._post(series)

    def _post(self, series: Series) -> None:
        for attempt in range(1, self._tries + 1):
            try:
                self._send(series)
            except Stopped:
                raise
            except (ConnectionLost, ServerError, TooManyRequests) as error:
                if attempt < self._tries and not self._stopping:
                    self._pause()
                    continue
                self._failed(series, error)
            except ApiError as error:
                self._failed(series, error)
            else:
                self._metrics.event("posted")
            return

    def _pause(self) -> None:
        """Wait before the next try. A stop ends it: then there is one more try, and nobody waits any longer."""
        until = self._clock.now() + self._retry_seconds * random.uniform(0.75, 1.25)
        with self._condition:
            while not self._stopping and self._clock.now() < until:
                self._clock.wait_until(self._condition, until)

    def _send(self, series: Series) -> None:
        if series.count > 1:
            counted = {"count": series.count, "lastObservedTime": content.micro_time(series.last_observed)}
            try:
                self._client.patch(EVENTS, series.name, {"series": counted}, namespace=series.namespace)
                return
            except NotFound:
                # Events live for an hour only, and the first may never have arrived: tell it all.
                self._create({**series.event, "series": counted}, series.namespace)
                return
        self._create(series.event, series.namespace)

    def _create(self, event: dict[str, Any], namespace: str) -> None:
        try:
            self._client.create(EVENTS, event, namespace=namespace)
        except AlreadyExists:
            log.debug("event is there already", name=event["metadata"]["name"])  # an answer was lost, not the request

    def _failed(self, series: Series, error: ApiError) -> None:
        self._metrics.event("failed")
        log.warning("event not posted", reason=series.event["reason"], error=str(error))
