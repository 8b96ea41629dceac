"""Short-lived watches of Helm's storage Secrets in one namespace, during an uninstall.

An informer of all Secrets in the cluster would need too many rights, and polling would be slow. So while an environment
waits, one stream for its namespace is open, with metadata only. The number of streams is limited. An environment
without one is reconciled again with back-off, which is slower.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Final

import structlog

from controller.apimachinery.errors import ApiError
from controller.apimachinery.scope import Scope
from controller.apimachinery.threads import start_thread
from controller.client import Client
from controller.environment.effects import Listing

log = structlog.get_logger(__name__)

# Seconds from a deletion to the look at it. A chart can make and delete Secrets as fast as it likes, and must not keep
# the workers busy with that.
PAUSE: Final = 0.1


class Wakeups:
    """At most `limit` streams at once.

    `wake` is called with the environment's key and the seconds after which it is to be looked at, from the stream's own
    thread; calls for one key within that time are one look.
    """

    name = "wakeups"

    def __init__(self, *, client: Client, wake: Callable[[str, float], None], limit: int = 16) -> None:
        self._client = client
        self._wake = wake
        self._limit = limit
        self._lock = threading.Lock()
        self._streams: dict[str, Scope] = {}
        # Threads whose stream was closed end a moment later. `stop` waits for them too.
        self._threads: set[threading.Thread] = set()
        self._stopped = False

    def start(self) -> None:
        """Do nothing: streams start and end with the environments that wait."""

    def ensure(self, listing: Listing, key: str) -> None:
        """Reconcile environment `key` when `listing` changes. Does nothing if it has a stream already."""
        with self._lock:
            if self._stopped or key in self._streams or len(self._streams) >= self._limit:
                return
            scope = Scope()
            self._streams[key] = scope
            thread = start_thread(f"wakeup-{key}", lambda: self._watch(scope, listing, key))
            self._threads = {thread, *(other for other in self._threads if other.is_alive())}

    def release(self, key: str) -> None:
        """Close the stream of environment `key`, if there is one."""
        with self._lock:
            scope = self._streams.pop(key, None)
        if scope is not None:
            scope.cancel()

    def stop(self, timeout: float) -> bool:
        """Close all streams and wait for each thread for at most `timeout` seconds. Return whether all ended."""
        with self._lock:
            self._stopped = True
            scopes, threads = list(self._streams.values()), list(self._threads)
            self._streams.clear()
        for scope in scopes:
            scope.cancel()
        for thread in threads:
            thread.join(timeout)
        return not any(thread.is_alive() for thread in threads)

    def _watch(self, scope: Scope, listing: Listing, key: str) -> None:
        try:
            with scope.bound():
                self._follow(scope, listing, key)
        except ApiError as error:
            log.debug("wake-up stream ended", environment=key, error=str(error))
        finally:
            with self._lock:
                if self._streams.get(key) is scope:
                    del self._streams[key]

    def _follow(self, scope: Scope, listing: Listing, key: str) -> None:
        # Without a version the stream begins with what exists. It does not show what was deleted between the read and
        # the watch; the next reconcile with back-off finds that.
        stream = self._client.watch(
            listing.resource,
            namespace=listing.namespace,
            label_selector=listing.label_selector,
            field_selector=listing.field_selector,
            allow_bookmarks=False,
            metadata_only=listing.metadata_only,
        )
        with stream:
            for event in stream:
                if scope.cancelled:
                    return
                if event.get("type") == "DELETED":
                    self._wake(key, PAUSE)
