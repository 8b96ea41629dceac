"""A small HTTP server that answers by a script and records its requests."""

from __future__ import annotations

import json
import socket
import ssl
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from controller.client import Client, config
from tests.unit.fakes import DEADLINE


@dataclass(frozen=True)
class Asked:
    """One request as it arrived. `certificate` is the serial number of the client's, if it showed one."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    certificate: str = ""

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Answer:
    """A complete answer; a `body` that is not bytes is sent as JSON."""

    def __init__(self, status: int = 200, body: Any = None, **headers: str) -> None:
        self.status = status
        self.body = body if isinstance(body, bytes) else json.dumps(body if body is not None else {}).encode()
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}

    def play(self, handler: Any, server: Server) -> None:
        handler.send_response(self.status)
        for name, value in self.headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(self.body)))
        handler.end_headers()
        handler.wfile.write(self.body)


class Chunks:
    """A watch: pieces sent as chunks as they are; then a proper end, a break, or silence until the client leaves."""

    def __init__(self, *pieces: bytes, then: str = "end") -> None:
        self.pieces = pieces
        self.then = then

    def play(self, handler: Any, server: Server) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for piece in self.pieces:
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            handler.wfile.flush()
        if self.then == "end":
            handler.wfile.write(b"0\r\n\r\n")
        elif self.then == "silence":
            server.until_client_leaves(handler)
        handler.close_connection = True


class Silence:
    """Accepts the request and sends nothing until the client disconnects."""

    def play(self, handler: Any, server: Server) -> None:
        server.until_client_leaves(handler)
        handler.close_connection = True


class Reset:
    """Accepts the request and closes the connection."""

    def play(self, handler: Any, server: Server) -> None:
        handler.connection.shutdown(socket.SHUT_RDWR)
        handler.close_connection = True


class Server:
    """Plays answers in order; the last one is repeated. With `tls` it speaks https."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[Asked] = []
        self.answers: deque[Any] = deque([Answer()])
        self.on_request: Callable[[Asked], None] = lambda asked: None
        self.waiting = threading.Event()
        # A client stayed to the end with an answer that said nothing more: whatever it then did, it did late.
        self.outstayed = False
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def _any(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                headers = {name.lower(): value for name, value in self.headers.items()}
                shown = self.connection.getpeercert() if isinstance(self.connection, ssl.SSLSocket) else None
                serial = str((shown or {}).get("serialNumber", ""))
                outer._play(self, Asked(self.command, self.path, headers, body, serial))

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _any  # noqa: N815  # the base class looks for these

            def log_message(self, *args: object) -> None:
                pass

        class Http(ThreadingHTTPServer):
            daemon_threads = False
            block_on_close = True

        self._http = Http(("127.0.0.1", 0), Handler)
        self._scheme = "https" if tls else "http"
        if tls:
            self._http.socket = tls.wrap_socket(self._http.socket, server_side=True, do_handshake_on_connect=False)
        self._thread = threading.Thread(target=lambda: self._http.serve_forever(poll_interval=0.01))
        self._thread.start()

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._http.server_address[1]}"

    def script(self, *answers: Any) -> None:
        self.answers = deque(answers)

    def until_client_leaves(self, handler: Any) -> None:
        self.waiting.set()
        handler.connection.settimeout(DEADLINE)
        try:
            handler.connection.recv(1)
        except TimeoutError:
            self.outstayed = True
            raise

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def _play(self, handler: Any, asked: Asked) -> None:
        with self._lock:
            self.asked.append(asked)
            answer = self.answers.popleft() if len(self.answers) > 1 else self.answers[0]
        self.on_request(asked)
        answer.play(handler, self)


def kubeconfig(path: Path, url: str, *, user: dict[str, Any] | None = None, **cluster: Any) -> Path:
    """A kubeconfig file with one context."""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "test",
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        "clusters": [{"name": "test", "cluster": {"server": url, **cluster}}],
        "users": [{"name": "test", "user": user or {}}],
    }
    path.write_text(json.dumps(document))
    return path


def connection(tmp_path: Path, url: str, **user: Any) -> config.Connection:
    return config.load(kubeconfig=str(kubeconfig(tmp_path / "kubeconfig", url, user=user)))


def client(tmp_path: Path, server: Server, *, user: dict[str, Any] | None = None, **arguments: Any) -> Client:
    return Client(connection=connection(tmp_path, server.url, **(user or {})), **arguments)
