"""The controller does not see what happens to the objects of one kind: too late, never, or not since a restart."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from controller.app.options import Options
from controller.environment.watches import Watch
from hack.localcluster import LocalCluster
from hack.localcluster.audit import AuditEntry
from hack.localcluster.hooks import Hooks
from tests.faults.support.laboratory import Laboratory
from tests.integration.support.requests import CONTROLLER, is_counted
from tests.integration.support.waiting import eventually, until_quiet

OWN_NAMESPACE = Options().namespace
# Seconds without a request of any program, after which nothing more is expected to happen.
_QUIET = 0.1


class View(StrEnum):
    """What the controller sees of the objects of a kind, from a certain write on until nothing happens any more."""

    LATE = "nothing, and then each event"
    LAST = "nothing, and then only how all is in the end"
    RESTARTED = "after a restart, how all is then, and nothing more, and then each event"
    OLD = "after a restart, how all was before the last change, and then each event"
    FIRST = "after a restart, how all was in the beginning, and then each event"


_AFTER_A_RESTART = (View.RESTARTED, View.OLD, View.FIRST)


def changes(hooks: Hooks, watch: Watch, since: int) -> list[int]:
    """Return the versions, after that one, in which what is watched was changed. Call it in the server's event loop."""
    namespace = OWN_NAMESPACE if watch.in_own_namespace else ""
    return hooks.changes(str(watch.resource), since, namespace=namespace)


class Stale:
    """From the write of this number on, counted from 1, the controller's view of these objects is not the present one.

    It does not happen if there is no such view: if no object of the kind was changed before.

    Args:
        number: of the write.
        watch: which objects.
        view: what is seen of them.

    Attributes:
        struck: whether it has happened.
    """

    def __init__(self, number: int, watch: Watch, view: View) -> None:
        self.struck = False
        self._number = number
        self._watch = watch
        self._resource = str(watch.resource)
        self._view = view
        self._performed = 0
        self._began = 0
        self._local: LocalCluster | None = None
        # Whether the new process has begun to watch.
        self._watched = False

    def __str__(self) -> str:
        return f"from write {self._number} on, {self._resource} seen: {self._view}"

    def begin(self, laboratory: Laboratory) -> None:
        self._local = laboratory.local
        self._began = laboratory.local.call(laboratory.local.hooks.version)

    def received(self, entry: AuditEntry, kill: Callable[[], None]) -> bool:
        is_of_kind = (entry.group, entry.resource) == (self._watch.resource.group, self._watch.resource.plural)
        self._watched = self._watched or (self.struck and entry.verb == "watch" and is_of_kind)
        return True

    def performed(self, entry: AuditEntry, kill: Callable[[], None]) -> None:
        self._performed += is_counted(entry)
        if self.struck or not is_counted(entry) or self._performed != self._number:
            return
        assert self._local is not None
        hooks = self._local.hooks
        before = [version - 1 for version in changes(hooks, self._watch, self._began)]
        if self._view in (View.OLD, View.FIRST) and len(before) <= (self._view is View.FIRST):
            # There is no such view, or OLD is the same.
            return
        if self._view in _AFTER_A_RESTART:
            kill()
        since = {View.OLD: before[-1:], View.FIRST: before[:1]}.get(self._view, [])
        hooks.hold(self._resource, agent=CONTROLLER, since=since[0] if since else None)
        self.struck = True

    def rest(self, laboratory: Laboratory) -> None:
        """Nothing can be made up for."""

    def mend(self, laboratory: Laboratory) -> None:
        if self._view in _AFTER_A_RESTART:
            laboratory.let(self)
            laboratory.restart()
            eventually(lambda: self._watched, "the new process watches")
        until_quiet(laboratory.requests.mark, _QUIET)
        hooks = laboratory.local.hooks

        def show_the_last() -> None:
            hooks.drop(self._resource, agent=CONTROLLER)
            hooks.compact()
            hooks.release(self._resource)

        if self._view is View.LAST:
            laboratory.local.call(show_the_last)
        else:
            laboratory.local.release(self._resource)
