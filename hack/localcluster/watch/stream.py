"""One watch: where it begins, what it sends, when it ends (storage/cacher)."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Iterable
from dataclasses import dataclass

from ..errors import StatusError, bare_failure, expired
from ..objects import Object, encode
from ..registry.lists import Selection, version_problem
from ..registry.resource import ResourceType
from ..storage.changes import Change
from ..storage.store import Store, ordered
from .events import EventWriter, Render, event_line
from .hub import Subscription, WatchHub

_BEFORE_DEADLINE = 2.0
_NO_PROGRESS = (
    "a watch stream was requested by the client but the required storage feature RequestWatchProgress is disabled"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchRequest:
    """The parameters of a watch.

    Attributes:
        version: resourceVersion as given.
        initial_events: sendInitialEvents, None where not given.
        bookmarks: whether bookmarks are wanted.
        timeout: seconds until the server ends the stream.
        agent: the user agent of the client.
    """

    resource: ResourceType
    selection: Selection
    version: str
    initial_events: bool | None
    bookmarks: bool
    timeout: float
    agent: str


class WatchStream:
    """Produces the bytes of one watch.

    Args:
        representation, render, varies: as for `EventWriter`.
        bookmark_interval: seconds.
        progress: whether sendInitialEvents is served.

    Raises:
        StatusError: 500 if the version is not a number (lists answer 400; the real server differs in the same way).
    """

    def __init__(
        self,
        store: Store,
        hub: WatchHub,
        request: WatchRequest,
        *,
        representation: str,
        render: Render,
        varies: bool,
        bookmark_interval: float,
        progress: bool,
    ) -> None:
        self._store = store
        self._hub = hub
        self._request = request
        self._writer = EventWriter(request.selection, representation, render, varies=varies)
        self._bookmark_interval = bookmark_interval
        self._progress = progress
        problem = version_problem(request.version)
        if problem:
            raise bare_failure(problem)
        self._start = int(request.version or 0)
        self._sent_version = store.version

    async def lines(self) -> AsyncGenerator[bytes, None]:
        """Yield the stream in pieces. Events that are ready together come in one piece."""
        try:
            first, subscription = self._open()
        except StatusError as error:
            yield event_line("ERROR", encode(error.body))
            return
        try:
            if first:
                yield b"".join(first)
            async for piece in self._follow(subscription):
                yield piece
        finally:
            self._hub.discard(subscription)

    def _open(self) -> tuple[list[bytes], Subscription]:
        request, storage = self._request, self._request.resource.storage
        if request.initial_events and not self._progress:
            raise StatusError(500, "InternalError", _NO_PROGRESS)
        collection = self._store.collection(storage)
        if self._start and not request.initial_events:
            if self._start < collection.compacted:
                raise expired(f"too old resource version: {self._start} ({collection.compacted})")
            return [], self._hub.open(storage, collection.since(self._start), request.agent)
        if request.initial_events:
            self._store.check_version(self._start)
        if request.initial_events is False:
            return [], self._hub.open(storage, (), request.agent)
        beginning = self._hub.beginning(storage, request.agent)
        objects = collection.objects
        later: Iterable[Change] = ()
        if beginning is not None:
            objects, later, self._sent_version = collection.at(beginning), collection.since(beginning), beginning
        lines = [self._writer.added(obj) for obj in ordered(objects) if request.selection.matches(obj)]
        if request.initial_events and request.bookmarks:
            lines.append(self._bookmark({"annotations": {"k8s.io/initial-events-end": "true"}}))
        return lines, self._hub.open(storage, later, request.agent)

    def _bookmark(self, metadata: Object) -> bytes:
        resource = self._request.resource
        shown = {"resourceVersion": str(self._sent_version), **metadata}
        obj = {"kind": resource.kind, "apiVersion": resource.api_version, "metadata": shown}
        return event_line("BOOKMARK", encode(obj))

    async def _follow(self, subscription: Subscription) -> AsyncGenerator[bytes, None]:
        deadline = time.monotonic() + self._request.timeout
        bookmark_at = self._next_bookmark(deadline)
        while not subscription.closed:
            changes = subscription.take()
            lines = [line for line in map(self._writer.line, changes) if line is not None]
            self._note_progress(subscription, changes)
            if lines:
                yield b"".join(lines)
            now = time.monotonic()
            if now >= deadline:
                return
            if bookmark_at is not None and now >= bookmark_at:
                if not subscription.held:
                    yield self._bookmark({})
                bookmark_at = self._next_bookmark(deadline)
            wake_at = deadline if bookmark_at is None else min(deadline, bookmark_at)
            await subscription.wait(wake_at - time.monotonic())

    def _note_progress(self, subscription: Subscription, changes: list[Change]) -> None:
        if not subscription.held:
            self._sent_version = self._store.version
        elif changes:
            self._sent_version = changes[-1].version

    def _next_bookmark(self, deadline: float) -> float | None:
        if not self._request.bookmarks:
            return None
        now = time.monotonic()
        moment = min(now + self._bookmark_interval, deadline - _BEFORE_DEADLINE)
        return moment if moment > now else None
