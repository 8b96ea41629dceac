"""Helpers of these tests: a scripted API server behind the proxy, and a client that shows raw connections."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import http.client
import json
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from controller.apimachinery.threads import start_thread
from hack.faultproxy.faults import Match
from hack.faultproxy.proxy import FaultProxy

# Generous, because a busy machine must not fail a test; never used up when all is well.
DEADLINE = 20.0


@dataclass(frozen=True)
class Seen:
    """A request as the server received it."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    certificate: Any


class ScriptedServer:
    """Answers every request with `answer`, and watches with the lines that `send` is given."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        self.seen: list[Seen] = []
        self.answer: Callable[[web.Request], web.StreamResponse] = lambda _: web.json_response({"kind": "Answer"})
        self._tls = tls
        self._completed = 0
        self._changed = threading.Condition()
        self._watches: list[asyncio.Queue[bytes | Exception | None]] = []

    def __enter__(self) -> ScriptedServer:
        started: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._thread = start_thread("scripted server", lambda: asyncio.run(self._run(started)))
        started.result(DEADLINE)
        return self

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(DEADLINE)

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}"

    def send(self, *lines: bytes) -> None:
        """Send these bytes on every watch, as they are."""
        for line in lines:
            self._loop.call_soon_threadsafe(self._put, line)

    def end_watches(self) -> None:
        self._loop.call_soon_threadsafe(self._put, None)

    def break_watches(self) -> None:
        self._loop.call_soon_threadsafe(self._put, ConnectionError())

    def wait_for_requests(self, count: int) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.seen) >= count, DEADLINE), f"only {len(self.seen)} requests"

    def wait_for_answers(self, count: int) -> None:
        """Wait until `count` answers were sent to their last byte."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._completed >= count, DEADLINE), f"only {self._completed} answers"

    def wait_for_watches(self, count: int) -> None:
        """Wait until exactly `count` watches are open."""
        with self._changed:
            assert self._changed.wait_for(lambda: len(self._watches) == count, DEADLINE), f"{len(self._watches)} open"

    def _put(self, item: bytes | Exception | None) -> None:
        for queue in self._watches:
            queue.put_nowait(item)

    async def _run(self, started: concurrent.futures.Future[None]) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        application = web.Application(client_max_size=0)
        application.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(application, handler_cancellation=True, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=self._tls).start()
        self._port = runner.addresses[0][1]
        started.set_result(None)
        await self._stop.wait()
        self._put(None)
        await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        body = await request.read()
        certificate = request.transport.get_extra_info("peercert")
        with self._changed:
            self.seen.append(Seen(request.method, request.raw_path, dict(request.headers), body, certificate))
            self._changed.notify_all()
        if request.query.get("watch"):
            return await self._watch(request)
        response = self.answer(request)
        await response.prepare(request)
        await response.write_eof()
        with self._changed:
            self._completed += 1
            self._changed.notify_all()
        return response

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        queue: asyncio.Queue[bytes | Exception | None] = asyncio.Queue()
        self._add_watch(queue)
        try:
            await response.prepare(request)
            while (item := await queue.get()) is not None:
                if isinstance(item, Exception):
                    assert request.transport is not None
                    request.transport.close()
                    break
                await response.write(item)
        finally:
            with self._changed:
                self._watches.remove(queue)
                self._changed.notify_all()
        return response

    def _add_watch(self, queue: asyncio.Queue[bytes | Exception | None]) -> None:
        with self._changed:
            self._watches.append(queue)
            self._changed.notify_all()


class Client:
    """Requests on connections of their own; what a caller does not close, `close` does."""

    def __init__(self, url: str, *, tls: ssl.SSLContext | None = None) -> None:
        self._address = urlsplit(url)
        self._tls = tls
        self._connections: list[http.client.HTTPConnection] = []

    def connect(self) -> http.client.HTTPConnection:
        host, port = self._address.hostname or "", self._address.port
        connection = (
            http.client.HTTPSConnection(host, port, timeout=DEADLINE, context=self._tls)
            if self._address.scheme == "https"
            else http.client.HTTPConnection(host, port, timeout=DEADLINE)
        )
        self._connections.append(connection)
        return connection

    def request(
        self, method: str = "GET", path: str = "/api", *, body: bytes | None = None, **headers: str
    ) -> http.client.HTTPResponse:
        """Send a request and wait for the head of its answer."""
        connection = self.connect()
        connection.request(method, path, body=body, headers={k.replace("_", "-"): v for k, v in headers.items()})
        return connection.getresponse()

    def ask(self, method: str = "GET", path: str = "/api", *, body: Any = None) -> tuple[int, Any]:
        """The status and the JSON of an answer."""
        response = self.request(method, path, body=None if body is None else json.dumps(body).encode())
        return response.status, json.loads(response.read())

    def send_only(self, path: str = "/api") -> http.client.HTTPConnection:
        """Send a GET, and let the caller wait for the answer."""
        connection = self.connect()
        connection.request("GET", path)
        return connection

    def watch(self, path: str = "/api/things") -> http.client.HTTPResponse:
        """Open a watch; read it line by line."""
        return self.request(path=f"{path}?watch=1")

    def close(self) -> None:
        for connection in self._connections:
            # A response keeps the socket open on its own.
            if connection.sock is not None:
                with contextlib.suppress(OSError):
                    connection.sock.shutdown(socket.SHUT_RDWR)
            connection.close()


@contextlib.contextmanager
def client_of(url: str, *, tls: ssl.SSLContext | None = None) -> Iterator[Client]:
    client = Client(url, tls=tls)
    try:
        yield client
    finally:
        client.close()


def event(number: int) -> bytes:
    """A line of a watch."""
    return json.dumps({"type": "MODIFIED", "object": {"metadata": {"resourceVersion": str(number)}}}).encode() + b"\n"


def nothing_comes(proxy: FaultProxy, response: http.client.HTTPResponse) -> bool:
    """Whether a watch stays as it is, although the proxy had several turns to do something with it."""
    for _ in range(10):
        proxy.drop_watches(Match(path="no such path"))
    return _nothing_to_read(response)


def _nothing_to_read(response: http.client.HTTPResponse) -> bool:
    """Whether a streamed answer neither has more bytes waiting nor has ended."""
    with contextlib.suppress(BlockingIOError):
        raw: socket.socket = response.fp.raw._sock  # type: ignore[attr-defined]
        raw.setblocking(False)
        try:
            raw.recv(1, socket.MSG_PEEK)
        finally:
            raw.settimeout(DEADLINE)
        return False
    return True
