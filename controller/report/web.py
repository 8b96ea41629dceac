"""Sends requests to the API of one server, and to no other. Answers of any status are returned; `outcomes` sorts them.

A redirect is followed only below the same address, with the same method: a renamed repository has another path. So
credentials never reach another host. What has not changed since the last request costs nothing (ETag).
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from typing import Any, Final
from urllib.parse import unquote, urlencode, urljoin, urlsplit

import urllib3

from controller.apimachinery import jsontext
from controller.apimachinery.scope import current_scope
from controller.report import connections, inert
from controller.report.metrics import ReportMetrics
from controller.report.outcomes import Answer, Unavailable

_CONNECT_TIMEOUT: Final = 10.0
# Bytes of an answer. A page of a hundred comments of the greatest length has less.
_BODY_LIMIT: Final = 16 * 1024 * 1024
_REDIRECTS: Final = 3
_REDIRECTED: Final = (301, 307, 308)
# Answers that are kept for the question whether they have changed.
_KEPT: Final = 128
_KEPT_BYTES: Final = 128 * 1024
_CHUNK: Final = 64 * 1024


class Web:
    """One server's API, below the address `api`, which ends without a slash. Thread-safe.

    Raises ProxyError like `connections.pool`.

    Args:
        authorities: see `connections.pool`.
        timeout: seconds for an answer.
    """

    def __init__(
        self,
        *,
        api: str,
        authorities: str,
        timeout: float,
        user_agent: str,
        metrics: ReportMetrics,
    ) -> None:
        self.api = api
        self.host = urlsplit(api).netloc
        self._timeout = timeout
        self._user_agent = user_agent
        self._metrics = metrics
        self._pool = connections.pool(api, authorities)
        self._lock = Lock()
        self._known: OrderedDict[str, tuple[str, Answer]] = OrderedDict()

    def send(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Answer:
        """Return the answer to a request. `path` is below the address, or a whole URL below it.

        Raises Unavailable without an answer, and ValueError for a URL that leads elsewhere.
        """
        url = self.below(path) + (f"?{urlencode(query)}" if query else "")
        data = None if body is None else json.dumps(body).encode()
        for _ in range(_REDIRECTS):
            answer = self._ask(method, url, headers, data)
            if answer.status not in _REDIRECTED:
                return answer
            try:
                url = self.below(urljoin(url, answer.headers.get("location", "")))
            except ValueError:
                raise Unavailable(
                    f"{method} {urlsplit(url).path}: a redirect to another host is not followed"
                ) from None
        raise Unavailable(f"{method} {urlsplit(url).path}: too many redirects")

    def below(self, path: str) -> str:
        """Return the URL of a path or URL. Raises ValueError if it is not below the address of the API."""
        url = path if "://" in path else f"{self.api}{path}"
        parts, api = urlsplit(url), urlsplit(self.api)
        is_there = (parts.scheme, parts.netloc) == (api.scheme, api.netloc) and parts.path.startswith(f"{api.path}/")
        # The connection would resolve the dots, after this check.
        if not is_there or not {".", ".."}.isdisjoint(unquote(parts.path).split("/")):
            raise ValueError("the URL leads to another host")
        return url

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.clear()

    def _ask(self, method: str, url: str, headers: Mapping[str, str], data: bytes | None) -> Answer:
        sent = {"User-Agent": self._user_agent, **headers}
        if data is not None:
            sent["Content-Type"] = "application/json"
        key = hashlib.sha256(f"{url}\n{sorted(headers.items())}".encode()).hexdigest() if method == "GET" else ""
        with self._lock:
            known = self._known.get(key)
        if known is not None:
            sent["If-None-Match"] = known[0]
        answer, size = self._exchange(method, url, sent, data)
        if known is not None and answer.status == 304:
            return known[1]
        if key and answer.status == 200 and (tag := answer.headers.get("etag")) and size <= _KEPT_BYTES:
            with self._lock:
                self._known[key] = (tag, answer)
                self._known.move_to_end(key)
                if len(self._known) > _KEPT:
                    self._known.popitem(last=False)
        return answer

    def _exchange(self, method: str, url: str, headers: Mapping[str, str], data: bytes | None) -> tuple[Answer, int]:
        scope = current_scope()
        seconds = self._timeout
        if scope is not None:
            scope.check()
            seconds = min(seconds, scope.remaining() or seconds)
        started = time.monotonic()
        code = "<error>"
        try:
            response = self._pool.request(
                method,
                url,
                headers=dict(headers),
                body=data,
                redirect=False,
                retries=False,
                preload_content=False,
                timeout=urllib3.Timeout(connect=min(_CONNECT_TIMEOUT, seconds), read=seconds),
            )
            try:
                text = _read(response)
            finally:
                response.release_conn()
            if text is None:
                raise Unavailable(
                    f"{self.host}: the answer to {method} {urlsplit(url).path} is longer than {_BODY_LIMIT} bytes: "
                    "check that this is the API of GitHub or GitLab"
                )
            code = str(response.status)
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            # The text of an error may repeat the URL. No header is refused, because `folders` and `auth` check tokens.
            why = inert.line(str(error), limit=300)
            raise Unavailable(f"{self.host}: no answer to {method} {urlsplit(url).path}: {why}") from None
        finally:
            self._metrics.request(host=self.host, method=method, code=code, seconds=time.monotonic() - started)
        found = {name.lower(): value for name, value in response.headers.items()}
        return Answer(response.status, found, _loads(text)), len(text)


def _read(response: urllib3.BaseHTTPResponse) -> bytes | None:
    """Return the body of an answer, or None if it is too long."""
    parts, size = [], 0
    for part in response.stream(_CHUNK):
        parts.append(part)
        size += len(part)
        if size > _BODY_LIMIT:
            response.close()
            return None
    return b"".join(parts)


def _loads(data: bytes) -> Any:
    try:
        return jsontext.decode(data) if data else None
    except ValueError:
        return data.decode(errors="replace")
