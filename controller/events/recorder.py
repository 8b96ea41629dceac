"""Posts Events from a bounded queue, in a thread of its own.

`event` only adds to the queue; if the queue is full, the Event is dropped. If the API server cannot be reached, posting
is retried for a while. If the server refuses an Event, it is not retried.
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
from controller.events.metrics import EventMetrics
from controller.events.series import Series, SeriesTable
from controller.events.spam import SpamFilter
from controller.metrics import Registry

log = structlog.get_logger(__name__)

# Seconds between two checks for series that are due.
_HOUSEKEEPING = 60.0
# How often an Event is sent while the API server cannot be reached.
_TRIES = 12
# Seconds between two tries, varied by 25 %.
_RETRY_SECONDS = 10.0


class EventClient(Protocol):
    """The two methods of the client that are used here."""

    def create(self, resource: Resource, obj: Mapping[str, Any], *, namespace: str = "") -> Any:
        """Create."""
        ...

    def patch(self, resource: Resource, name: str, body: Mapping[str, Any], *, namespace: str = "") -> Any:
        """Apply a merge patch."""
        ...


class Recorder:
    """See the module. Call `event` from any thread, and `start` and `stop` once.

    Args:
        controller: the reporting controller, as a qualified name (`tronador.stakater.com/controller`).
        instance: identifies this process of the controller.
        queue_size: the maximum number of waiting Events.
    """

    name = "events"

    def __init__(
        self,
        *,
        client: EventClient,
        controller: str,
        instance: str,
        registry: Registry,
        queue_size: int = 1000,
        clock: Clock | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._client = client
        self._controller = controller
        self._instance = instance
        self._metrics = EventMetrics(registry)
        self._queue_size = queue_size
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
        Normal or Warning; `note` is for people, and is cut to the limit of the API. Never blocks, never raises.
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
            log.exception("event not built", reason=reason)
            self._metrics.failed.inc()
            return
        with self._condition:
            if self._stopping or len(self._queue) >= self._queue_size:
                self._metrics.dropped.inc()
                return
            self._queue.append((event, moment))
            self._condition.notify_all()

    def start(self) -> None:
        """Start posting."""
        self._thread = start_thread("events", self._run)

    def stop(self, timeout: float) -> bool:
        """Post queued Events for at most `timeout` seconds, then end. Returns whether the thread ended. Idempotent."""
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
        """Return nanoseconds for an Event's name, never the same twice, so that names do not collide."""
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
            self._metrics.dropped.inc()
            return
        series = self._series.observe(event, moment)
        if series is None:
            self._metrics.folded.inc()
        else:
            self._post(series)

    def _post(self, series: Series) -> None:
        for attempt in range(1, _TRIES + 1):
            try:
                self._send(series)
            except Stopped:
                raise
            except (ConnectionLost, ServerError, TooManyRequests) as error:
                if attempt < _TRIES and not self._stopping:
                    self._pause()
                    continue
                self._failed(series, error)
            except ApiError as error:
                self._failed(series, error)
            else:
                self._metrics.posted.inc()
            return

    def _pause(self) -> None:
        """Wait before the next try. `stop` cuts the wait short; the Event is then tried once more."""
        until = self._clock.now() + _RETRY_SECONDS * random.uniform(0.75, 1.25)
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
                # The server deletes Events after an hour, and the first one may never have arrived: create it whole.
                self._create({**series.event, "series": counted}, series.namespace)
                return
        self._create(series.event, series.namespace)

    def _create(self, event: dict[str, Any], namespace: str) -> None:
        try:
            self._client.create(EVENTS, event, namespace=namespace)
        except AlreadyExists:
            log.debug("event already posted", name=event["metadata"]["name"])  # an answer was lost, not the request

    def _failed(self, series: Series, error: ApiError) -> None:
        self._metrics.failed.inc()
        log.warning("event not posted", reason=series.event["reason"], error=str(error))
