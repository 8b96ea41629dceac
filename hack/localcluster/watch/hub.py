"""Distributes changes to the open watches, and holds them back when a test wants a stale cache."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from ..storage.changes import Change
from ..storage.store import GroupPlural, Store


class Subscription:
    """The changes that one watch has not sent yet.

    Attributes:
        agent: the user agent of its client.
        closed: the stream must end now (server stop, or a test dropping all watches).
        held: changes are collected but not handed out.
    """

    def __init__(self, resource: GroupPlural, backlog: Iterable[Change], agent: str) -> None:
        self.resource = resource
        self.agent = agent
        self.closed = False
        self.held = False
        self._pending: deque[Change] = deque(backlog)
        self._wake = asyncio.Event()
        if self._pending:
            self._wake.set()

    def put(self, change: Change) -> None:
        """Queue a change."""
        self._pending.append(change)
        self._wake.set()

    def close(self) -> None:
        """End the stream."""
        self.closed = True
        self._wake.set()

    def hold(self, held: bool) -> None:
        """Hold back, or let go."""
        self.held = held
        self._wake.set()

    def take(self) -> list[Change]:
        """Return all changes that can be sent now."""
        if self.held:
            return []
        taken = list(self._pending)
        self._pending.clear()
        return taken

    async def wait(self, seconds: float) -> None:
        """Wait until something may have changed, at most `seconds`."""
        self._wake.clear()
        if (self._pending and not self.held) or self.closed:
            return
        try:
            await asyncio.wait_for(self._wake.wait(), max(seconds, 0))
        except TimeoutError:
            return


@dataclass(frozen=True, slots=True)
class Hold:
    """What is held back: the streams of clients whose user agent begins with `agent`.

    A stream that asks for the initial state gets that of the version `since`, or the present one if it is None.
    """

    agent: str
    since: int | None


class WatchHub:
    """All open watches of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._open: dict[GroupPlural, set[Subscription]] = {}
        self._held: dict[GroupPlural, Hold] = {}
        store.subscribe(self._dispatch)

    def detach(self) -> None:
        """Stop following the store."""
        self._store.unsubscribe(self._dispatch)

    def open(self, resource: GroupPlural, backlog: Iterable[Change], agent: str) -> Subscription:
        """A subscription that starts with `backlog`."""
        subscription = Subscription(resource, backlog, agent)
        subscription.held = self._hold_of(resource, agent) is not None
        self._open.setdefault(resource, set()).add(subscription)
        return subscription

    def discard(self, subscription: Subscription) -> None:
        """Forget a subscription whose stream ended."""
        self._open.get(subscription.resource, set()).discard(subscription)

    def count(self, resource: GroupPlural | None = None) -> int:
        """Open watches of one resource, or of all."""
        if resource is not None:
            return len(self._open.get(resource, ()))
        return sum(len(subscriptions) for subscriptions in self._open.values())

    def hold(self, resource: GroupPlural, hold: Hold) -> None:
        """Hold back the present and later streams of a resource."""
        self._held[resource] = hold
        for subscription in self._open.get(resource, ()):
            subscription.hold(subscription.agent.startswith(hold.agent))

    def release(self, resource: GroupPlural) -> None:
        """Release the streams of a resource."""
        self._held.pop(resource, None)
        for subscription in self._open.get(resource, ()):
            subscription.hold(False)

    def beginning(self, resource: GroupPlural, agent: str) -> int | None:
        """Return the version with which the stream of a client has to begin; None: with the present one."""
        hold = self._hold_of(resource, agent)
        return hold.since if hold else None

    def drop(self, resource: GroupPlural | None = None, agent: str = "") -> None:
        """End the streams of one resource, or of all, whose clients' user agents begin like that."""
        for name, subscriptions in self._open.items():
            if resource is None or name == resource:
                for subscription in subscriptions:
                    if subscription.agent.startswith(agent):
                        subscription.close()

    def _hold_of(self, resource: GroupPlural, agent: str) -> Hold | None:
        hold = self._held.get(resource)
        return hold if hold is not None and agent.startswith(hold.agent) else None

    def _dispatch(self, resource: GroupPlural, change: Change) -> None:
        for subscription in self._open.get(resource, ()):
            subscription.put(change)
