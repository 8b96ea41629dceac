"""The side of the proxy that faces the API server: one request out, its answer as a stream.

It adds no fault of its own: nothing is retried, decoded, redirected or timed out. Every request has a connection of its
own, because the server may have closed a pooled one, which would be an unwanted failure.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType

import aiohttp
from aiohttp import web
from multidict import CIMultiDict, MultiMapping
from yarl import URL

from hack.faultproxy.kubeconfig import Target

_HOP_BY_HOP = (
    "Connection",
    "Keep-Alive",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
)
_OURS_TO_WRITE = ("Host", "Content-Length", "Expect")
_CLIENT_DEFAULTS = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


class UpstreamLost(Exception):
    """The server cannot be reached, or broke the connection."""


class UpstreamAnswer:
    """The server's answer, whose body is still to be read."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.status = response.status
        self.reason = response.reason
        self.headers = end_to_end(response.headers)
        self.is_json = response.content_type == "application/json"
        self._content = response.content

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes. Raises UpstreamLost when it breaks off."""
        try:
            while chunk := await self._content.readany():
                yield chunk
        except (aiohttp.ClientError, OSError) as error:
            raise UpstreamLost(str(error)) from error


class Upstream:
    """Forwards requests to the target; to be entered and left in one event loop."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Upstream:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, force_close=True),
            timeout=aiohttp.ClientTimeout(total=None),
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=_CLIENT_DEFAULTS,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        assert self._session is not None
        await self._session.close()

    @asynccontextmanager
    async def forward(self, request: web.BaseRequest, body: bytes, *, plain: bool) -> AsyncIterator[UpstreamAnswer]:
        """Send the request and wait for the head of the answer. Raises UpstreamLost.

        `plain` refuses compression, so that the answer can be split into lines.
        """
        assert self._session is not None
        headers = end_to_end(request.headers)
        for name in _OURS_TO_WRITE:
            headers.popall(name, None)
        if plain:
            headers.popall("Accept-Encoding", None)
        tls = self._target.tls
        try:
            if "Authorization" not in headers:
                tls = self._target.tls_as_user
                if authorization := self._target.authorization():
                    headers["Authorization"] = authorization
            response = await self._session.request(
                request.method,
                URL(self._target.server + request.raw_path, encoded=True),
                headers=headers,
                data=body or None,
                allow_redirects=False,
                ssl=tls or True,
                server_hostname=self._target.server_name if tls else None,
            )
        except (aiohttp.ClientError, OSError) as error:
            raise UpstreamLost(str(error)) from error
        try:
            yield UpstreamAnswer(response)
        finally:
            response.close()


def end_to_end(headers: MultiMapping[str]) -> CIMultiDict[str]:
    """A copy without the headers that concern one connection only (RFC 9110, section 7.6.1)."""
    kept = CIMultiDict(headers)
    named = [name.strip() for value in kept.getall("Connection", []) for name in value.split(",")]
    for name in (*_HOP_BY_HOP, *named):
        kept.popall(name, None)
    return kept
