"""Runs the controllers: collects the changes of a request, and handles them right after it.

The real controllers are processes of their own that react a little later. Here they run in the same event loop, between
two requests, so a client can never see their writes before the answer to its own.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable

from ..registry.registry import Registry
from ..storage.changes import Change
from ..storage.store import GroupPlural

Reaction = Callable[[GroupPlural, Change], None]
_LOG = logging.getLogger(__name__)


class ControllerManager:
    """Feeds changes to the controllers in order.

    Args:
        registry: whose store is followed.
    """

    def __init__(self, registry: Registry) -> None:
        self._store = registry.store
        self._reactions: list[Reaction] = []
        self._queue: deque[tuple[GroupPlural, Change]] = deque()
        self._scheduled = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._store.subscribe(self._enqueue)

    def add(self, reaction: Reaction) -> None:
        """Give every later change to a controller."""
        self._reactions.append(reaction)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to react."""
        self._loop = loop
        self._schedule()

    def stop(self) -> None:
        """Stop reacting to changes."""
        self._loop = None
        self._store.unsubscribe(self._enqueue)

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        """Call back after a while, unless stopped by then."""
        if self._loop is not None:
            self._loop.call_later(seconds, lambda: act() if self._loop is not None else None)

    def _enqueue(self, resource: GroupPlural, change: Change) -> None:
        self._queue.append((resource, change))
        self._schedule()

    def _schedule(self) -> None:
        if self._loop is not None and self._queue and not self._scheduled:
            self._scheduled = True
            self._loop.call_soon(self._work)

    def _work(self) -> None:
        self._scheduled = False
        # Process only the changes that are queued now: those that reactions write wait, so that requests interleave.
        for _ in range(len(self._queue)):
            resource, change = self._queue.popleft()
            for react in self._reactions:
                try:
                    react(resource, change)
                except Exception:  # noqa: BLE001 - one controller's fault must not stop the others
                    _LOG.exception("controller failed on %s of %s in %s", change.kind, change.key, resource)
        self._schedule()
