"""One open connection to the server, and the answers that arrive on it.

urllib3 connects, because TLS and proxies are hard to get right (`connections`). It does not carry the requests: for
each one, it would build and take apart several objects that never change. `httptools` parses the answers, in C.

A thread that waits for bytes sits in `recv`. Shutting the socket down is the only thing that wakes it at once.
"""

from __future__ import annotations

import contextlib
import math
import select
import socket
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import httptools

from controller.apimachinery.scope import current_scope

_CHUNK = 64 * 1024
# How many times as long as one receive a whole answer may take. Only watches may take longer.
_PATIENCE = 10.0
# Tells zlib to expect the header of gzip.
_GZIP = 16 + zlib.MAX_WBITS


class Socket(Protocol):
    """The part of a socket that is used here; urllib3 has one of its own for TLS within TLS."""

    def sendall(self, data: bytes, /) -> None:
        """Send all of `data`."""
        ...

    def recv(self, size: int, /) -> bytes:
        """Return what has arrived, b"" at the end."""
        ...

    def settimeout(self, seconds: float, /) -> None:
        """Limit the time that each of the other calls may take."""
        ...

    def fileno(self) -> int:
        """Return the file descriptor."""
        ...

    def close(self) -> None:
        """Close the socket."""
        ...


class Wire:
    """An open connection. One thread uses it at a time; any thread may call `shut_down`.

    Attributes:
        timeout: seconds that each send and receive may take.
    """

    def __init__(self, sock: Socket) -> None:
        self._socket = sock
        self.timeout = 0.0
        self._poll = select.poll()
        self._poll.register(sock.fileno(), select.POLLIN)

    @property
    def is_dropped(self) -> bool:
        """Whether the server has closed the idle connection, or sent something without a request."""
        return bool(self._poll.poll(0))

    def set_timeout(self, seconds: float) -> None:
        """Limit each of the following sends and receives."""
        if seconds != self.timeout:
            self._socket.settimeout(seconds)
            self.timeout = seconds

    def send(self, data: bytes) -> None:
        """Send all of `data`. Raises OSError."""
        # A server may answer and close before it has read everything. Its answer is more useful than our error.
        with contextlib.suppress(BrokenPipeError):
            self._socket.sendall(data)

    def receive(self) -> bytes:
        """Return the next bytes, b"" at the end. Raises OSError."""
        return self._socket.recv(_CHUNK)

    def shut_down(self) -> None:
        """End all sends and receives at once, in every thread. Does nothing if the connection is closed."""
        raw: Any = getattr(self._socket, "socket", self._socket)
        with contextlib.suppress(OSError):
            # Not its own `shutdown`: ssl's override pulls the TLS state away from under the reading thread.
            socket.socket.shutdown(raw, socket.SHUT_RDWR)

    @contextlib.contextmanager
    def interrupted_by_scope(self) -> Iterator[None]:
        """While inside, cancelling the current scope shuts the connection down. Raises Stopped if it is cancelled."""
        scope = current_scope()
        if scope is None:
            yield
            return
        with scope.interrupting(self.shut_down):
            yield

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


class Answer:
    """The server's answer to the request that was just sent on `wire`.

    The caller receives the head first, and then reads the answer to its end with `read`, or closes it. All of them
    raise OSError, or an error of httptools or zlib, if the connection or the answer is broken.

    Args:
        keep: takes the connection after an answer that was read to its end, if another request may follow on it.

    Attributes:
        status: the HTTP status; 0 before the head has been received.
        headers: by lower-case name.
    """

    def __init__(self, wire: Wire, *, keep: Callable[[Wire], None]) -> None:
        self.wire = wire
        self.status = 0
        self.headers: dict[str, str] = {}
        self._keep = keep
        self._received: list[bytes] = []
        self._in_body = False
        self._complete = False
        self._reusable = False
        # It refers to this object too, so it is dropped at the end: nothing is left to the garbage collector.
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)

    def receive_head(self) -> None:
        """Return when the status and the headers are there."""
        until = self._end()
        while not self._in_body:
            self._receive(until)

    def read(self) -> bytes:
        """Return the whole body, uncompressed, and let go of the connection. Raises Stopped under a cancelled scope."""
        if not self._complete:
            until = self._end()
            with self.wire.interrupted_by_scope():
                while not self._complete:
                    self._receive(until)
        body = b"".join(self._received)
        if self.headers.get("content-encoding") == "gzip":
            body = zlib.decompress(body, _GZIP)
        if self._reusable:
            self._keep(self.wire)
        else:
            self.wire.close()
        return body

    def read_some(self) -> bytes:
        """Return the next bytes of the body as they were sent, b"" at its end."""
        while not self._received and not self._complete:
            self._receive()
        data = b"".join(self._received)
        self._received.clear()
        return data

    def close(self) -> None:
        """Close the connection, because the rest of the answer is not wanted."""
        self._parser = None
        self.wire.close()

    def on_message_begin(self) -> None:
        """Called by the parser, as all that follow. A second answer without a request is not ours."""
        if self._complete:
            self._reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep one header."""
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        """Keep what the parser knows. What has a status below 200 only announces the answer."""
        if self._parser is not None:
            self.status = self._parser.get_status_code()
            self._reusable = self._parser.should_keep_alive()
            self._in_body = self.status >= 200

    def on_body(self, data: bytes) -> None:
        """Keep a part of the body."""
        self._received.append(data)

    def on_message_complete(self) -> None:
        """Note the end of the answer."""
        if self._in_body:
            self._complete = True
            self._parser = None
        else:
            self.headers.clear()

    def _end(self) -> float:
        """Return the time of the monotonic clock at which a slow answer is given up."""
        return time.monotonic() + (_PATIENCE * self.wire.timeout or math.inf)

    def _receive(self, until: float = math.inf) -> None:
        assert self._parser is not None, "nothing is received after the end"
        if time.monotonic() > until:
            raise TimeoutError("the answer takes too long")
        data = self.wire.receive()
        if data:
            self._parse(self._parser, data)
        elif self._in_body and "content-length" not in self.headers and "transfer-encoding" not in self.headers:
            # Such an answer ends with its connection.
            self._complete, self._reusable = True, False
        else:
            where = "in the middle of an answer" if self._in_body else "without an answer"
            raise ConnectionResetError(f"the server closed the connection {where}")

    def _parse(self, parser: httptools.HttpResponseParser, data: bytes) -> None:
        try:
            parser.feed_data(data)
        except httptools.HttpParserError:
            # What follows a complete answer does not matter.
            if not self._complete:
                raise
            self._reusable = False
