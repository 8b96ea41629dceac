"""A git server over HTTP: `git http-backend`, for clones and fetches of the repositories below a folder."""

from __future__ import annotations

import base64
import os
import subprocess
import threading
from collections.abc import Mapping
from hmac import compare_digest
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote, urlsplit

import structlog

from controller.apimachinery.threads import start_thread

log = structlog.get_logger(__name__)

HOST = "127.0.0.1"
_REALM = 'Basic realm="git"'
_TIMEOUT_SECONDS = 60.0


class GitServer:
    """Serves every repository below `root`, bare or with a work tree, by its path: `{url}/team/application`.

    Starts in a thread of its own with `start`, and serves until `stop`; as a context manager it does both.
    """

    def __init__(
        self, *, root: Path, host: str = HOST, port: int = 0, credentials: tuple[str, str] | None = None
    ) -> None:
        """Listen.

        Args:
            root: the folder of the repositories; must exist.
            host: the address to listen on; loopback if nothing is given.
            port: 0 takes a free one.
            credentials: the user name and password that every request must have; None: no request needs any.

        Raises OSError if the port is in use.
        """
        self._server = _Server(root, (host, port), credentials)
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """`http://HOST:PORT`."""
        return f"http://{self._server.host}:{self._server.server_port}"

    def start(self) -> None:
        """Begin to answer."""
        self._thread = start_thread("git server", lambda: self._server.serve_forever(poll_interval=0.05))

    def has_synced(self) -> bool:
        """Return True: a request waits in the socket until it is answered."""
        return True

    def stop(self, timeout: float) -> None:
        """Close the port, within about `timeout` seconds."""
        if self._thread is not None:
            self._server.shutdown()
            self._thread.join(timeout)
        self._server.server_close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop(_TIMEOUT_SECONDS)


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, root: Path, address: tuple[str, int], credentials: tuple[str, str] | None) -> None:
        super().__init__(address, _Handler)
        self.host = address[0]
        self.root = root.resolve()
        self.authorization = _basic(*credentials) if credentials is not None else ""


class _Handler(BaseHTTPRequestHandler):
    """One request, passed on to `git http-backend` as a CGI script."""

    server: _Server

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        if self.headers.get("Transfer-Encoding"):
            self.send_error(HTTPStatus.LENGTH_REQUIRED)
            return
        self._serve(self.rfile.read(int(self.headers.get("Content-Length") or 0)))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        log.debug("git request", client=self.client_address[0], line=format % args)

    def _serve(self, body: bytes) -> None:
        wanted = self.server.authorization
        if wanted and not compare_digest(wanted, self.headers.get("Authorization") or ""):
            self.send_response(HTTPStatus.UNAUTHORIZED)
            self.send_header("WWW-Authenticate", _REALM)
            self.end_headers()
            return
        try:
            done = subprocess.run(
                ["git", "http-backend"],
                env=self._environment(),
                input=body,
                capture_output=True,
                timeout=_TIMEOUT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            self.send_error(HTTPStatus.GATEWAY_TIMEOUT)
            return
        head, separator, content = done.stdout.partition(b"\r\n\r\n")
        if not separator:
            self.send_error(HTTPStatus.INTERNAL_SERVER_ERROR, explain=done.stderr.decode(errors="replace"))
            return
        self._answer(head.decode("latin-1"), content)

    def _environment(self) -> Mapping[str, str]:
        parts = urlsplit(self.path)
        # git itself refuses a path with ".." in it.
        settings = {"safe.directory": "*", "http.receivepack": "false"}
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_COUNT": str(len(settings)),
            "GIT_PROJECT_ROOT": str(self.server.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol") or "",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": unquote(parts.path),
            "QUERY_STRING": parts.query,
            "REMOTE_ADDR": self.client_address[0],
            "CONTENT_TYPE": self.headers.get("Content-Type") or "",
            "CONTENT_LENGTH": self.headers.get("Content-Length") or "",
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding") or "",
        }
        for number, (key, value) in enumerate(settings.items()):
            environment |= {f"GIT_CONFIG_KEY_{number}": key, f"GIT_CONFIG_VALUE_{number}": value}
        return environment

    def _answer(self, head: str, content: bytes) -> None:
        headers = dict(line.split(": ", 1) for line in head.splitlines())
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _basic(user: str, password: str) -> str:
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"
