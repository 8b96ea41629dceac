"""Everything that objects have been: a watcher keeps each version, for what must never be or must come in order."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from controller.apimachinery.errors import ApiError
from controller.apimachinery.resources import Resource
from controller.apimachinery.threads import start_thread
from controller.client import Client
from tests.integration.support.waiting import DEADLINE, eventually

_PAUSE_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Version:
    """One version of one object; `type` is the watch event's: ADDED, MODIFIED or DELETED.

    `at` is the resourceVersion: it orders the versions of all objects of a cluster, deletions too.
    """

    type: str
    resource: Resource
    obj: dict[str, Any]

    @property
    def name(self) -> str:
        return str(self.obj["metadata"]["name"])

    @property
    def at(self) -> int:
        return int(self.obj["metadata"]["resourceVersion"])

    @property
    def status(self) -> dict[str, Any]:
        return self.obj.get("status") or {}


class History:
    """Watches resources (in one namespace, or everywhere) from its start to the end of the `with` block."""

    def __init__(self, client: Client, *resources: Resource) -> None:
        self._client = client
        self._resources = resources
        self._lock = threading.Lock()
        self._versions: list[Version] = []
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._streams: dict[Resource, Any] = {}

    def __enter__(self) -> Self:
        for resource in self._resources:
            version = self._client.list(resource)["metadata"]["resourceVersion"]
            follow = _Follow(self, resource, version)
            self._threads.append(start_thread(f"history-{resource.plural}", follow.run))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        with self._lock:
            streams = list(self._streams.values())
        for stream in streams:
            stream.close()
        for thread in self._threads:
            thread.join(DEADLINE)

    def versions(self, resource: Resource, name: str = "", namespace: str = "") -> list[Version]:
        """The versions seen so far, oldest first."""
        with self._lock:
            found = [version for version in self._versions if version.resource == resource]
        return [
            version
            for version in found
            if name in ("", version.name) and namespace in ("", version.obj["metadata"].get("namespace"))
        ]

    def until(self, resource: Resource, holds: Callable[[Version], object], what: str) -> Version:
        """The first version for which `holds` does, now or later."""
        return eventually(lambda: next((v for v in self.versions(resource) if holds(v)), None), what)

    def deleted(self, resource: Resource, name: str, namespace: str = "") -> Version:
        """The version with which an object ended."""

        def ended() -> Version | None:
            found = self.versions(resource, name, namespace)
            return next((version for version in found if version.type == "DELETED"), None)

        return eventually(ended, f"the end of {resource} {name} was seen")

    def complete(self, resource: Resource, obj: dict[str, Any]) -> list[Version]:
        """All versions of an object up to the one that the caller has in hands."""
        name, at = obj["metadata"]["name"], int(obj["metadata"]["resourceVersion"])
        eventually(
            lambda: any(v.at >= at for v in self.versions(resource, name)), f"{resource} {name} at {at} was seen"
        )
        return [version for version in self.versions(resource, name) if version.at <= at]

    # For the threads.

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    def pause(self) -> None:
        self._stop.wait(_PAUSE_SECONDS)

    def saw(self, version: Version) -> None:
        with self._lock:
            self._versions.append(version)

    def opened(self, resource: Resource, stream: Any) -> None:
        with self._lock:
            self._streams[resource] = stream
        if self._stop.is_set():
            stream.close()

    def watch(self, resource: Resource, version: str) -> Any:
        return self._client.watch(resource, resource_version=version, allow_bookmarks=False)


class _Follow:
    """One thread: follows one resource over the ends of its watches."""

    def __init__(self, history: History, resource: Resource, version: str) -> None:
        self._history = history
        self._resource = resource
        self._version = version

    def run(self) -> None:
        while not self._history.stopping:
            with ExitStack() as stack, suppress(ApiError):
                stream = stack.enter_context(self._history.watch(self._resource, self._version))
                self._history.opened(self._resource, stream)
                for event in stream:
                    if event["type"] in ("ADDED", "MODIFIED", "DELETED"):
                        version = Version(event["type"], self._resource, event["object"])
                        self._version = str(version.at)
                        self._history.saw(version)
            self._history.pause()
