"""Keeps a copy of one resource current: reads the initial state, then watches, and recovers from failures of both.

The reflector decides when to list, watch and wait; the sink decides what to do with the objects. The reflector runs in
one thread and calls its sink from that thread only, in the order in which the server sent the changes.
"""

from __future__ import annotations

import random
import threading
from typing import Any

import structlog

from controller.apimachinery import objects
from controller.apimachinery.clock import Clock
from controller.apimachinery.errors import (
    ApiError,
    ConnectionLost,
    Expired,
    MalformedAnswer,
    NotFound,
    RequestTimeout,
    ServerError,
    StatusError,
    Stopped,
    TooManyRequests,
    means_server_away,
    status_error,
)
from controller.apimachinery.scope import Scope
from controller.cache.backoff import Backoff
from controller.cache.freshness import Freshness
from controller.cache.initial_state import InitialState
from controller.cache.listwatch import Collection, ListWatch, ReflectorSettings, Sink, is_version_unavailable
from controller.cache.metrics import InformerMetrics
from controller.cache.recovery import Recovery
from controller.cache.trouble import TroubleLog
from controller.cache.versions import is_older
from controller.client.stream import WatchStream

log = structlog.get_logger(__name__)


# Seconds over which watches are reopened when the server is back.
_SPREAD = 1.0


class _OpeningLost(ConnectionLost):
    """A watch could not be opened: no connection, or no answer on it."""


class _ShortWatch(ConnectionLost):
    """A watch ended at once without advancing the version."""


class _Rewound(ApiError):
    """The server sent an older version than before: it was restored from a backup and has a different history."""


