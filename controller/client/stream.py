"""Reads a watch as a stream of events: bytes to lines, lines to dicts. A lost connection is not a normal end."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Generator, Iterator
from typing import Any

from controller.apimachinery import jsontext
from controller.apimachinery.errors import MalformedAnswer, Stopped
from controller.apimachinery.scope import current_scope
from controller.client import failures
from controller.client.wire import Answer

Event = dict[str, Any]

# Bytes. etcd keeps objects of at most a few million.
_LONGEST_LINE = 32 * 1024 * 1024


class LineSplitter:
    """Collects bytes and returns whole lines. Scans every byte only once, even in very long lines."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._size = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Add `data`; return the lines that it completes, without line ends and without blank lines.

        Raises MalformedAnswer if a line is much longer than any object can be.
        """
        if self._size > _LONGEST_LINE:
            raise MalformedAnswer(f"a watch line is longer than {_LONGEST_LINE} bytes")
        head, newline, rest = data.partition(b"\n")
        self._parts.append(head)
        self._size += len(head)
        if not newline:
            return []
        lines = [b"".join(self._parts), *rest.split(b"\n")]
        self._parts = [lines.pop()]
        self._size = len(self._parts[0])
        return [line for line in lines if line.strip()]

    @property
    def leftover(self) -> bytes:
        """The bytes after the last line end."""
        return b"".join(self._parts)


class WatchStream:
    """Iterates over event dicts `{"type": ..., "object": ...}`. ERROR events are included: the caller handles them.

    Iteration ends when the server ends the stream or when `close` is called (from any thread; a blocked read ends at
    once). It raises RequestTimeout if nothing arrives within the read timeout, ConnectionLost if the connection breaks,
    MalformedAnswer if a line is not an event or the last line is cut off, and Stopped if the scope is cancelled. A
    value that Python cannot hold is replaced by an `Unreadable`.
    """

    def __init__(self, *, answer: Answer, host: str) -> None:
        self._answer = answer
        self._host = host
        self._closed = threading.Event()
        self._cleanup = contextlib.ExitStack()
        scope = current_scope()
        if scope is not None:
            try:
                self._cleanup.enter_context(scope.interrupting(answer.wire.shut_down))
            except Stopped:
                self._answer.close()
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
        self._answer.close()

    def close(self) -> None:
        """End the stream. Does nothing if it has already ended."""
        self._closed.set()
        self._answer.wire.shut_down()

    def set_read_timeout(self, seconds: float) -> None:
        """Change the longest allowed silence."""
        with contextlib.suppress(OSError):  # it is closed
            self._answer.wire.set_timeout(seconds)

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
            self._answer.close()

    def _next_bytes(self) -> bytes:
        if self._closed.is_set():
            return b""
        try:
            data = self._answer.read_some()
        except failures.ERRORS as error:
            if self._closed.is_set():
                return b""
            raise failures.failure(error, host=self._host) from error
        if not data:
            scope = current_scope()
            if scope is not None and scope.cancelled:
                raise Stopped("stopping")
        return data


def _event(line: bytes) -> Event:
    try:
        event = jsontext.decode(line)
    except ValueError as error:
        raise MalformedAnswer(f"a watch line is not JSON: {line[:200]!r}") from error
    if not isinstance(event, dict) or not isinstance(event.get("object"), dict) or "type" not in event:
        raise MalformedAnswer(f"a watch line is not an event: {line[:200]!r}")
    return event
