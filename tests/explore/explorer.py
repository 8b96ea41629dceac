"""Goes through every state that a few changes and faults can lead to, the shortest histories first."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from tests.explore.rest import Rest
from tests.explore.rules import Rules
from tests.explore.steps import BrokenRule, State, Steps
from tests.explore.world import World

_AND_THEN: Final = ("     And then nothing disturbs it any more:",)


@dataclass(frozen=True, slots=True)
class Budget:
    """How much may happen in one history.

    Attributes:
        changes: things that people do.
        faults: crashes, lost answers, and failed installations.
    """

    changes: int
    faults: int


@dataclass(frozen=True, slots=True)
class Found:
    """What was explored. `violations`: for each rule that is broken, the shortest history that leads there."""

    violations: tuple[str, ...]
    states: int
    clusters: int
    reconciles: int
    longest: int
    seconds: float

    def __str__(self) -> str:
        return (
            f"{self.states} states, with {self.clusters} of the cluster and {self.reconciles} of reconciles; "
            f"longest history {self.longest} steps; {self.seconds:.0f} s"
        )


class Explorer:
    """See the module. `ends_early`: the first broken rule is enough."""

    def __init__(self, world: World, *, ends_early: bool = False) -> None:
        self._ends_early = ends_early
        rules = Rules(world.options, world.names)
        self._steps = Steps(world, rules)
        self._rest = Rest(world, self._steps, rules)
        self._parents: dict[State, State | None] = {}
        self._broken: dict[str, State] = {}

    def explore(self, budget: Budget) -> Found:
        """Visit every state."""
        began = time.monotonic()
        first = self._rest.come(self._steps.first())._replace(changes=budget.changes, faults=budget.faults)
        self._parents, self._broken = {first: None}, {}
        frontier, depth = [first], 0
        while frontier and not (self._ends_early and self._broken):
            depth += 1
            frontier = [new for state in frontier for new in self._visit(state)]
        return Found(
            violations=tuple(self._story(state, rule) for rule, state in self._broken.items()),
            states=len(self._parents),
            clusters=len(self._steps.cluster.states),
            reconciles=len(self._steps.controller.programs),
            longest=depth - 1,
            seconds=time.monotonic() - began,
        )

    def _visit(self, state: State) -> Iterator[State]:
        try:
            for _, new in self._steps.after(state):
                if new not in self._parents:
                    self._parents[new] = state
                    yield new
            self._rest.check(state)
        except (AssertionError, BrokenRule) as error:
            self._broken.setdefault(str(error), state)

    def _story(self, state: State, end: str) -> str:
        path = [state]
        while (before := self._parents[path[-1]]) is not None:
            path.append(before)
        path.reverse()
        lines = [self._words(before, after) for before, after in pairwise(path)]
        numbered = [f"{number:3}. {words}" for number, words in enumerate(lines, 1)]
        after = [f"     {words}" for words in self._rest.story(state)]
        return "\n".join([f"{end}. The shortest history that leads there:", *numbered, *_AND_THEN, *after])

    def _words(self, before: State, after: State) -> str:
        return next(words for words, new in self._steps.after(before) if new == after)