class Reflector:
    """See the module. Call `run` in a thread of its own, and `stop` from any other."""

    def __init__(
        self,
        *,
        client: ListWatch,
        collection: Collection,
        sink: Sink,
        settings: ReflectorSettings,
        backoff: Backoff,
        freshness: Freshness,
        recovery: Recovery,
        metrics: InformerMetrics,
        clock: Clock,
    ) -> None:
        self._client = client
        self._collection = collection
        self._sink = sink
        self._settings = settings
        self._backoff = backoff
        self._freshness = freshness
        self._recovery = recovery
        self._metrics = metrics
        self._clock = clock
        self._scope = Scope(clock=clock)
        self._trouble = TroubleLog(resource=collection.resource)
        self._initial_state = InitialState(
            client=client, collection=collection, sink=sink, settings=settings, metrics=metrics, clock=clock
        )
        # The copy is complete up to here; "" before the first initial state.
        self._version = ""
        # The server cannot serve `_version` any more (or not yet), so the next initial state must not ask for it.
        self._version_unavailable = False
        # Whether the initial state was read since the last failure. If so, the next failure is one of the watch.
        self._listed = False
        # The epoch of `_recovery` in which the last request began.
        self._epoch = 0
        self._lock = threading.Lock()
        # The open watch, and whether `_reopen` has closed it.
        self._stream: WatchStream | None = None
        self._reopening = False
        recovery.subscribe(self._reopen)

    def run(self) -> None:
        """List and watch until `stop`."""
        with self._scope.bound():
            while not self._scope.cancelled:
                try:
                    self._list_and_watch()
                    continue
                except Stopped:
                    return
                except ApiError as error:
                    failure: Exception = error
                except Exception as error:  # a bug must not stop the informer silently
                    log.exception("cache update failed", resource=str(self._collection.resource))
                    failure = error
                try:
                    self._failed(failure)
                except Stopped:
                    return

    def stop(self) -> None:
        """Make `run` return soon, even if it is blocked in a read. Idempotent."""
        self._scope.cancel()

    def _list_and_watch(self) -> None:
        """Read the initial state and watch. Returns when watches were silent for too long.

        Raises the error that makes it necessary to read the initial state again.
        """
        self._listed = False
        self._epoch = self._recovery.epoch
        stream = self._read_initial_state()
        self._listed = True
        self._freshness.confirmed()
        self._version_unavailable = False
        self._trouble.over("list")
        internal_error_since: float | None = None
        silences = 0
        # A half-open connection, or a server restored from a backup, may never send anything on a watch, not even a
        # bookmark. After several silent watches the state has to be read again.
        while silences < self._settings.silent_watches:
            try:
                if stream is None:
                    stream = self._open_watch()
                    self._trouble.over("connect")
                opened, stream = stream, None
                silences = 0 if self._follow(opened) else silences + 1
                internal_error_since = None
            except TooManyRequests as error:
                self._pause(error)
            except _OpeningLost as error:
                # This trouble is over as soon as a watch opens. Whether watching works shows only at its first event.
                self._pause(error, phase="connect")
            except ServerError as error:
                if error.code != 500 or self._settings.internal_error_retry <= 0:
                    raise
                now = self._clock.now()
                internal_error_since = now if internal_error_since is None else internal_error_since
                if now - internal_error_since >= self._settings.internal_error_retry:
                    raise
                self._pause(error)

    def _read_initial_state(self) -> WatchStream | None:
        """Replace the copy. Returns the stream to continue with, or None if a watch must be opened at `_version`."""
        version = "" if self._version_unavailable else self._version
        try:
            stream, self._version = self._initial_state.read(minimum_version=version)
        except StatusError as error:
            if not version or not is_version_unavailable(error):
                raise
            # Retry at once and accept any version: the requested one may never become available.
            self._version_unavailable = True
            stream, self._version = self._initial_state.read(minimum_version="")
        return stream

    def _open_watch(self) -> WatchStream:
        self._epoch = self._recovery.epoch
        try:
            return self._client.watch(
                self._collection.resource,
                **self._collection.arguments(),
                resource_version=self._version,
                timeout_seconds=random.randint(*self._settings.watch_timeout),
                allow_bookmarks=True,
                read_timeout=self._settings.watch_silence,
            )
        except MalformedAnswer:
            raise
        except ConnectionLost as error:
            raise _OpeningLost(str(error)) from error

    def _follow(self, stream: WatchStream) -> bool:
        """Pass on the events of a watch until it ends. Returns whether it sent an event or ended normally.

        A silence or a lost connection ends the watch without an error.
        """
        started, version = self._clock.now(), self._version
        events = 0
        silent = False
        broken: ConnectionLost | None = None
        self._opened(stream)
        try:
            with stream:
                for event in stream:
                    events += 1
                    self._handle(event)
        except RequestTimeout:
            silent = True
            log.debug("silent watch reopened", resource=str(self._collection.resource))
        except ConnectionLost as error:
            broken = error
        finally:
            reopening = self._closed()
        seconds = self._clock.now() - started
        # Events that do not advance the version (malformed, or a bookmark at our version) would come again at once.
        short = version == self._version and not (silent or reopening) and seconds < self._settings.short_watch
        self._metrics.watches.inc()
        self._metrics.watch_duration.observe(seconds)
        self._metrics.watch_items.observe(events)
        if short:
            self._metrics.short_watches.inc()
            reason = broken or "closed by the server"
            raise _ShortWatch(f"the watch ended after {seconds:.2f} s without advancing: {reason}") from broken
        if reopening:
            self._recovery.wait(_SPREAD, since=self._epoch)
        elif broken is None and not silent:
            self._freshness.confirmed()
        return events > 0 or not silent

    def _opened(self, stream: WatchStream) -> None:
        with self._lock:
            self._stream, self._reopening = stream, False
        self._freshness.opened()

    def _closed(self) -> bool:
        """Record that the watch has ended. Returns whether `_reopen` ended it."""
        self._freshness.closed()
        with self._lock:
            self._stream = None
            return self._reopening

    def _reopen(self) -> None:
        """Reopen the watch after an outage of the server.

        The network may have lost the old connection, and TCP resends a lost packet after up to two minutes. So events
        may arrive on it late or never.
        """
        with self._lock:
            stream = self._stream
            self._reopening = stream is not None
        if stream is not None:
            stream.close()

    def _handle(self, event: dict[str, Any]) -> None:
        kind, raw = event["type"], event["object"]
        if kind == "ERROR":
            raise status_error(objects.number(raw.get("code")) or 500, raw)
        version = objects.text(objects.mapping(raw.get("metadata")).get("resourceVersion"))
        if kind in ("BOOKMARK", "ADDED", "MODIFIED", "DELETED") and is_older(version, self._version):
            self._version_unavailable = True
            raise _Rewound(f"the server went back from version {self._version} to {version}: restored from a backup?")
        if kind == "BOOKMARK":
            if version:
                self._sink.bookmark(version)
                self._version = version
        elif kind in ("ADDED", "MODIFIED", "DELETED"):
            prepared = self._sink.prepare(raw, listed=False)
            if prepared is None:
                return
            if kind == "DELETED":
                self._sink.remove(*prepared)
            else:
                self._sink.put(*prepared)
            # Advance last: if something above fails, the version must stay at the state of the copy.
            self._version = version
        else:
            self._metrics.skipped.inc()
            log.warning("watch event skipped", resource=str(self._collection.resource), type=str(kind))
            return
        self._freshness.confirmed()
        self._trouble.over("watch")

    def _pause(self, error: ApiError, *, phase: str = "watch") -> None:
        """Back off before another watch from the current version, without a list."""
        self._count(error, phase)
        self._wait(self._backoff.next(), error)

    def _failed(self, error: Exception) -> None:
        """Back off before reading the initial state again."""
        self._count(error, "watch" if isinstance(error, (_ShortWatch, _Rewound, Expired)) else "list")
        if isinstance(error, NotFound) and error.resource_missing:
            self._sink.resource_missing()
        # If a watch cannot continue from our version, a list fixes that, so it is sent at once. If the same happens
        # again soon, we back off.
        outrun = self._listed and (
            isinstance(error, _Rewound) or (isinstance(error, StatusError) and is_version_unavailable(error))
        )
        self._wait(self._backoff.next_after_grace() if outrun else self._backoff.next(), error)

    def _count(self, error: Exception, phase: str) -> None:
        self._metrics.failures.inc()
        self._trouble.report(phase, error)
        self._freshness.failed(str(error) or type(error).__name__)

    def _wait(self, seconds: float, error: Exception) -> None:
        """Wait for the back-off, or longer if the server asks for it.

        The return of the server after an outage cuts the wait short, unless the failure concerned this resource alone.
        """
        asked = (error.retry_after if isinstance(error, StatusError) else None) or 0.0
        seconds = max(seconds, asked)
        if not (means_server_away(error) or self._recovery.away):
            self._scope.wait(seconds)
        elif self._recovery.wait(seconds, since=self._epoch, at_least=asked):
            self._backoff.reset()
