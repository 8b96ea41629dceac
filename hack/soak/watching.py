"""Watches of the soak's own: plain HTTP, independent of the product's client and caches."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse, HTTPSConnection
from typing import Any
from urllib.parse import urlencode

from controller.apimachinery.resources import Resource
from hack.bench.server import Server

_PAUSE_SECONDS = 0.3
# How long the server lets a watch run, and how long one may be silent. Both in seconds.
_WATCH_SECONDS = 120
_SILENCE_SECONDS = 150.0
_GONE = 410


@dataclass(frozen=True, slots=True)
class Sink:
    """Takes what a watch delivers, in its thread.

    Attributes:
        listed: kind, version, items.
        changed: kind, type, object.
        passed: kind, version of a bookmark.
    """

    listed: Callable[[str, int, list[dict[str, Any]]], None]
    changed: Callable[[str, str, dict[str, Any]], None]
    passed: Callable[[str, int], None]


class _Expired(Exception):
    """The server no longer knows the version from which the watch wants to continue."""


class Watch:
    """Lists and watches one kind until stopped, through any failure of the server."""

    def __init__(self, server: Server, resource: Resource, kind: str, sink: Sink, *, selector: str = "") -> None:
        """`kind`: what the sink calls it, because one resource can have two watches with different selectors."""
        self._server = server
        prefix = f"/apis/{resource.api_version}" if resource.group else f"/api/{resource.version}"
        self._path = f"{prefix}/{resource.plural}"
        self._kind = kind
        self._sink = sink
        self._selector = selector
        self._version = 0
        self._connection: HTTPSConnection | None = None
        self._stopped = threading.Event()
        self._thread = threading.Thread(name=f"soak-watch-{kind}", target=self._run, daemon=True)

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End the watch."""
        self._stopped.set()
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with suppress(OSError):
                connection.sock.shutdown(2)
        self._thread.join(5.0)

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                if not self._version:
                    self._list()
                self._watch()
            except _Expired:
                self._version = 0
            except (OSError, HTTPException, ValueError):
                # The server is away, or the line was cut.
                self._stopped.wait(_PAUSE_SECONDS)

    def _list(self) -> None:
        found = json.loads(self._get({}).read())
        version = int(found["metadata"]["resourceVersion"])
        self._sink.listed(self._kind, version, found["items"])
        self._version = version

    def _watch(self) -> None:
        options = {"watch": "true", "allowWatchBookmarks": "true", "timeoutSeconds": str(_WATCH_SECONDS)}
        response = self._get(options | {"resourceVersion": str(self._version)})
        while line := response.readline():
            self._take(json.loads(line))

    def _take(self, event: dict[str, Any]) -> None:
        type_, obj = event["type"], event["object"]
        if type_ == "ERROR":
            raise _Expired if obj.get("code") == _GONE else OSError(str(obj.get("message")))
        version = int(obj["metadata"]["resourceVersion"])
        if type_ == "BOOKMARK":
            self._sink.passed(self._kind, version)
        else:
            self._sink.changed(self._kind, type_, obj)
        self._version = version

    def _get(self, options: dict[str, str]) -> HTTPResponse:
        if self._connection is not None:
            self._connection.close()
        self._connection = connection = self._server.connect()
        connection.timeout = _SILENCE_SECONDS
        selected = {"labelSelector": self._selector} if self._selector else {}
        connection.request("GET", f"{self._path}?{urlencode(options | selected)}", headers=self._server.headers)
        response = connection.getresponse()
        if response.status == _GONE:
            raise _Expired
        if response.status != 200:
            raise OSError(f"{response.status} for {self._path}")
        return response
