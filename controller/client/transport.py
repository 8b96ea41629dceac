"""Sends one request once: adds host, credentials and timeouts, and maps every failure to one of our errors.

Only the body and what the request itself says are encoded for each request (`head`). A contract test checks everything
that we rely on in other packages.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import structlog

from controller.apimachinery import jsontext
from controller.apimachinery.clock import Clock
from controller.apimachinery.errors import ApiError, ConfigError, MalformedAnswer, Stopped, Unauthorized, status_error
from controller.apimachinery.scope import current_scope
from controller.client import failures
from controller.client.config import Connection
from controller.client.connections import Connections
from controller.client.head import Heads
from controller.client.metrics import ClientMetrics
from controller.client.request import Request
from controller.client.serverhealth import ServerHealth
from controller.client.wire import Answer

log = structlog.get_logger(__name__)

NO_ANSWER = "<error>"
# Seconds. API servers ask for a few; a clock cannot wait for as long as a header can ask.
_LONGEST_RETRY_AFTER = 300.0


@dataclass(frozen=True, slots=True)
class _Session:
    """What belongs to one generation of the credentials."""

    generation: int
    connections: Connections
    heads: Heads


class Transport:
    """Sends requests. It does not retry (except once after a 401), and does not interpret the answers."""

    def __init__(
        self,
        *,
        connection: Connection,
        user_agent: str,
        connect_timeout: float,
        pool_size: int,
        metrics: ClientMetrics,
        health: ServerHealth,
        clock: Clock,
    ) -> None:
        self._connection = connection
        self._user_agent = user_agent
        self._connect_timeout = connect_timeout
        self._pool_size = pool_size
        self._metrics = metrics
        self._health = health
        self._clock = clock
        self._lock = threading.Lock()
        self._session = self._open()
        self.host: str = urlsplit(connection.current()[1].host).netloc

    def exchange(self, request: Request, *, read_timeout: float, permit: Callable[[], None]) -> dict[str, Any]:
        """Send a request, read the whole answer, and return its JSON object.

        `permit` is called right before each attempt. Raises errors.ApiError, whatever `permit` raises, and TypeError if
        the body contains a value that JSON does not have.
        """
        body = None if request.body is None else jsontext.encode(request.body)
        data = self._read(self._send_authenticated(request, body, read_timeout, permit))
        self._metrics.sizes(verb=request.method, host=self.host, request=len(body or b""), response=len(data))
        return _parse(data)

    def stream(self, request: Request, *, read_timeout: float) -> Answer:
        """Send a request and return the answer after a 2xx status. The caller must close it."""
        return self._send_authenticated(request, None, read_timeout, lambda: None)

    def read(self, request: Request, *, read_timeout: float) -> bytes:
        """Send a request and return the whole body in any format. Raises errors.ApiError."""
        return self._read(self._send_authenticated(request, None, read_timeout, lambda: None))

    def close(self) -> None:
        """Close idle connections."""
        with self._lock:
            self._session.connections.close()

    def _send_authenticated(
        self, request: Request, body: bytes | None, read_timeout: float, permit: Callable[[], None]
    ) -> Answer:
        session = self._current()
        permit()
        try:
            return self._send(session, request, body, read_timeout)
        except Unauthorized as unauthorized:
            try:
                self._connection.refresh(session.generation)
            except ConfigError as error:
                log.warning("credentials not renewed", source=self._connection.source, error=str(error))
                raise unauthorized from error
            # Ask again, because renewing the credentials may have taken long.
            permit()
            return self._send(self._current(), request, body, read_timeout)

    def _send(self, session: _Session, request: Request, body: bytes | None, read_timeout: float) -> Answer:
        """Make one attempt. Returns the answer or raises an error; both update the server's health."""
        scope = current_scope()
        if scope is not None:
            scope.check()
            remaining = scope.remaining()
            if remaining is not None:
                read_timeout = min(read_timeout, remaining)
        try:
            answer = self._attempt(session, request, body, read_timeout)
        except ApiError as error:
            self._health.judge(error)
            raise
        self._health.judge(None)
        return answer

    def _attempt(self, session: _Session, request: Request, body: bytes | None, read_timeout: float) -> Answer:
        # A timeout of zero would mean not to wait at all.
        read_timeout = read_timeout or 0.001
        connect_timeout = min(self._connect_timeout, read_timeout)
        started = self._clock.now()
        code = NO_ANSWER
        try:
            data = session.heads.of(request, length=None if body is None else len(body)) + (body or b"")
            answer = session.connections.ask(data, connect_timeout=connect_timeout, read_timeout=read_timeout)
            code = str(answer.status)
        except failures.ERRORS as error:
            raise failures.failure(error, host=self.host) from error
        finally:
            seconds = self._clock.now() - started
            self._metrics.request(code=code, method=request.method, host=self.host, seconds=seconds)
        if 200 <= answer.status <= 299:
            return answer
        raise status_error(answer.status, _loads(self._read(answer)), retry_after=_retry_after(answer))

    def _read(self, answer: Answer) -> bytes:
        """Return the whole body and return the connection to the pool."""
        try:
            return answer.read()
        except failures.ERRORS as error:
            answer.close()
            raise failures.failure(error, host=self.host) from error
        except Stopped:
            answer.close()
            raise

    def _current(self) -> _Session:
        """Return the session with the current credentials. Renewed credentials get new connections."""
        with self._lock:
            if self._connection.current()[0] != self._session.generation:
                self._session.connections.close()
                self._session = self._open()
            return self._session

    def _open(self) -> _Session:
        generation, configuration = self._connection.current()
        connections = Connections(configuration, size=self._pool_size)
        fixed = {**connections.headers, "User-Agent": self._user_agent}
        return _Session(
            generation, connections, Heads(configuration, target_prefix=connections.target_prefix, fixed=fixed)
        )


def _retry_after(answer: Answer) -> float | None:
    """Return the header in seconds, or None. Kubernetes servers send no dates, and other values are malformed."""
    value = answer.headers.get("retry-after", "").strip()
    return min(float(value), _LONGEST_RETRY_AFTER) if value.isascii() and value.isdigit() else None


def _loads(data: bytes) -> Any:
    """Return the decoded JSON, or the text if it is not JSON."""
    try:
        return jsontext.decode(data)
    except ValueError:
        return data.decode(errors="replace")


def _parse(data: bytes) -> dict[str, Any]:
    parsed = _loads(data)
    if not isinstance(parsed, dict):
        raise MalformedAnswer(f"the answer is not a JSON object: {str(parsed)[:200]!r}")
    return parsed
