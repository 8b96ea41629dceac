"""Keeping a copy of one resource current: initial state, then watch, through every way either can fail.

The reflector decides *when* to list, to watch and to wait; what an object means is the sink's business. It runs in one
thread and speaks to its sink from that thread only, in the order in which the server spoke.
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
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
from controller.cache.listwatch import ListWatch, ReflectorSettings, Sink, Target, is_version_unavailable
from controller.cache.metrics import CacheMetrics
from controller.cache.recovery import Recovery
from controller.cache.trouble import TroubleLog
from controller.cache.versions import is_older
from controller.client.stream import WatchStream

log = structlog.get_logger(__name__)


# Seconds over which watches are opened again when the server is back.
_SPREAD = 1.0


class _OpeningLost(ConnectionLost):
    """No connection, or none that answered, when opening a watch."""


class _ShortWatch(ConnectionLost):
    """A watch ended at once and led no further."""


class _Rewound(ApiError):
    """The server speaks of an older version than it did before: it was restored, and its history is another one."""


class Reflector:
    """See the module. `run` in a thread of its own, `stop` from any other."""

    def __init__(
        self,
        *,
        client: ListWatch,
        target: Target,
        sink: Sink,
        settings: ReflectorSettings,
        backoff: Backoff,
        freshness: Freshness,
        recovery: Recovery,
        metrics: CacheMetrics,
        clock: Clock,
        randint: Callable[[int, int], int] = random.randint,
    ) -> None:
        self._client = client
        self._target = target
        self._sink = sink
        self._settings = settings
        self._backoff = backoff
        self._freshness = freshness
        self._recovery = recovery
        self._metrics = metrics
        self._clock = clock
        self._randint = randint
        self._scope = Scope(clock=clock)
        self._trouble = TroubleLog(resource=target.resource)
        self._initial_state = InitialState(
            client=client, target=target, sink=sink, settings=settings, metrics=metrics, clock=clock
        )
        # The copy is complete up to here; "" before the first initial state.
        self._version = ""
        # The server said that it cannot serve `_version` any more (or not yet): the next initial state ignores it.
        self._version_unavailable = False
        # Whether the initial state was read since the last failure: then what fails now is the watch.
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
                except Exception as error:  # a bug must not end the informer silently
                    log.exception("cannot keep the copy current", resource=str(self._target.resource))
                    failure = error
                try:
                    self._failed(failure)
                except Stopped:
                    return

    def stop(self) -> None:
        """End `run` soon, also when it is blocked in a read. Idempotent."""
        self._scope.cancel()

    def _list_and_watch(self) -> None:
        """Raises whatever made another initial state necessary; returns when watches are silent for too long."""
        self._listed = False
        self._epoch = self._recovery.epoch
        stream = self._read_initial_state()
        self._listed = True
        self._freshness.confirmed()
        self._version_unavailable = False
        self._trouble.over("list")
        internal_error_since: float | None = None
        silences = 0
        # A watch that says nothing at all, not even a bookmark, may be all that a half-open path, or a server restored
        # from a backup, has to offer. Then the state has to be asked for.
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
                # Known to be over as soon as a watch opens; whether watching works shows with its first event.
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
        """Replace the copy; the stream to go on with, or None when a watch has to be opened at `_version`."""
        version = "" if self._version_unavailable else self._version
        try:
            stream, self._version = self._initial_state.read(minimum_version=version)
        except StatusError as error:
            if not version or not is_version_unavailable(error):
                raise
            # Once more at once: an answer from any version is better than waiting for one that may never come.
            self._version_unavailable = True
            stream, self._version = self._initial_state.read(minimum_version="")
        return stream

    def _open_watch(self) -> WatchStream:
        self._epoch = self._recovery.epoch
        try:
            return self._client.watch(
                self._target.resource,
                **self._target.arguments(),
                resource_version=self._version,
                timeout_seconds=self._randint(*self._settings.watch_timeout),
                allow_bookmarks=True,
                read_timeout=self._settings.watch_silence,
            )
        except MalformedAnswer:
            raise
        except ConnectionLost as error:
            raise _OpeningLost(str(error)) from error

    def _follow(self, stream: WatchStream) -> bool:
        """Pass a watch's events on until it ends; whether it had anything to say, an orderly end included.

        A silence or a break is an end like any other.
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
            log.debug("watch was silent, opening another", resource=str(self._target.resource))
        except ConnectionLost as error:
            broken = error
        finally:
            reopening = self._closed()
        seconds = self._clock.now() - started
        # Events that lead no further (nonsense, a bookmark of where we are) would come again at once.
        short = version == self._version and not (silent or reopening) and seconds < self._settings.short_watch
        self._metrics.watched(self._target.resource, seconds=seconds, events=events, short=short)
        if short:
            reason = broken or "closed by the server"
            raise _ShortWatch(f"the watch ended after {seconds:.2f} s where it began: {reason}") from broken
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
        """Note that the watch has ended; whether `_reopen` ended it."""
        self._freshness.closed()
        with self._lock:
            self._stream = None
            return self._reopening

    def _reopen(self) -> None:
        """Open the watch again, because the server was away and is back. On the old connection its events may come late
        or never: the network may have lost it, and TCP repeats a lost packet after up to two minutes."""
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
            raise _Rewound(f"the server is at {version}, and was at {self._version} before")
        if kind == "BOOKMARK":
            if version:
                self._sink.bookmark(version)
                self._version = version
        elif kind in ("ADDED", "MODIFIED", "DELETED"):
            admitted = self._sink.admit(raw, listed=False)
            if admitted is None:
                return
            if kind == "DELETED":
                self._sink.remove(*admitted)
            else:
                self._sink.put(*admitted)
            # Only now: whatever fails above leaves the version where the copy is.
            self._version = version
        else:
            self._metrics.skipped(self._target.resource)
            log.warning("watch event of unknown type", resource=str(self._target.resource), type=str(kind))
            return
        self._freshness.confirmed()
        self._trouble.over("watch")

    def _pause(self, error: ApiError, *, phase: str = "watch") -> None:
        """Back off before another watch from where we are: no list."""
        self._count(error, phase)
        self._wait(self._backoff.next(), error)

    def _failed(self, error: Exception) -> None:
        """Back off before another initial state."""
        self._count(error, "watch" if isinstance(error, (_ShortWatch, _Rewound, Expired)) else "list")
        if isinstance(error, NotFound) and error.resource_missing:
            self._sink.resource_missing()
        # A list heals a watch that cannot continue from our version, so it comes at once. Where that happens again and
        # again, we back off.
        outrun = self._listed and (
            isinstance(error, _Rewound) or (isinstance(error, StatusError) and is_version_unavailable(error))
        )
        self._wait(self._backoff.next_after_grace() if outrun else self._backoff.next(), error)

    def _count(self, error: Exception, phase: str) -> None:
        self._metrics.failed(self._target.resource)
        self._trouble.report(phase, error)
        self._freshness.failed(str(error) or type(error).__name__)

    def _wait(self, seconds: float, error: Exception) -> None:
        """Wait for the back-off, or for as long as the server asks if that is longer.

        The return of a server that was away cuts the wait short, unless the failure concerned this resource alone.
        """
        asked = (error.retry_after if isinstance(error, StatusError) else None) or 0.0
        seconds = max(seconds, asked)
        if not (means_server_away(error) or self._recovery.away):
            self._scope.wait(seconds)
        elif self._recovery.wait(seconds, since=self._epoch, at_least=asked):
            self._backoff.reset()
