"""A small HTTP server for probes and scrapes: one thread accepts, one short-lived thread answers each request."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from socketserver import BaseRequestHandler, TCPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import structlog

from controller.apimachinery.threads import start_thread
from controller.runtime import httprequest
from controller.runtime.httprequest import Request

log = structlog.get_logger(__name__)

# Seconds that a client may take to send its request and to receive its answer.
_CLIENT_TIMEOUT = 5.0
# Clients that are answered at the same time.
_CLIENTS = 100
# The headers of every answer that does not set them itself. With them a browser shows text and runs no scripts.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True, slots=True)
class Response:
    """An answer: status, body, content type, and other headers."""

    status: int
    body: bytes
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


Route = Callable[[str, Mapping[str, list[str]]], Response]

_METHODS = ("GET", "HEAD")
_BAD_REQUEST = Response(400, b"bad request\n")
_TOO_LONG = Response(
    431,
    b"the request is longer than %d bytes: shorten the URL, or delete the cookies of this host\n" % httprequest.LIMIT,
)


class HttpServer:
    """Serves GET and HEAD. `routes` maps a path to a function of (rest of the path, query parameters).

    The longest prefix that matches counts. A malformed request, or a route that raises, affects only its own answer.
    Slow clients cannot block probes: with more than 100 clients, the connection that is open for longest is closed.

    The constructor takes the port, and raises OSError if it is in use. 0 takes a free port, which `port` returns.
    """

    def __init__(self, *, name: str, host: str, port: int, routes: Mapping[str, Route]) -> None:
        self.name = f"http-{name}"
        self._server = _Server((host, port), routes, self.name)
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port on which the server listens."""
        return int(self._server.server_address[1])

    def start(self) -> None:
        """Start answering."""
        self._thread = start_thread(self.name, lambda: self._server.serve_forever(poll_interval=0.1))

    def stop(self, timeout: float) -> bool:
        """Stop answering. Returns whether all threads ended within `timeout` seconds. Idempotent."""
        if self._thread is None:
            self._server.server_close()
            return True
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(timeout)
        return self._server.join(timeout) and not self._thread.is_alive()


class _Server(TCPServer):
    # The port of a container that was just restarted may still be in TIME_WAIT.
    allow_reuse_address = True
    # How many connections may wait to be accepted. With the default of 5, a burst of requests makes probes fail.
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], routes: Mapping[str, Route], name: str) -> None:
        # The longest prefix first, so that the first one that matches is the right one.
        self._routes = sorted(routes.items(), key=lambda route: len(route[0]), reverse=True)
        self._name = name
        self._lock = threading.Lock()
        # The connection of each thread that is answering, the oldest first.
        self._answering: dict[threading.Thread, socket.socket] = {}
        # `process_request` answers without a handler.
        super().__init__(address, BaseRequestHandler)

    def process_request(self, request: Any, client_address: Any) -> None:
        def answer() -> None:
            try:
                self._answer(request)
            except OSError:
                pass  # the client went away, or was too slow
            finally:
                self.shutdown_request(request)
                with self._lock:
                    self._answering.pop(threading.current_thread(), None)

        with self._lock:
            if len(self._answering) >= _CLIENTS:
                # The thread ends, because its next read or write fails.
                with contextlib.suppress(OSError):
                    self._answering.pop(next(iter(self._answering))).shutdown(socket.SHUT_RDWR)
            self._answering[start_thread(f"{self._name}-request", answer)] = request

    def _answer(self, connection: socket.socket) -> None:
        method = ""
        try:
            request = httprequest.receive(connection, seconds=_CLIENT_TIMEOUT)
            if request is None:
                return
            method, response = request.method, _respond(self._routes, request)
        except httprequest.BadRequest:
            response = _BAD_REQUEST
        except httprequest.TooLong:
            response = _TOO_LONG
        connection.settimeout(_CLIENT_TIMEOUT)
        connection.sendall(_bytes(response, body=method != "HEAD"))

    def join(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds in all for the running answers. Returns whether their threads ended."""
        deadline = time.monotonic() + timeout
        with self._lock:
            threads = list(self._answering)
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)


def _respond(routes: Iterable[tuple[str, Route]], request: Request) -> Response:
    """Return the answer of the first route whose prefix matches."""
    if request.method not in _METHODS:
        return Response(405, b"only GET and HEAD\n", headers={"Allow": ", ".join(_METHODS)})
    try:
        url = urlsplit(request.target)
        query = parse_qs(url.query, True)
    except ValueError:
        return _BAD_REQUEST
    for prefix, route in routes:
        if url.path == prefix or url.path.startswith(f"{prefix}/"):
            try:
                return route(url.path[len(prefix) :].strip("/"), query)
            except Exception:  # a bug in one route must not affect probes and scrapes
                log.exception("HTTP request failed", path=prefix)
                return Response(500, b"internal error: the log has the reason\n")
    return Response(404, b"not found\n")


def _bytes(response: Response, *, body: bool) -> bytes:
    """Return an answer as it is sent. With HTTP/1.0 the connection ends after it."""
    headers = {
        "Server": "tronador",
        "Date": formatdate(usegmt=True),
        "Content-Type": response.content_type,
        "Content-Length": str(len(response.body)),
        **_HEADERS,
        **response.headers,
    }
    lines = [f"HTTP/1.0 {response.status} {HTTPStatus(response.status).phrase}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    head = "".join(f"{line}\r\n" for line in lines)
    return f"{head}\r\n".encode("latin-1") + (response.body if body else b"")
