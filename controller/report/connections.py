"""Connections to GitHub and GitLab: with TLS that is verified, through the proxy that the environment names.

The timeout of urllib3 is that of each receive, so a server that sends a byte now and then could hold a worker for
hours. Here it limits the whole answer.
"""

from __future__ import annotations

import http.client
import io
import ssl
import time
import urllib.request
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

# Idle connections that are kept.
_IDLE: Final = 8
# Bytes of the head of an answer. Python's parser takes minutes for some heads of a few hundred thousand.
_HEAD_LIMIT: Final = 32 * 1024


class ProxyError(Exception):
    """See its text, which has no password."""


def pool(api: str, authorities: str) -> urllib3.PoolManager:
    """Return connections to the server of the URL `api`.

    Args:
        authorities: certificates in PEM that are trusted besides those of the system; "" for none.

    Raises ProxyError if the proxy that the environment names cannot be used.
    """
    context = ssl.create_default_context()
    if authorities:
        context.load_verify_locations(cadata=authorities)
    parts = urlsplit(api)
    proxies = urllib.request.getproxies_environment()
    proxy = proxies.get(parts.scheme)
    if not proxy or urllib.request.proxy_bypass_environment(parts.hostname or "", proxies):  # type: ignore[attr-defined]
        return _timed(urllib3.PoolManager(ssl_context=context, maxsize=_IDLE))
    try:
        user = urllib3.util.parse_url(proxy).auth
        headers = urllib3.make_headers(proxy_basic_auth=unquote(user)) if user else None
        return _timed(urllib3.ProxyManager(proxy, ssl_context=context, maxsize=_IDLE, proxy_headers=headers))
    except (urllib3.exceptions.HTTPError, ValueError):
        # The text of the error may have the password.
        raise ProxyError(f"${parts.scheme.upper()}_PROXY cannot be used: write http://HOST:PORT") from None


def _timed(manager: urllib3.PoolManager) -> urllib3.PoolManager:
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
    return manager


class _Limited(io.RawIOBase):
    """What arrives on a socket, until the time is over that the socket has for one receive.

    `in_head`: whether the head of the answer is not complete yet.
    """

    def __init__(self, sock: Any, raw: Any, in_head: Callable[[], bool]) -> None:
        self._socket = sock
        self._raw = raw
        self._in_head = in_head
        self._received = 0
        timeout = sock.gettimeout()
        self._deadline = None if timeout is None else time.monotonic() + timeout

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        if self._deadline is not None:
            remaining = self._deadline - time.monotonic()
            if remaining <= 0:
                raise TimeoutError("the answer takes too long")
            self._socket.settimeout(remaining)
        found: int | None = self._raw.readinto(buffer)
        self._received += found or 0
        if self._received > _HEAD_LIMIT and self._in_head():
            raise OSError(f"the head of the answer is longer than {_HEAD_LIMIT} bytes")
        return found

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(sock, *args, **kwargs)
        self.fp = io.BufferedReader(_Limited(sock, self.fp.detach(), lambda: self.headers is None))


class _Connection(HTTPConnection):
    response_class = _Response


class _SecureConnection(HTTPSConnection):
    response_class = _Response


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection
