"""Whether all come to rest in the right state, once nothing disturbs them any more."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from tests.explore.rules import Rules
from tests.explore.steps import BrokenRule, State, Steps
from tests.explore.world import World

# Steps within which all comes to rest.
_STEPS = 300


class Rest:
    """See the module."""

    def __init__(self, world: World, steps: Steps, rules: Rules) -> None:
        self._world = world
        self._steps = steps
        self._rules = rules
        # From these, all end right.
        self._known: set[State] = set()

    def come(self, state: State) -> State:
        """Return the state in which nothing happens any more."""
        steps = list(self._walk(self._finished(state)))
        return steps[-1][1]

    def check(self, state: State) -> None:
        """Raise AssertionError or BrokenRule unless all end right."""
        path: list[State] = []
        for _, calm in self._walk(self._finished(state._replace(changes=0, faults=0))):
            if calm in self._known:
                break
            path.append(calm)
            assert len(path) <= _STEPS, f"after {_STEPS} fair steps, it is not at rest"
        else:
            self._rules.check_rest(self._steps.cluster.load(calm.cluster))
        self._known.update(path)

    def story(self, state: State) -> list[str]:
        """Return what happens until all are at rest, in words."""
        state = state._replace(changes=0, faults=0)
        words = []
        try:
            for index, program in enumerate(state.running):
                if program:
                    words.append(f"the reconcile of {self._world.names[index]} ends")
            found = self._walk(self._finished(state))
            words += [step for step, _ in itertools.islice(found, _STEPS) if step]
        except BrokenRule:
            words.append("the next request of the controller breaks the rule")
        return words

    def _walk(self, state: State) -> Iterator[tuple[str, State]]:
        """Return this state and those that follow, each with what led to it; the last one is at rest."""
        words = ""
        while True:
            yield words, state
            turn = next((turn for turn in self._turns(state) if turn[1] != state), None)
            if turn is None:
                return
            words, state = turn

    def _turns(self, state: State) -> Iterator[tuple[str, State]]:
        """Return what may come next. The controller takes a turn before the others."""
        dues = [self._steps.due(state, index) for index in range(len(self._world.names))]
        for index, due in enumerate(dues):
            if due == 0.0:
                after = self._finished(self._steps.begin(state, index))
                yield f"a reconcile of {self._world.names[index]} begins and ends", after
        for words, move in (*self._world.works.items(), *self._world.later.items()):
            after = self._steps.cluster.move(state.cluster, words, move)
            yield words, self._steps.caught_up(self._steps.moved(state, after))
        if later := [due for due in dues if due]:
            yield f"{min(later):g} s pass", self._steps.passed(state, min(later))

    def _finished(self, state: State) -> State:
        """Return the state after all reconciles have ended, and the caches have caught up."""
        for index in range(len(state.running)):
            while state.running[index]:
                state = self._steps.performed(state, index)
        return self._steps.caught_up(state)
