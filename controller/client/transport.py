"""Sends one request once: adds host, credentials and timeouts, and maps every failure to one of our errors.

All use of the HTTP parts of the `kubernetes` package is here: `ApiClient.param_serialize` for the URL and the headers,
and the connection pool. Bodies are encoded here, because the package would first copy them recursively. A contract test
checks everything that we rely on.
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
        self._generation, self._api = self._make()
        self.host: str = urlsplit(self._api.configuration.host).netloc

    def exchange(self, request: Request, *, read_timeout: float, permit: Callable[[], None]) -> dict[str, Any]:
        """Send a request, read the whole answer, and return its JSON object.

        `permit` is called right before each attempt. Raises errors.ApiError, whatever `permit` raises, and TypeError if
        the body contains a value that JSON does not have.
        """
        body = None if request.body is None else json.dumps(request.body).encode()
        response = self._send_authenticated(request, body, read_timeout, permit)
        data = self._read(response)
        self._metrics.sizes(verb=request.method, host=self.host, request=len(body or b""), response=len(data))
        return _parse(data)

    def stream(self, request: Request, *, read_timeout: float) -> Any:
        """Send a request and return the urllib3 response after a 2xx status. The caller must close and release it."""
        return self._send_authenticated(request, None, read_timeout, lambda: None)

    def read(self, request: Request, *, read_timeout: float) -> bytes:
        """Send a request and return the whole body in any format. Raises errors.ApiError."""
        return self._read(self._send_authenticated(request, None, read_timeout, lambda: None))

    def close(self) -> None:
        """Close idle connections."""
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
                log.warning("credentials not renewed", source=self._connection.source, error=str(error))
                raise unauthorized from error
            # Ask again, because renewing the credentials may have taken long.
            permit()
            return self._send(request, body, read_timeout)

    def _send(self, request: Request, body: bytes | None, read_timeout: float) -> Any:
        """Make one attempt. Returns the response or raises an error; both update the server's health."""
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
            # urllib3 does not allow a timeout of zero.
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
        """Return the whole body and return the connection to the pool."""
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
        """Return the package's client and the generation of its credentials. Renewed credentials get a new client."""
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
    """Return our error for an exception of the HTTP library; `Stopped` if the scope is cancelled."""
    scope = current_scope()
    if scope is not None and scope.cancelled:
        return Stopped("stopping")
    text = " ".join(str(error).split())
    if isinstance(error, ValueError) and "header value" in text:
        # The original message contains the value, which is our token.
        return ConnectionLost(f"{host}: the token contains a line break or another invalid character")
    if isinstance(error, urllib3.exceptions.NewConnectionError):
        # The text begins with the representation of the connection object; the host is more useful to people.
        # urllib3 makes this a subclass of its timeouts, but a refused connection fails at once.
        return ConnectionLost(f"{host}: {text.removeprefix(f'{error.conn}: ')}")
    if isinstance(error, urllib3.exceptions.ReadTimeoutError):
        return RequestTimeout(f"{host}: no answer in the time allowed")
    if isinstance(error, (urllib3.exceptions.TimeoutError, TimeoutError)):
        return RequestTimeout(f"{host}: {text}")
    if isinstance(error, (urllib3.exceptions.SSLError, ssl.SSLError)):
        return TlsFailure(f"{host}: TLS: {text}")
    return ConnectionLost(f"{host}: {text}")


def _retry_after(response: Any) -> float | None:
    """Return the header in whole seconds, or None. Kubernetes servers send no dates, and other values are malformed."""
    value = (response.headers.get("Retry-After") or "").strip()
    return float(value) if value.isascii() and value.isdigit() else None


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
