"""Clients for the tests of the local cluster over plain HTTP."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from hack.localcluster import LocalCluster
from hack.serviceaccounts import write_kubeconfig

DEADLINE_SECONDS = 10.0


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; `body` is parsed where it is JSON."""

    code: int
    body: Any
    headers: dict[str, str]


def connection(cluster: LocalCluster) -> http.client.HTTPSConnection:
    """A connection to a cluster, which is verified by its certificate authority."""
    trust = ssl.create_default_context(cadata=cluster.authority)
    return http.client.HTTPSConnection(cluster.address, timeout=DEADLINE_SECONDS, context=trust)


def kubeconfig_for(cluster: LocalCluster, namespace: str, name: str) -> Path:
    """Write a kubeconfig for a service account beside the administrator's, and return its path.

    Raises:
        ApiError: NotFound if there is no such account.
    """
    path = cluster.kubeconfig.with_name(f"{namespace}.{name}")
    return write_kubeconfig(path, admin=cluster.kubeconfig, namespace=namespace, name=name)


class Api:
    """Requests to a cluster, one after the other over one connection.

    Args:
        token: the bearer token; the admin's by default, None for anonymous requests.
        headers: sent with each of them.
    """

    def __init__(
        self, cluster: LocalCluster, *, token: str | None = "", headers: Mapping[str, str] | None = None
    ) -> None:
        self._cluster = cluster
        self._token = cluster.token if token == "" else token
        self._headers = dict(headers or {})
        self._connection: http.client.HTTPConnection | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            self._connection.close()

    def request(
        self, method: str, path: str, body: Any = None, *, content_type: str = "", accept: str = "", token: str = ""
    ) -> Answer:
        """Send a request; bytes and str bodies are sent unchanged, others as JSON."""
        self._connection = self._connection or connection(self._cluster)
        headers = {**self._headers, **_authorization(token or self._token)}
        if content_type:
            headers["Content-Type"] = content_type
        if accept:
            headers["Accept"] = accept
        data = body if body is None or isinstance(body, (str, bytes)) else json.dumps(body)
        self._connection.request(method, path, body=data, headers=headers)
        response = self._connection.getresponse()
        text = response.read()
        return Answer(response.status, parsed(text), {key.lower(): value for key, value in response.getheaders()})

    def get(self, path: str, **more: Any) -> Answer:
        """GET."""
        return self.request("GET", path, **more)

    def post(self, path: str, body: Any, **more: Any) -> Answer:
        """POST of a JSON object."""
        return self.request("POST", path, body, content_type="application/json", **more)

    def put(self, path: str, body: Any) -> Answer:
        """PUT of a JSON object."""
        return self.request("PUT", path, body, content_type="application/json")

    def merge(self, path: str, body: Any) -> Answer:
        """A JSON merge patch."""
        return self.request("PATCH", path, body, content_type="application/merge-patch+json")

    def apply(self, path: str, body: Any) -> Answer:
        """A server-side apply."""
        return self.request("PATCH", path, body, content_type="application/apply-patch+yaml")

    def delete(self, path: str, body: Any = None) -> Answer:
        """DELETE, with options if given."""
        return self.request("DELETE", path, body, content_type="application/json" if body else "")

    def until(self, path: str, holds: Callable[[Answer], bool]) -> Answer:
        """GET again and again until the answer satisfies; fails at the deadline."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        pause = threading.Event()
        while True:
            answer = self.get(path)
            if holds(answer):
                return answer
            assert time.monotonic() < deadline, f"{path} did not become as wanted: {answer}"
            pause.wait(0.01)

    def watch(self, path: str, *, accept: str = "application/json") -> Watch:
        """Open a watch; it is established when this returns."""
        return Watch(self._cluster, path, self._token, accept=accept)


class Watch:
    """An open watch stream."""

    def __init__(self, cluster: LocalCluster, path: str, token: str | None, *, accept: str) -> None:
        self._connection = connection(cluster)
        self._connection.request("GET", path, headers={**_authorization(token), "Accept": accept})
        self._response = self._connection.getresponse()
        self.code = self._response.status

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """The events until the server ends the stream."""
        while line := self._response.readline():
            yield json.loads(line)

    def next(self) -> dict[str, Any]:
        """The next event."""
        event: dict[str, Any] = json.loads(self.next_line())
        return event

    def next_line(self) -> str:
        """The text of the next event."""
        line = self._response.readline()
        assert line, "the stream ended"
        return line.decode()


def _authorization(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def parsed(text: bytes) -> Any:
    """JSON if it is and Python can read it, else the text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text.decode()
