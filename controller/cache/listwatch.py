"""Types for list and watch: what is read, with which durations, from which client, and into which sink."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypedDict

from controller.apimachinery.errors import Expired, StatusError
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import Resource
from controller.client.stream import WatchStream


@dataclass(frozen=True, slots=True)
class Collection:
    """The objects to list and watch: those of a resource, in one namespace or in all, limited by a selector."""

    resource: Resource
    namespace: str = ""
    label_selector: str = ""

    def arguments(self) -> CollectionArguments:
        """Return it as keyword arguments for the client's `list` and `watch`."""
        return {"namespace": self.namespace, "label_selector": self.label_selector}


class CollectionArguments(TypedDict):
    """The keyword arguments that choose what is listed or watched."""

    namespace: str
    label_selector: str


@dataclass(frozen=True, slots=True)
class ReflectorSettings:
    """Durations in seconds. The defaults are client-go's where it has the same setting."""

    page_size: int = 500
    """Objects per page of a list."""
    watch_list: bool = True
    """Whether to ask the server to stream the initial state; if it refuses, the state is listed."""
    initial_silence: float = 30.0
    """The longest silence allowed while the initial state is streamed."""
    watch_silence: float = 150.0
    """The longest silence allowed on a watch. After it, the connection counts as half-open and the watch is reopened.
    The server sends a bookmark about once a minute, so this is longer than two of them."""
    silent_watches: int = 2
    """After this many watches in a row without an event or bookmark, the initial state is read again."""
    watch_timeout: tuple[int, int] = (300, 600)
    """The server is asked to end a watch after a random time in this range. This spreads load over its replicas."""
    short_watch: float = 1.0
    """A watch that ends sooner without advancing counts as failed. Otherwise a proxy that closes watches at once would
    cause a hot loop."""
    internal_error_retry: float = 0.0
    """For how long a watch that ends in InternalError is reopened before the state is listed."""


class ListWatch(Protocol):
    """The two methods of the client that are used here."""

    def list(
        self,
        resource: Resource,
        *,
        namespace: str = "",
        label_selector: str = "",
        limit: int | None = None,
        continue_token: str = "",
        resource_version: str | None = None,
        resource_version_match: str | None = None,
    ) -> dict[str, Any]:
        """Return one page of a list."""
        ...

    def watch(
        self,
        resource: Resource,
        *,
        namespace: str = "",
        label_selector: str = "",
        resource_version: str | None = None,
        resource_version_match: str | None = None,
        timeout_seconds: int | None = None,
        allow_bookmarks: bool = True,
        send_initial_events: bool = False,
        read_timeout: float | None = None,
    ) -> WatchStream:
        """Return an open watch."""
        ...


class Sink(Protocol):
    """Where the copy is kept."""

    def prepare(self, raw: dict[str, Any], *, listed: bool) -> tuple[str, Object] | None:
        """Return key and final form of a received object, or None if it is malformed. Items of lists have no kind."""
        ...

    def replace(self, objects: Mapping[str, Object], *, resource_version: str) -> None:
        """Replace the content by the whole state at `resource_version`."""
        ...

    def put(self, key: str, obj: Object) -> None:
        """Store an object that was added or changed."""
        ...

    def remove(self, key: str, obj: Object) -> None:
        """Remove an object that was deleted; `obj` is its last state."""
        ...

    def bookmark(self, resource_version: str) -> None:
        """Record that nothing else changed up to `resource_version`."""
        ...

    def resource_missing(self) -> None:
        """Record that the server does not serve the resource (its CRD is not installed)."""
        ...


def is_version_unavailable(error: StatusError) -> bool:
    """Whether the server cannot serve the requested version: compacted, or (after a restore) not reached yet."""
    return isinstance(error, Expired) or error.version_too_large
