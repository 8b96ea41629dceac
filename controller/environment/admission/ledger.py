"""Who holds a place, who waits for one, and who is next. Without a lock, a clock or a cluster.

After each change, `give` gives every free place to the first environment in the order that may have it. So those that
still wait could not have one, and a newcomer only has to be compared with the limits.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from dataclasses import dataclass
from enum import Enum

from controller.environment.admission.claims import Claim
from controller.environment.options import LimitOptions


class Hold(Enum):
    """Why a place is not free."""

    # It is kept for an environment that has not come for it yet.
    CALLED = "called"
    # A reconcile took it, and may be creating the namespace.
    TAKEN = "taken"
    # That reconcile failed. The API server may have created the namespace all the same.
    DOUBTFUL = "doubtful"
    # The API server has created the namespace, and the cache may not show it yet.
    CREATED = "created"
    # The cache shows the namespace.
    HELD = "held"


@dataclass(frozen=True, slots=True)
class _Place:
    claim: Claim
    hold: Hold


class Ledger:
    """See the module."""

    def __init__(self, limits: LimitOptions) -> None:
        self._limits = limits
        self._places: dict[str, _Place] = {}
        self._of_repositories: Counter[str] = Counter()
        self._of_forks = 0
        # Those that wait: by name, in their order, and those that joined since places were given.
        self._waiting: dict[str, Claim] = {}
        self._line: list[tuple[str, str]] = []
        self._joined: list[Claim] = []
        # Those that got a place since they were last returned.
        self._called: list[str] = []
        # Whether a place became free since then.
        self._freed = False

    @property
    def waiting(self) -> frozenset[Claim]:
        """The environments that wait."""
        return frozenset(self._waiting.values())

    def hold_of(self, name: str) -> Hold | None:
        """Return why an environment has a place, or None if it has none."""
        place = self._places.get(name)
        return place.hold if place else None

    def claim_of(self, name: str) -> Claim | None:
        """Return what an environment with a place counts as, or None if it has none."""
        place = self._places.get(name)
        return place.claim if place else None

    def put(self, claim: Claim, hold: Hold) -> None:
        """Give the environment a place, whatever the limits are, or change why it has one."""
        self.withdraw(claim.name)
        known = self._places.get(claim.name)
        if known is not None and known.claim == claim:
            self._places[claim.name] = _Place(claim, hold)
            return
        self.free(claim.name)
        self._places[claim.name] = _Place(claim, hold)
        self._of_repositories[claim.repository] += 1
        self._of_forks += claim.is_fork

    def free(self, name: str) -> None:
        """Take its place from an environment, if it has one."""
        place = self._places.pop(name, None)
        if place is None:
            return
        self._freed = True
        self._of_forks -= place.claim.is_fork
        self._of_repositories[place.claim.repository] -= 1
        if not self._of_repositories[place.claim.repository]:
            del self._of_repositories[place.claim.repository]

    def wait(self, claim: Claim) -> None:
        """Let an environment without a place wait for one."""
        if self._waiting.get(claim.name) == claim:
            return
        self.withdraw(claim.name)
        self._waiting[claim.name] = claim
        insort(self._line, claim.turn)
        self._joined.append(claim)

    def withdraw(self, name: str) -> None:
        """Let an environment no longer wait."""
        claim = self._waiting.pop(name, None)
        if claim is not None:
            del self._line[bisect_left(self._line, claim.turn)]

    def give(self) -> None:
        """Give the free places to those that wait, in their order.

        One whose own limit is reached does not hold up those behind it.
        """
        turns = list(self._line) if self._freed else sorted(claim.turn for claim in self._joined)
        self._joined, self._freed = [], False
        for _, name in turns:
            if self._is_full():
                break
            claim = self._waiting.get(name)
            if claim is not None and not self.reached(claim):
                self.put(claim, Hold.CALLED)
                self._called.append(name)

    def called(self) -> tuple[str, ...]:
        """Return those that got a place since the last time, and have not come for it yet."""
        called, self._called = self._called, []
        return tuple(name for name in called if self.hold_of(name) is Hold.CALLED)

    def reached(self, claim: Claim) -> str:
        """Return a sentence that names the limit that leaves no place for a claim, and its flag; "" if none does.

        It says nothing that changes while the environment waits: its status would have to be written again.
        """
        limits = self._limits
        if self._is_full():
            return f"The limit on environments is reached: --max-environments={limits.max_environments}."
        most = limits.max_environments_per_repository
        if most and claim.repository and self._of_repositories[claim.repository] >= most:
            return f"The limit for {claim.repository} is reached: --max-environments-per-repository={most}."
        most = limits.max_fork_environments
        if most and claim.is_fork and self._of_forks >= most:
            return f"The limit on environments of forks is reached: --max-fork-environments={most}."
        return ""

    def _is_full(self) -> bool:
        return 0 < self._limits.max_environments <= len(self._places)
