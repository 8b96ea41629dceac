"""A small HTTP server for probes and scrapes: one thread accepts, one short-lived thread answers each request."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import structlog

from controller.apimachinery.threads import start_thread

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


class HttpServer:
    """Serves GET and HEAD. `routes` maps a path to a function of (rest of the path, query parameters).

    The longest prefix that matches counts. A malformed request, or a route that raises, affects only its own answer.
    Slow clients cannot block probes: with more than 100 clients, the connection that is open for longest is closed.

    The constructor takes the port, and raises OSError if it is in use. 0 takes a free port, which `port` returns.
    """

    def __init__(self, *, name: str, host: str, port: int, routes: Mapping[str, Route]) -> None:
        self.name = f"http-{name}"
        self._server = _Server((host, port), _handler_class(routes), self.name)
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


class _Server(HTTPServer):
    # The port of a container that was just restarted may still be in TIME_WAIT.
    allow_reuse_address = True
    # How many connections may wait to be accepted. With the default of 5, a burst of requests makes probes fail.
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        # The connection of each thread that is answering, the oldest first.
        self._answering: dict[threading.Thread, socket.socket] = {}
        super().__init__(address, handler)

    def server_bind(self) -> None:
        # Like HTTPServer's, but without the reverse DNS look-up, which can take seconds and has no use here.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        request.settimeout(_CLIENT_TIMEOUT)

        def answer() -> None:
            try:
                self.finish_request(request, client_address)
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

    def join(self, timeout: float) -> bool:
        """Wait up to `timeout` seconds in all for the running answers. Returns whether their threads ended."""
        deadline = time.monotonic() + timeout
        with self._lock:
            threads = list(self._answering)
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))
        return not any(thread.is_alive() for thread in threads)


def _handler_class(routes: Mapping[str, Route]) -> type[BaseHTTPRequestHandler]:
    prefixes = sorted(routes, key=len, reverse=True)

    class Handler(BaseHTTPRequestHandler):
        """Routes GET and HEAD requests, and refuses all others."""

        def do_GET(self) -> None:
            """Answer."""
            self._reply(self._answer())

        def do_HEAD(self) -> None:
            """Answer without the body."""
            self._reply(self._answer(), body=False)

        def do_POST(self) -> None:
            """Refuse, because this server has only content to read."""
            self._reply(Response(405, b"only GET and HEAD\n", headers={"Allow": "GET, HEAD"}))

        do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_POST  # noqa: N815  # http.server names them so

        def _answer(self) -> Response:
            try:
                url = urlsplit(self.path)
                query = parse_qs(url.query, True)
            except ValueError:
                return Response(400, b"bad request\n")
            for prefix in prefixes:
                if url.path == prefix or url.path.startswith(f"{prefix}/"):
                    try:
                        return routes[prefix](url.path[len(prefix) :].strip("/"), query)
                    except Exception:  # a bug in one route must not affect probes and scrapes
                        log.exception("HTTP request failed", path=prefix)
                        return Response(500, b"internal error: the log has the reason\n")
            return Response(404, b"not found\n")

        def _reply(self, response: Response, *, body: bool = True) -> None:
            self.send_response(response.status)
            self.send_header("Content-Type", response.content_type)
            self.send_header("Content-Length", str(len(response.body)))
            for name, value in (_HEADERS | dict(response.headers)).items():
                self.send_header(name, value)
            self.end_headers()
            if body:
                self.wfile.write(response.body)

        def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
            """Refuse a malformed request with text and the usual headers. The base class would send HTML."""
            self.close_connection = True
            self._reply(Response(code, b"bad request\n"), body=self.command != "HEAD")

        def version_string(self) -> str:
            """Return the header Server. The base class would show the versions of Python and its library."""
            return "tronador"

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the base class names it so
            """Log nothing: probes arrive every few seconds."""

    return Handler
