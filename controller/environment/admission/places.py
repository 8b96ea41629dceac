"""The places of all environments, kept current from the caches, and shared by all workers.

A place is counted from the moment at which it is given, which is before the namespace exists, to the moment at which
the cache shows that the namespace is gone. So caches that lag can only make the number too large.

Nothing is given before the cache has been compared with a live list: the leader before us may have created a namespace
that the cache does not show yet.

What a reconcile may be doing just now is never undone from outside. A place that a reconcile took is given back by the
reconciles of that environment alone, and there is only one of them at a time. The exception is a place that a failed
reconcile left behind: it is free after some minutes, unless the namespace has appeared or the environment tries again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Protocol

from controller.api.environment import ADOPT_ANNOTATION, ENVIRONMENT_LABEL, Environment
from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.environment.admission import claims
from controller.environment.admission.claims import GRANTED, NOT_COUNTED, Claim, Verdict
from controller.environment.admission.ledger import Hold, Ledger
from controller.environment.options import LimitOptions

# Seconds between two reads of the cluster. All environments that wait for the count share one.
_PAUSE: Final = 1.0
# Seconds after which the API server has certainly ended a request that failed for us. It is longer than the pauses
# between two tries.
_DOUBT: Final = 300.0


class Store(Protocol):
    """The part of an informer's store that is used here."""

    def get(self, key: str) -> Object | None:
        """Return the object with that key, or None."""
        ...

    def list(self) -> Sequence[Object]:
        """Return all objects."""
        ...


