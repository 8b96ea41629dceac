"""A watch's answer as events: bytes into lines, lines into dicts, and an end that can be told from a break."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Generator, Iterator
from typing import Any

import urllib3

from controller.apimachinery import jsontext
from controller.apimachinery.errors import MalformedAnswer, Stopped
from controller.apimachinery.scope import current_scope
from controller.client.interruptible import shut_down, socket_of
from controller.client.transport import failure

Event = dict[str, Any]

_CHUNK = 64 * 1024


class LineSplitter:
    """Collects bytes and gives back whole lines; looks at every byte once, however long a line is."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes, without their ends; blank ones left out."""
        head, newline, rest = data.partition(b"\n")
        self._parts.append(head)
        if not newline:
            return []
        lines = [b"".join(self._parts), *rest.split(b"\n")]
        self._parts = [lines.pop()]
        return [line for line in lines if line.strip()]

    @property
    def leftover(self) -> bytes:
        """What came after the last line end."""
        return b"".join(self._parts)


class WatchStream:
    """Iterate to get event dicts `{"type": ..., "object": ...}`, ERROR events included: judging them is the caller's.

    Iteration ends when the server ends the stream, and when `close` is called (from any thread; a blocked read ends at
    once). It raises RequestTimeout when nothing came for the read timeout, ConnectionLost when the connection breaks,
    MalformedAnswer when a line is not an event or the last one is cut off, Stopped when the scope was cancelled. An
    object with a value that cannot be held comes with an `Unreadable` in its place.
    """

    def __init__(self, *, response: Any, host: str) -> None:
        self._response = response
        self._host = host
        self._socket = socket_of(response)
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._cleanup = contextlib.ExitStack()
        scope = current_scope()
        if scope is not None:
            try:
                self._cleanup.enter_context(scope.interrupting(lambda: shut_down(self._socket)))
            except Stopped:
                self._release()
                raise
        self._events = self._read()

    def __iter__(self) -> Iterator[Event]:
        return self._events

    def __enter__(self) -> WatchStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
        self._events.close()
        self._cleanup.close()
        self._release()

    def close(self) -> None:
        """End the stream; harmless when it has ended already."""
        self._closed.set()
        shut_down(self._socket)

    def set_read_timeout(self, seconds: float) -> None:
        """Change how long a silence may last."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.settimeout(seconds)

    def _read(self) -> Generator[Event, None, None]:
        splitter = LineSplitter()
        try:
            while data := self._next_bytes():
                for line in splitter.feed(data):
                    yield _event(line)
            if splitter.leftover.strip() and not self._closed.is_set():
                raise MalformedAnswer("the watch ended in the middle of a line")
        finally:
            self._cleanup.close()
            self._release()

    def _next_bytes(self) -> bytes:
        if self._closed.is_set():
            return b""
        try:
            data: bytes = self._response.read1(_CHUNK)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            if self._closed.is_set():
                return b""
            raise failure(error, host=self._host) from error
        if not data:
            scope = current_scope()
            if scope is not None and scope.cancelled:
                raise Stopped("stopping")
        return data

    def _release(self) -> None:
        # Close before release: the connection has an unfinished answer on it and must not be used again.
        with self._lock:
            self._response.close()
            self._response.release_conn()


def _event(line: bytes) -> Event:
    try:
        event = jsontext.decode(line)
    except ValueError as error:
        raise MalformedAnswer(f"a watch line is not JSON: {line[:200]!r}") from error
    if not isinstance(event, dict) or not isinstance(event.get("object"), dict) or "type" not in event:
        raise MalformedAnswer(f"a watch line is no event: {line[:200]!r}")
    return event
