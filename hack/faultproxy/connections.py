"""The ways in which a connection to a client can come to an end, and the port that accepts them."""

from __future__ import annotations

import asyncio
import socket
import struct
from typing import Any

from aiohttp import web

from hack.faultproxy.faults import Ending

_LINGER_NOT_AT_ALL = struct.pack("ii", 1, 0)
_BACKLOG = 512


def reset(transport: asyncio.BaseTransport | None) -> None:
    """Reset the connection (RST): the client sees "connection reset by peer"."""
    if transport is None or transport.is_closing():
        return
    # Without lingering, the kernel sends a reset on close in place of an orderly end.
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NOT_AT_ALL)
    assert isinstance(transport, asyncio.WriteTransport)
    transport.abort()


def finish(request: web.BaseRequest, response: web.StreamResponse, ending: Ending) -> web.StreamResponse:
    """End the answer to `request` as wanted; the handler then returns what this returns."""
    if ending is Ending.RESET:
        reset(request.transport)
    elif ending is Ending.CLOSE and request.transport is not None:
        request.transport.close()
    return response


class Port:
    """A TCP port that stays ours while it refuses connections, so that it can accept them again later."""

    def __init__(self, *, host: str, port: int) -> None:
        self._family: socket.AddressFamily
        self._family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        # Bound, but never listening: that keeps others from taking the port, and its callers are refused.
        self._reservation = self._bound(address)
        self.host, self.number = self._reservation.getsockname()[:2]

    def listener(self) -> socket.socket:
        """A new socket that accepts connections on the port."""
        listener = self._bound(self._reservation.getsockname())
        listener.listen(_BACKLOG)
        return listener

    def close(self) -> None:
        self._reservation.close()

    def _bound(self, address: tuple[Any, ...]) -> socket.socket:
        bound = socket.socket(self._family, socket.SOCK_STREAM)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
        except OSError:
            bound.close()
            raise
        return bound
