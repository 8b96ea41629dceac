"""HTTP connections whose blocked reads another thread can end.

A thread that waits for an answer's first byte, or for the next line of a watch, sits in `recv`. Shutting the socket
down is the only thing that wakes it at once; urllib3 offers that for a response's body but not for its headers, where
a server that accepts and then says nothing would hold a stopping process for a whole read timeout.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from controller.apimachinery.scope import current_scope

if TYPE_CHECKING:
    from urllib3.response import HTTPResponse


class _Interruptible(HTTPConnection):
    """A connection that stops waiting for an answer when the current scope is cancelled, and keeps its socket."""

    answering: socket.socket | None = None

    def getresponse(self) -> HTTPResponse:  # type: ignore[override]  # urllib3 answers with its own class
        """See `http.client.HTTPConnection.getresponse`."""
        # Kept because urllib3 lets go of `self.sock` when the server announces that it will close the connection.
        self.answering = self.sock
        with interrupted_by_scope(self.answering):
            return super().getresponse()


class _InterruptibleTLS(_Interruptible, HTTPSConnection):
    """The same connection over TLS."""


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = _Interruptible


class _TLSPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _InterruptibleTLS


def make_interruptible(manager: urllib3.PoolManager) -> None:
    """Configure a new pool manager to create interruptible connections."""
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}


def close_idle(manager: urllib3.PoolManager) -> None:
    """Close the idle connections now; `clear` alone would leave that to the garbage collector."""
    for key in manager.pools.keys():  # noqa: SIM118  # the container refuses to be iterated
        pool = manager.pools.get(key)
        if pool is not None:
            pool.close()
    manager.clear()


def socket_of(response: Any) -> socket.socket | None:
    """Return the socket of a urllib3 response that has not been released yet, or None."""
    connection = response.connection
    return connection.answering if isinstance(connection, _Interruptible) else None


def shut_down(sock: socket.socket | None) -> None:
    """End all reads and writes on `sock` at once, in every thread. Does nothing if it is closed."""
    if sock is not None:
        with contextlib.suppress(OSError):
            # Not sock.shutdown: ssl's override pulls the TLS state away from under the reading thread.
            socket.socket.shutdown(sock, socket.SHUT_RDWR)


@contextlib.contextmanager
def interrupted_by_scope(sock: socket.socket | None) -> Iterator[None]:
    """While inside, cancelling the current scope shuts `sock` down."""
    scope = current_scope()
    if scope is None:
        yield
        return
    with scope.interrupting(lambda: shut_down(sock)):
        yield