class Places:
    """See the module. Thread-safe.

    Args:
        limits: at least one of them is set.
        environments: the cache of the environments. With `counts_all` it has all of the cluster; otherwise only those
            of this shard, and only their namespaces count.
        namespaces: the cache of all namespaces.
        read: returns the namespaces that have the label of any environment, as they are now in the cluster. Raises
            ApiError.
        wake: called, without a lock, with the name of an environment that got a place while it waited.
        now: returns monotonic seconds.
    """

    def __init__(
        self,
        *,
        limits: LimitOptions,
        environments: Store,
        namespaces: Store,
        counts_all: bool,
        read: Callable[[], Iterable[Object]],
        wake: Callable[[str], None],
        now: Callable[[], float],
    ) -> None:
        self._limits = limits
        self._environments = environments
        self._namespaces = namespaces
        self._counts_all = counts_all
        self._read = read
        self._wake = wake
        self._now = now
        # Held while one worker counts for all.
        self._counting = threading.Lock()
        # When the cluster may be read again, if the cache lagged the last time.
        self._next_read = float("-inf")
        self._lock = threading.Lock()
        # None until everything is counted.
        self._ledger: Ledger | None = None
        # The environments that asked in the reconcile that runs now.
        self._asked: set[str] = set()
        # Until when the places of failed reconciles stay doubtful, by environment.
        self._doubts: dict[str, float] = {}

    def take(self, environment: Object) -> Verdict:
        """Give an environment a place, or let it wait for one. Raises ApiError if the cluster cannot be read."""
        if not self._has_counted():
            return NOT_COUNTED
        claim = claims.of(environment)
        verdict = GRANTED

        def change(ledger: Ledger, _: bool) -> None:
            nonlocal verdict
            self._asked.add(claim.name)
            if ledger.hold_of(claim.name) is None:
                ledger.wait(claim)
                ledger.give()
            if ledger.hold_of(claim.name) is None:
                verdict = Verdict(granted=False, message=ledger.reached(claim))
            else:
                ledger.put(claim, Hold.TAKEN)

        self._change(claim.name, change)
        return verdict

    def look(self, name: str) -> None:
        """Take over what the caches show of an environment and its namespace."""
        self._change(name, lambda *_: None)

    def created(self, name: str) -> None:
        """The API server has written the namespace of an environment, or has shown it in a live read."""

        def change(ledger: Ledger, _: bool) -> None:
            if ledger.hold_of(name) is Hold.TAKEN:
                ledger.put(self._claim(name), Hold.CREATED)

        self._change(name, change)

    def ended(self, name: str) -> None:
        """A reconcile of an environment came to its end, so no answer of the API server is missing."""

        def change(ledger: Ledger, has_asked: bool) -> None:
            hold = ledger.hold_of(name)
            # Nothing was created. Or it was called and is refused. Or the cache has caught up with the creation, and
            # the namespace is gone again. If the environment ever needs one, it asks.
            is_unused = hold is Hold.TAKEN or (not has_asked and hold in (Hold.CALLED, Hold.CREATED))
            is_gone = self._environments.get(name) is None
            if is_unused or (is_gone and hold is Hold.DOUBTFUL):
                ledger.free(name)

        self._change(name, change, is_over=True)

    def interrupted(self, name: str) -> None:
        """A reconcile of an environment met a conflict, and begins again at once."""
        self._change(name, lambda *_: None, is_over=True)

    def failed(self, name: str) -> None:
        """A reconcile of an environment raised an error, and is tried again after a pause."""

        def change(ledger: Ledger, has_asked: bool) -> None:
            hold = ledger.hold_of(name)
            if has_asked and hold is Hold.TAKEN:
                ledger.put(self._claim(name), Hold.DOUBTFUL)
                self._doubts[name] = self._now() + _DOUBT
            elif hold is Hold.CALLED and not has_asked:
                # It may fail for ever, and must not hold up the others.
                ledger.free(name)

        self._change(name, change, is_over=True)

    def _has_counted(self) -> bool:
        with self._counting:
            if self._ledger is not None:
                return True
            if self._now() < self._next_read:
                return False
            existing = _names_of_ours(self._read())
            if not existing <= _names_of_ours(self._namespaces.list()):
                self._next_read = self._now() + _PAUSE
                return False
            with self._lock:
                self._ledger = ledger = Ledger(self._limits)
                for obj in (*self._namespaces.list(), *self._environments.list()):
                    self._look_locked(ledger, objects.name(obj))
                ledger.give()
                called = ledger.called()
            self._wake_all(called)
        return True

    def _change(self, name: str, change: Callable[[Ledger, bool], None], *, is_over: bool = False) -> None:
        """Change the ledger, and wake who gets a place by that. Does nothing before everything is counted.

        `change` also gets whether the environment has asked in this reconcile. `is_over`: that reconcile is over.
        """
        with self._lock:
            ledger = self._ledger
            if ledger is None:
                return
            has_asked = name in self._asked
            if is_over:
                self._asked.discard(name)
            self._settle_locked(ledger)
            self._look_locked(ledger, name)
            change(ledger, has_asked)
            ledger.give()
            called = ledger.called()
        self._wake_all(called)

    def _look_locked(self, ledger: Ledger, name: str) -> None:
        # The stores are read under the lock, so an older state is never taken over after a newer one.
        environment, namespace = self._environments.get(name), self._namespaces.get(name)
        hold = ledger.hold_of(name)
        if hold is not None and name in self._asked:
            # Its reconcile may be creating the namespace now.
            return
        if namespace is not None and _is_ours(namespace) and (environment is not None or self._counts_all):
            ledger.put(self._claim(name), Hold.HELD)
            return
        if hold is Hold.HELD:
            ledger.free(name)
            hold = None
        if environment is not None and _wants_place(environment, namespace):
            claim = claims.of(environment)
            if hold is Hold.CALLED and ledger.claim_of(name) != claim:
                # Other limits may apply to it now.
                ledger.free(name)
                hold = None
            if hold is None:
                ledger.wait(claim)
            return
        ledger.withdraw(name)
        if hold is Hold.CALLED:
            ledger.free(name)

    def _settle_locked(self, ledger: Ledger) -> None:
        # A failed environment that was suspended or is refused meanwhile does not ask again.
        for name in [name for name, end in self._doubts.items() if self._now() >= end]:
            del self._doubts[name]
            if ledger.hold_of(name) is Hold.DOUBTFUL and name not in self._asked:
                ledger.free(name)

    def _claim(self, name: str) -> Claim:
        environment = self._environments.get(name)
        return claims.of(environment) if environment is not None else Claim(name)

    def _wake_all(self, names: Iterable[str]) -> None:
        for name in names:
            self._wake(name)


def _names_of_ours(namespaces: Iterable[Object]) -> set[str]:
    return {objects.name(namespace) for namespace in namespaces if _is_ours(namespace)}


def _is_ours(namespace: Object) -> bool:
    # Others can copy the label anywhere.
    return objects.labels(namespace).get(ENVIRONMENT_LABEL) == objects.name(namespace)


def _wants_place(obj: Object, namespace: Object | None) -> bool:
    """Return whether an environment may ask for a place. Whether the policy refuses it is found out when it is called.

    The namespace is not ours.
    """
    environment = Environment(obj)
    # One that has expired asks by itself when it comes back.
    if environment.is_deleting or environment.suspended or environment.has_expired:
        return False
    if namespace is None:
        return True
    may_adopt = objects.annotations(namespace).get(ADOPT_ANNOTATION) == environment.name
    return may_adopt and not objects.is_deleting(namespace)
