"""Sending one request once: host, credentials, timeouts, and every way it can fail mapped to one of our errors.

All contact with the package's HTTP side is here: `ApiClient.param_serialize` for the URL and the headers, and the pool
of connections. Bodies are written here, because the package copies them recursively before it does the same; a contract
test pins what we rely on.
"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import structlog
import urllib3
from kubernetes.client import ApiClient

from controller.apimachinery import jsontext
from controller.apimachinery.clock import Clock
from controller.apimachinery.errors import (
    ApiError,
    ConfigError,
    ConnectionLost,
    MalformedAnswer,
    RequestTimeout,
    Stopped,
    TlsFailure,
    Unauthorized,
    status_error,
)
from controller.apimachinery.scope import current_scope
from controller.client.config import Connection
from controller.client.interruptible import close_idle, interrupted_by_scope, make_interruptible, socket_of
from controller.client.metrics import ClientMetrics
from controller.client.request import Request
from controller.client.serverhealth import ServerHealth

log = structlog.get_logger(__name__)

NO_ANSWER = "<error>"


class Transport:
    """Sends requests; knows nothing of retries (except the one after a 401), gates or what the answers mean."""

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
        self._generation, self._api = self._make()
        self.host: str = urlsplit(self._api.configuration.host).netloc

    def exchange(self, request: Request, *, read_timeout: float, permit: Callable[[], None]) -> dict[str, Any]:
        """Send, read the whole answer, return its JSON object. Raises errors.ApiError, and what `permit` raises, which
        is called each time right before sending. TypeError: the body holds what is not JSON."""
        body = None if request.body is None else json.dumps(request.body).encode()
        response = self._send_authenticated(request, body, read_timeout, permit)
        data = self._read(response)
        self._metrics.sizes(verb=request.method, host=self.host, request=len(body or b""), response=len(data))
        return _parse(data)

    def stream(self, request: Request, *, read_timeout: float) -> Any:
        """Send, and return the urllib3 response once its headers say 200. The caller must close and release it."""
        return self._send_authenticated(request, None, read_timeout, lambda: None)

    def read(self, request: Request, *, read_timeout: float) -> bytes:
        """Send, and read the whole answer, whatever its format. Raises errors.ApiError."""
        return self._read(self._send_authenticated(request, None, read_timeout, lambda: None))

    def close(self) -> None:
        """Drop idle connections."""
        with self._lock:
            close_idle(self._api.rest_client.pool_manager)

    def _send_authenticated(
        self, request: Request, body: bytes | None, read_timeout: float, permit: Callable[[], None]
    ) -> Any:
        generation = self._current()[0]
        permit()
        try:
            return self._send(request, body, read_timeout)
        except Unauthorized as unauthorized:
            try:
                self._connection.refresh(generation)
            except ConfigError as error:
                log.warning("cannot renew the credentials", source=self._connection.source, error=str(error))
                raise unauthorized from error
            # To renew them may have taken any time.
            permit()
            return self._send(request, body, read_timeout)

    def _send(self, request: Request, body: bytes | None, read_timeout: float) -> Any:
        """One attempt: the response, if its status is a success; else its error. Either way the server is judged."""
        scope = current_scope()
        if scope is not None:
            scope.check()
            remaining = scope.remaining()
            if remaining is not None:
                read_timeout = min(read_timeout, remaining)
        try:
            response = self._attempt(request, body, read_timeout)
        except ApiError as error:
            self._health.judge(error)
            raise
        self._health.judge(None)
        return response

    def _attempt(self, request: Request, body: bytes | None, read_timeout: float) -> Any:
        _, api = self._current()
        started = self._clock.now()
        code = NO_ANSWER
        try:
            method, url, headers, _, _ = api.param_serialize(
                request.method, request.target, header_params=dict(request.headers), auth_settings=["BearerToken"]
            )
            # No time left is little time; zero is not allowed.
            connect_timeout = min(self._connect_timeout, read_timeout) or 0.001
            timeout = urllib3.Timeout(connect=connect_timeout, read=read_timeout or 0.001)
            response = api.rest_client.pool_manager.request(
                method, url, body=body, headers=headers, timeout=timeout, preload_content=False
            )
            code = str(response.status)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            raise self._failure(error) from error
        finally:
            seconds = self._clock.now() - started
            self._metrics.request(code=code, method=request.method, host=self.host, seconds=seconds)
        if 200 <= response.status <= 299:
            return response
        raise status_error(response.status, _loads(self._read(response)), retry_after=_retry_after(response))

    def _read(self, response: Any) -> bytes:
        """The whole body; the connection goes back to the pool."""
        try:
            with interrupted_by_scope(socket_of(response)):
                data: bytes = response.data
            return data
        except (urllib3.exceptions.HTTPError, OSError) as error:
            response.close()
            raise self._failure(error) from error
        except Stopped:
            response.close()
            raise

    def _failure(self, error: Exception) -> ApiError:
        return failure(error, host=self.host)

    def _current(self) -> tuple[int, ApiClient]:
        """The package's client for the newest credentials; a new one (and pool) after they were renewed."""
        with self._lock:
            if self._connection.current()[0] != self._generation:
                close_idle(self._api.rest_client.pool_manager)
                self._generation, self._api = self._make()
            return self._generation, self._api

    def _make(self) -> tuple[int, ApiClient]:
        generation, configuration = self._connection.current()
        configuration.connection_pool_maxsize = self._pool_size
        api = ApiClient(configuration=configuration)
        api.user_agent = self._user_agent
        make_interruptible(api.rest_client.pool_manager)
        return generation, api


def failure(error: Exception, *, host: str) -> ApiError:
    """Our error for an exception of the HTTP library. Under a cancelled scope everything is `Stopped`."""
    scope = current_scope()
    if scope is not None and scope.cancelled:
        return Stopped("stopping")
    text = " ".join(str(error).split())
    if isinstance(error, ValueError) and "header value" in text:
        # It shows the value, which is our token.
        return ConnectionLost(f"{host}: the token holds a line break or another character that no token has")
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        # It begins with the connection as Python shows it, which tells people less than the host does.
        # The library counts it among the timeouts, but a refused connection is known at once.
        return ConnectionLost(f"{host}: {text.removeprefix(f'{error.conn}: ')}")
    if isinstance(error, urllib3.exceptions.ReadTimeoutError):
        return RequestTimeout(f"{host}: no answer in the time allowed")
    if isinstance(error, (urllib3.exceptions.TimeoutError, TimeoutError)):
        return RequestTimeout(f"{host}: {text}")
    if isinstance(error, (urllib3.exceptions.SSLError, ssl.SSLError)):
        return TlsFailure(f"{host}: TLS: {text}")
    return ConnectionLost(f"{host}: {text}")


def _retry_after(response: Any) -> float | None:
    """Whole seconds only: nobody sends this API's clients a date, and guessing at a malformed value helps nobody."""
    value = (response.headers.get("Retry-After") or "").strip()
    return float(value) if value.isascii() and value.isdigit() else None


def _loads(data: bytes) -> Any:
    """JSON if it is JSON, else text."""
    try:
        return jsontext.decode(data)
    except ValueError:
        return data.decode(errors="replace")


def _parse(data: bytes) -> dict[str, Any]:
    parsed = _loads(data)
    if not isinstance(parsed, dict):
        raise MalformedAnswer(f"the answer is not a JSON object: {str(parsed)[:200]!r}")
    return parsed
