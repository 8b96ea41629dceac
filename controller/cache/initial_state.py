"""Reads the initial state of a copy: streamed over a watch (WatchList, KEP-3157), or listed in pages.

Streaming suits Python: it decodes one small JSON document per object. A list is one document of megabytes, and no other
thread runs while it is decoded. Servers may refuse to stream in several ways, one of them an ERROR event inside a
successful stream. Lists always work.
"""

from __future__ import annotations

import random
from typing import Any

import structlog

from controller.apimachinery.clock import Clock
from controller.apimachinery.errors import (
    ApiError,
    BadRequest,
    ConnectionLost,
    Forbidden,
    Invalid,
    NotFound,
    RequestTimeout,
    ServerError,
    StatusError,
    TooManyRequests,
    Unauthorized,
    status_error,
)
from controller.apimachinery.objects import Object, mapping, number, text
from controller.cache.listwatch import Collection, ListWatch, ReflectorSettings, Sink, is_version_unavailable
from controller.cache.metrics import InformerMetrics
from controller.cache.pager import Pages
from controller.client.stream import WatchStream

log = structlog.get_logger(__name__)

END_ANNOTATION = "k8s.io/initial-events-end"


class StreamingRefused(ApiError):
    """The server does not stream initial states at all (`lasting`), or failed to do so this time."""

    def __init__(self, reason: str, *, lasting: bool) -> None:
        super().__init__(reason)
        self.lasting = lasting


class InitialState:
    """Reads initial states for one reflector and remembers whether the server can stream them."""

    def __init__(
        self,
        *,
        client: ListWatch,
        collection: Collection,
        sink: Sink,
        settings: ReflectorSettings,
        metrics: InformerMetrics,
        clock: Clock,
    ) -> None:
        self._client = client
        self._collection = collection
        self._sink = sink
        self._settings = settings
        self._metrics = metrics
        self._clock = clock
        self._streaming = settings.watch_list
        # A server that has streamed before supports streaming, so a later silence is a network problem.
        self._has_streamed = False

    def read(self, *, minimum_version: str) -> tuple[WatchStream | None, str]:
        """Replace the sink's content by a state not older than `minimum_version` ("": by the most recent state).

        Returns the state's resourceVersion, and with it the open stream that delivers later changes, or None
        after a list. Raises errors.ApiError.
        """
        if self._streaming:
            try:
                return self._stream(minimum_version)
            except StreamingRefused as refusal:
                self._streaming = not refusal.lasting
                log.debug("initial state not streamed", resource=str(self._collection.resource), reason=str(refusal))
        return None, self._list(minimum_version)

    def _list(self, minimum_version: str) -> str:
        started = self._clock.now()
        objects: dict[str, Object] = {}
        pages = Pages(
            client=self._client,
            collection=self._collection,
            minimum_version=minimum_version,
            page_size=self._settings.page_size,
        )
        for raw in pages.read(start_over=objects.clear):
            if prepared := self._sink.prepare(raw, listed=True):
                objects[prepared[0]] = prepared[1]
        self._replace(objects, pages.resource_version, started)
        return pages.resource_version

    def _stream(self, minimum_version: str) -> tuple[WatchStream, str]:
        started = self._clock.now()
        stream = self._open(minimum_version)
        try:
            objects, version = self._collect(stream)
            self._replace(objects, version, started)
        except BaseException:  # a stop or a bug, too, must not leave an unread stream open; it is raised again
            with stream:
                raise
        self._has_streamed = True
        stream.set_read_timeout(self._settings.watch_silence)
        return stream, version

    def _open(self, minimum_version: str) -> WatchStream:
        try:
            return self._client.watch(
                self._collection.resource,
                **self._collection.arguments(),
                resource_version=minimum_version or None,
                resource_version_match="NotOlderThan",
                timeout_seconds=random.randint(*self._settings.watch_timeout),
                allow_bookmarks=True,
                send_initial_events=True,
                # A silent server must not block this longer than it could block a watch.
                read_timeout=min(self._settings.initial_silence, self._settings.watch_silence),
            )
        except StatusError as error:
            raise _judge(error) from error

    def _collect(self, stream: WatchStream) -> tuple[dict[str, Object], str]:
        objects: dict[str, Object] = {}
        try:
            for event in stream:
                kind, raw = event["type"], event["object"]
                if kind == "ERROR":
                    raise _judge(status_error(number(raw.get("code")) or 500, raw), in_stream=True)
                if kind == "BOOKMARK":
                    if version := _end_of_initial_state(raw):
                        return objects, version
                    continue
                # Ignore the versions of these objects, because they arrive in no particular order.
                prepared = self._sink.prepare(raw, listed=False)
                if prepared is None:
                    continue
                if kind == "DELETED":
                    objects.pop(prepared[0], None)
                else:
                    objects[prepared[0]] = prepared[1]
        except RequestTimeout as error:
            # An old server ignores the parameter and never announces that the initial state is complete.
            lasting = not self._has_streamed
            raise StreamingRefused("the initial state was never declared complete", lasting=lasting) from error
        except ConnectionLost as error:
            raise StreamingRefused(f"interrupted: {error}", lasting=False) from error
        raise StreamingRefused("the stream ended before the initial state was complete", lasting=False)

    def _replace(self, objects: dict[str, Object], version: str, started: float) -> None:
        self._sink.replace(objects, resource_version=version)
        self._metrics.lists.inc()
        self._metrics.list_duration.observe(self._clock.now() - started)
        self._metrics.list_items.observe(len(objects))


def _end_of_initial_state(bookmark: dict[str, Any]) -> str:
    metadata = mapping(bookmark.get("metadata"))
    complete = mapping(metadata.get("annotations")).get(END_ANNOTATION) == "true"
    return text(metadata.get("resourceVersion")) if complete else ""


def _judge(error: StatusError, *, in_stream: bool = False) -> ApiError:
    """Return the error to raise for `error`.

    An error that a list would meet too, or that the caller must handle (410), is returned unchanged. Any other becomes
    a `StreamingRefused`, so that a list is tried instead.
    """
    if is_version_unavailable(error) or isinstance(error, (Unauthorized, Forbidden, NotFound, TooManyRequests)):
        return error
    lasting = isinstance(error, (BadRequest, Invalid)) or (in_stream and isinstance(error, ServerError))
    return StreamingRefused(str(error), lasting=lasting)
