"""Failures and delays on demand: for everything from the command line, for one object by annotations.

`standins.tronador.stakater.com/fail: install,upgrade` lets those operations fail for as long as it stands there;
`standins.tronador.stakater.com/delay: uninstall=30` gives their duration in seconds. An uninstall that hangs is one
with a long delay: as in the original it holds up every other uninstall.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from controller.apimachinery import objects
from controller.apimachinery.objects import Object

FAIL = "standins.tronador.stakater.com/fail"
DELAY = "standins.tronador.stakater.com/delay"

FETCH = "fetch"
INSTALL = "install"
UPGRADE = "upgrade"
TEST = "test"
ROLLBACK = "rollback"
UNINSTALL = "uninstall"
OPERATIONS = (FETCH, INSTALL, UPGRADE, TEST, ROLLBACK, UNINSTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Play:
    """How one operation behaves: how long it takes, whether it then fails, and how long it waits for readiness at most.

    Both times are in seconds.
    """

    seconds: float = 0.0
    fail: bool = False
    longest_wait: float = float("inf")


class Plays:
    """The plays of all objects. An object's annotations override the command line."""

    def __init__(
        self,
        *,
        seconds: Mapping[str, float],
        failing: Iterable[tuple[str, str]],
        longest_wait: float = float("inf"),
    ) -> None:
        """
        Args:
            seconds: each operation's ordinary duration.
            failing: (operation, glob over `namespace/name`).
            longest_wait: seconds that no wait for readiness exceeds, whatever the release says.
        """
        self._seconds = dict(seconds)
        self._failing = tuple(failing)
        self._longest_wait = longest_wait

    def play(self, operation: str, obj: Object) -> Play:
        """Return how `operation` behaves for this object."""
        annotations = objects.annotations(obj)
        own = parse_delays(annotations.get(DELAY, ""))
        fails = operation in parse_operations(annotations.get(FAIL, ""))
        key = objects.key(obj)
        return Play(
            seconds=own.get(operation, self._seconds.get(operation, 0.0)),
            fail=fails or any(name == operation and fnmatch.fnmatchcase(key, glob) for name, glob in self._failing),
            longest_wait=self._longest_wait,
        )


def parse_operations(text: str) -> frozenset[str]:
    """Parse operations from `a,b`. Ignores unknown words."""
    return frozenset(word.strip() for word in text.split(",")) & frozenset(OPERATIONS)


def parse_delays(text: str) -> dict[str, float]:
    """Parse the seconds of each operation from `a=1,b=2.5`. Ignores invalid entries."""
    delays = {}
    for entry in text.split(","):
        operation, _, seconds = entry.partition("=")
        try:
            delays[operation.strip()] = max(0.0, float(seconds))
        except ValueError:
            continue
    return {operation: seconds for operation, seconds in delays.items() if operation in OPERATIONS}
