"""Opens connections to one server, and keeps idle ones for the next request.

urllib3 connects, configured by the `kubernetes` package: TLS, client certificates, proxies and socket options are
theirs. Each new connection reads the certificates again, because they are rotated.
"""

from __future__ import annotations

import threading
from typing import Any

import urllib3
from urllib3.util import parse_url

from controller.client.kubernetes_package import Configuration, RESTClientObject
from controller.client.wire import Answer, Wire


class _Opening(urllib3.HTTPConnectionPool):
    """urllib3's pool, of which only the opening of connections is used."""

    def open(self, timeout: float) -> Wire:
        """Return a new connection, through the proxy if there is one. `timeout` in seconds limits each step.

        Raises OSError, ValueError or a urllib3 error.
        """
        connection: Any = self._new_conn()
        connection.timeout = timeout
        try:
            if self.proxy is not None and self.scheme == "https":
                self._prepare_proxy(connection)  # connects through a tunnel
            else:
                connection.connect()
        except BaseException:  # a stop or a bug, too, must not leave the socket open; it is raised again
            connection.close()
            raise
        return Wire(connection.sock)


class _OpeningTLS(_Opening, urllib3.HTTPSConnectionPool):
    """The same with TLS."""


class Connections:
    """The connections of one configuration. Thread-safe.

    Args:
        size: how many idle connections are kept; more may be open.

    Attributes:
        target_prefix: precedes each target: the path of the server's address, and its host if a proxy forwards.
        headers: what the server or the proxy needs in each request besides credentials.
    """

    def __init__(self, configuration: Configuration, *, size: int) -> None:
        manager = RESTClientObject(configuration).pool_manager
        manager.pool_classes_by_scheme = {"http": _Opening, "https": _OpeningTLS}
        server = parse_url(configuration.host)
        self._opening: Any = manager.connection_from_host(server.host, server.port, server.scheme)
        self.target_prefix = (server.path or "").rstrip("/")
        self.headers = {"Host": server.netloc or ""}
        if manager.proxy is not None and server.scheme == "http":
            # The proxy forwards these requests. For https it only opens a tunnel.
            self.target_prefix = f"http://{server.netloc}{self.target_prefix}"
            self.headers |= manager.proxy_headers
        self._size = size
        self._lock = threading.Lock()
        self._idle: list[Wire] = []
        self._closed = False

    def ask(self, data: bytes, *, connect_timeout: float, read_timeout: float) -> Answer:
        """Send a whole request, and return the answer as soon as its headers are there. Timeouts in seconds.

        Raises Stopped if the scope is cancelled; OSError, ValueError, or an error of urllib3 or httptools.
        """
        wire = self._take_idle() or self._opening.open(connect_timeout)
        try:
            with wire.interrupted_by_scope():
                wire.set_timeout(read_timeout)
                wire.send(data)
                answer = Answer(wire, keep=self._keep)
                answer.receive_head()
                return answer
        except BaseException:  # as above: after a half-sent request nothing else may use the connection
            wire.close()
            raise

    def close(self) -> None:
        """Close the idle connections, and each other one after its answer."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for wire in idle:
            wire.close()

    def _take_idle(self) -> Wire | None:
        while True:
            with self._lock:
                if not self._idle:
                    return None
                wire = self._idle.pop()
            if not wire.is_dropped:
                return wire
            wire.close()

    def _keep(self, wire: Wire) -> None:
        with self._lock:
            if not self._closed and len(self._idle) < self._size:
                self._idle.append(wire)
                return
        wire.close()
