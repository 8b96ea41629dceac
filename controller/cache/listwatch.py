"""The vocabulary of list and watch: what is read, with which durations, from where, and into what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from controller.apimachinery.errors import Expired, StatusError
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import Resource
from controller.client.stream import WatchStream


@dataclass(frozen=True, slots=True)
class Target:
    """What is listed and watched."""

    resource: Resource
    namespace: str = ""
    label_selector: str = ""
    field_selector: str = ""

    def arguments(self) -> dict[str, str]:
        """As keyword arguments of the client's `list` and `watch`."""
        return {
            "namespace": self.namespace,
            "label_selector": self.label_selector,
            "field_selector": self.field_selector,
        }


@dataclass(frozen=True, slots=True)
class ReflectorSettings:
    """Durations in seconds; the defaults are client-go's where it has them."""

    page_size: int = 500
    """Objects per page of a list."""
    watch_list: bool = True
    """Ask the server to stream the initial state; lists are the fall-back."""
    initial_silence: float = 30.0
    """The longest silence while the initial state is streamed."""
    watch_silence: float = 150.0
    """The longest silence on a watch: more than two of the server's bookmarks, which come about once a minute. After it
    the connection counts as half-open and a new one is made."""
    silent_watches: int = 2
    """So many watches in a row without a word, not even a bookmark, lead to a new initial state."""
    watch_timeout: tuple[int, int] = (300, 600)
    """The server is asked to end a watch after a random time in this range, so that load spreads over its replicas."""
    short_watch: float = 1.0
    """A watch that ends sooner, and led no further, is a failure: proxies that behave so would cause a hot loop."""
    internal_error_retry: float = 0.0
    """How long a watch that ends in InternalError is opened again and again before a list is made."""


class ListWatch(Protocol):
    """The two methods of the client that are needed here."""

    @property
    def list(self) -> Callable[..., dict[str, Any]]:
        """Returns one page of a list; takes the resource, and parameters by keyword."""
        ...

    @property
    def watch(self) -> Callable[..., WatchStream]:
        """Returns an open watch; takes the resource, and parameters by keyword."""
        ...


class Sink(Protocol):
    """Where the copy is kept."""

    def admit(self, raw: dict[str, Any], *, listed: bool) -> tuple[str, Object] | None:
        """Key and final form of an object from the wire, or None if it makes no sense. Items of lists have no kind."""
        ...

    def replace(self, objects: Mapping[str, Object], *, resource_version: str) -> None:
        """The whole state at `resource_version`."""
        ...

    def put(self, key: str, obj: Object) -> None:
        """An object was added or changed."""
        ...

    def remove(self, key: str, obj: Object) -> None:
        """An object was deleted; `obj` is its last state."""
        ...

    def bookmark(self, resource_version: str) -> None:
        """Nothing else happened up to `resource_version`."""
        ...

    def resource_missing(self) -> None:
        """The server does not know the resource (its CRD is not installed)."""
        ...


def is_version_unavailable(error: StatusError) -> bool:
    """Whether the server cannot serve the version asked for: compacted away, or not reached yet (after a restore)."""
    return isinstance(error, Expired) or error.version_too_large
