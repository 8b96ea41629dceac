"""Keeps the policies current with the store. The policy that decides about requests can follow after a delay.

A real server reads roles and bindings through informers, so the subject of a fresh binding is refused for some
milliseconds more; its checks against escalation read the storage itself.
"""

from __future__ import annotations

import asyncio
from collections import deque

from ..storage.changes import Change
from ..storage.store import GroupPlural, Store
from .policy import KINDS, Policy


class PolicyFeed:
    """Feeds two policies from a store.

    Args:
        delay: seconds until a change reaches `effective`; before `start`, and with 0, it does so at once.
        filled: whether `effective` begins with what is stored; otherwise it stays empty until `fill`.

    Attributes:
        live: what is stored.
        effective: what requests are judged by.
    """

    def __init__(self, store: Store, *, delay: float, filled: bool = True) -> None:
        self._store = store
        self._delay = delay
        self._loop: asyncio.AbstractEventLoop | None = None
        self._waiting: deque[tuple[GroupPlural, Change]] = deque()
        self.live = Policy()
        self.effective = Policy()
        self._filled = False
        self.live.load(store)
        if filled:
            self.fill()
        store.subscribe(self._changed)

    def fill(self) -> None:
        """Read the stored roles and bindings, and follow their changes from now on."""
        if not self._filled:
            self._filled = True
            self.effective.load(self._store)

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let changes wait from now on."""
        self._loop = loop

    def stop(self) -> None:
        """Follow the store no more."""
        self._loop = None
        self._store.unsubscribe(self._changed)

    def _changed(self, resource: GroupPlural, change: Change) -> None:
        if resource not in KINDS:
            return
        self.live.apply(resource, change)
        if not self._filled:
            return
        self._waiting.append((resource, change))
        if self._loop is None or not self._delay:
            self._apply_next()
        else:
            self._loop.call_later(self._delay, self._apply_next)

    def _apply_next(self) -> None:
        self.effective.apply(*self._waiting.popleft())
