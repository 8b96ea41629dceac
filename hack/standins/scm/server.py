"""The port of a forge: HTTP or HTTPS on loopback, one thread for each connection."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import structlog

from controller.apimachinery.threads import start_thread
from hack.standins.scm import control, page
from hack.standins.scm.exchange import Answer, Request
from hack.standins.scm.forge import Forge

log = structlog.get_logger(__name__)

HOST = "127.0.0.1"
_STOP_SECONDS = 10.0
_APIS = ("api", "app", "orgs", "rate_limit", "repos", "repositories", "user", "users")


class ForgeServer:
    """Serves a forge: GitHub's API at its root and below /api/v3, GitLab's below /api/v4, control below /_scm, and the
    page of a pull request at `/OWNER/NAME/pull/NUMBER`.

    Starts in a thread of its own with `start`, and serves until `stop`; as a context manager it does both.
    """

    def __init__(
        self, *, forge: Forge | None = None, host: str = HOST, port: int = 0, certificate: Path | None = None
    ) -> None:
        """Listen.

        Args:
            forge: an empty one if it is missing.
            host: the address to listen on.
            port: 0 takes a free one.
            certificate: a PEM file with a key and its certificates, for HTTPS; None: HTTP.

        Raises OSError if the port is in use or the file cannot be read.
        """
        self.forge = forge if forge is not None else Forge()
        self._server = _Server(self.forge, (host, port), certificate)
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """`http://127.0.0.1:PORT`; the host is `localhost` for HTTPS."""
        return self._server.root

    def start(self) -> None:
        """Begin to answer."""
        self._thread = start_thread("forge", lambda: self._server.serve_forever(poll_interval=0.05))

    def has_synced(self) -> bool:
        """Return True: a request waits in the socket until it is answered."""
        return True

    def stop(self, timeout: float) -> None:
        """Close the port, within about `timeout` seconds."""
        self.forge.set_faults(())
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join(timeout)
        self._server.hang_up()
        self._server.server_close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop(_STOP_SECONDS)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    # A client that comes back after an outage may bring many connections.
    request_queue_size = 128

    def __init__(self, forge: Forge, address: tuple[str, int], certificate: Path | None) -> None:
        super().__init__(address, _Handler)
        self.forge = forge
        self._lock = threading.Lock()
        self._open: set[socket.socket] = set()
        if certificate is None:
            self.root = f"http://{address[0]}:{self.server_port}"
        else:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)
            self.root = f"https://localhost:{self.server_port}"

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the connection until it is closed."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def hang_up(self) -> None:
        """End all connections: clients keep them open, and a thread waits for each."""
        with self._lock:
            for connection in self._open:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep silent: clients may disconnect at any time."""


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "forge"
    # An answer's head and body go out in one packet, and never wait for each other.
    wbufsize = -1
    disable_nagle_algorithm = True
    server: _Server

    def do_GET(self) -> None:
        self._serve()

    do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_GET  # noqa: N815

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        log.debug("request", client=self.client_address[0], line=format % args)

    def _serve(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = urlsplit(self.path)
        try:
            body = json.loads(raw) if raw else {}
        except ValueError:
            self._answer(Answer(status=HTTPStatus.BAD_REQUEST, body={"message": "Problems parsing JSON"}))
            return
        request = Request(
            method=self.command,
            path=parts.path,
            query=dict(parse_qsl(parts.query, keep_blank_values=True)),
            headers={name.lower(): value for name, value in self.headers.items()},
            body=body if isinstance(body, dict) else {"": body},
            root=self.server.root,
        )
        answer = self._find(request)
        if answer is None:
            self.close_connection = True
            return
        self._answer(answer)

    def _find(self, request: Request) -> Answer | None:
        first = request.path.split("/")[1]
        if first in _APIS:
            return self.server.forge.answer(request)
        if first == control.NAME and request.path != page.STYLE:
            return control.answer(self.server.forge, request)
        return page.answer(self.server.forge, request)

    def _answer(self, answer: Answer) -> None:
        raw = answer.raw()
        self.send_response(answer.status)
        if "Content-Type" not in answer.headers and raw:
            kind = "application/json; charset=utf-8" if answer.text is None else "text/plain"
            self.send_header("Content-Type", kind)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if answer.status not in (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED):
            self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(raw)
