"""Goes through every state that a few changes and faults can lead to, the shortest histories first.

A state is the cluster, the caches, the reconcile in progress, the writes that the caches have not shown yet, and how
many changes and faults are left. It is packed into one integer, so a million of them fit into memory.

Two things keep the number down and lose nothing. The caches stand still during a reconcile, because it looks at them
only at its beginning. And equal content is the same version of an object, because only content can matter.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from controller.apimachinery.errors import RequestTimeout
from controller.environment.options import EnvironmentOptions
from tests.explore import moves
from tests.explore.cluster import Cluster, Move
from tests.explore.controller import Answer, Controller, Oracle, is_cached
from tests.explore.numbering import Key, Objects, Table
from tests.explore.rules import Rules

# Bits of the parts of a state, below those of the cluster, from the highest to the lowest.
_VIEW, _PROGRAM, _UNSEEN, _CHANGES, _FAULTS = 24, 26, 12, 4, 4
# Steps within which all comes to rest once nothing disturbs it any more.
_REST_STEPS = 200

# What happened, and the state that it led to.
Step = tuple[str, int]


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
    """See the module. `engines` are those that work in the cluster. `changes` are what people can do."""

    def __init__(self, options: EnvironmentOptions, *, engines: frozenset[str], changes: Mapping[str, Move]) -> None:
        self._changes = changes
        self._rules = Rules(options)
        self._objects = Objects()
        self._controller = Controller(self._objects, options)
        self._cluster = Cluster(
            self._objects,
            answers=self._controller.answers,
            calls=self._controller.calls,
            check=self._rules.check_write,
        )
        self._lost = self._controller.answers.number(Answer(text="lost", error=RequestTimeout("the answer was lost")))
        self._work = moves.work(engines)
        self._fail = moves.work(engines, failing=True)
        self._unseen: Table[frozenset[Key]] = Table()
        self._nothing = self._unseen.number(frozenset())
        self._empty_view = self._controller.views.number(())
        self._delivered: dict[tuple[int, int], tuple[tuple[Key, int], ...]] = {}
        self._rests: dict[int, int] = {}
        self._parents: dict[int, int] = {}
        self._broken: dict[str, int] = {}

    def explore(self, budget: Budget) -> Found:
        """Visit every state."""
        began = time.monotonic()
        first = _pack(self._cluster.empty, self._empty_view, 0, self._nothing, budget.changes, budget.faults)
        self._parents, self._broken = {first: -1}, {}
        frontier, depth = [first], 0
        while frontier:
            depth += 1
            frontier = [new for state in frontier for new in self._visit(state)]
        return Found(
            violations=tuple(self._story(state, rule) for rule, state in self._broken.items()),
            states=len(self._parents),
            clusters=len(self._cluster.states),
            reconciles=len(self._controller.programs),
            longest=depth - 1,
            seconds=time.monotonic() - began,
        )

    def _visit(self, state: int) -> Iterator[int]:
        for _, new in self._steps(state):
            if new not in self._parents:
                self._parents[new] = state
                yield new
        try:
            self._check_rest(state)
        except AssertionError as error:
            self._broken.setdefault(str(error), state)

    # What can happen next

    def _steps(self, state: int) -> Iterator[Step]:
        cluster, view, program, unseen, changes, faults = _unpack(state)
        if program:
            yield from self._continue(cluster, view, program - 1, unseen, changes, faults)
        else:
            waiting = self._deliveries(view, cluster)
            for key, newer in waiting:
                left = self._unseen.number(self._unseen[unseen] - {key})
                yield f"the cache of {key[0].kind}s catches up", _pack(cluster, newer, 0, left, changes, faults)
            if self._unseen[unseen].isdisjoint(key for key, _ in waiting):
                begun = self._controller.begin(view)
                if running := self._running(begun, cluster):
                    yield "a reconcile begins", _pack(cluster, view, running, self._nothing, changes, faults)
        for words, after in self._others(cluster):
            yield words, _pack(after, view, program, unseen, changes, faults)
        if faults and (after := self._cluster.move(cluster, "fail", self._fail)) != cluster:
            yield "an engine fails", _pack(after, view, program, unseen, changes, faults - 1)
        if changes:
            for words, move in self._changes.items():
                if (after := self._cluster.move(cluster, words, move)) != cluster:
                    yield words, _pack(after, view, program, unseen, changes - 1, faults)

    def _continue(
        self, cluster: int, view: int, program: int, unseen: int, changes: int, faults: int
    ) -> Iterator[Step]:
        number = self._controller.next(program)
        assert number is not None, "a program in a state has a next call"
        call = self._controller.calls[number]
        try:
            done = self._cluster.perform(cluster, number)
        except AssertionError as error:
            self._broken.setdefault(str(error), _pack(cluster, view, program + 1, unseen, changes, faults))
            return
        if done.written and done.state == cluster and self._is_current(view, cluster, call.key):
            rule = f"{call} changed nothing, and the cache was current"
            self._broken.setdefault(rule, _pack(cluster, view, program + 1, unseen, changes, faults))
        now_unseen = self._unseen.number(self._unseen[unseen] | {call.key}) if done.written else unseen
        after = self._running(self._controller.answered(program, done.answer), done.state)
        yield str(call), _pack(done.state, view, after, now_unseen, changes, faults)
        if faults and call.is_write:
            lost = self._running(self._controller.answered(program, self._lost), done.state)
            yield f"{call}, and its answer is lost", _pack(done.state, view, lost, unseen, changes, faults - 1)
            # The new process may begin with a list that is as old as the caches were.
            yield f"{call}, and a crash", _pack(done.state, view, 0, self._nothing, changes, faults - 1)
            yield f"a crash before {call}", _pack(cluster, view, 0, self._nothing, changes, faults - 1)

    def _is_current(self, view: int, cluster: int, key: Key) -> bool:
        return key not in (late for late, _ in self._deliveries(view, cluster))

    def _running(self, program: int, cluster: int) -> int:
        """Return a program as a part of a state."""
        return 0 if self._controller.next(program, self._undisturbed(cluster)) is None else program + 1

    def _undisturbed(self, cluster: int) -> Oracle:
        def answer(call: int) -> int | None:
            nonlocal cluster
            try:
                done = self._cluster.perform(cluster, call)
            except AssertionError:
                # The state with this call reports it.
                return None
            cluster = done.state
            return done.answer

        return answer

    def _others(self, cluster: int) -> Iterator[Step]:
        if (after := self._cluster.move(cluster, "work", self._work)) != cluster:
            yield "an engine works", after
        if (after := self._cluster.move(cluster, "finish", moves.finish_namespaces)) != cluster:
            yield "the namespace controller works", after

    def _deliveries(self, view: int, cluster: int) -> tuple[tuple[Key, int], ...]:
        """Return what the caches have in another version than the cluster, each with the view after it caught up."""
        found = self._delivered.get((view, cluster))
        if found is None:
            have = {self._objects.key(number): number for number in self._controller.views[view]}
            want = {self._objects.key(number): number for number in self._cached(cluster)}
            found = tuple(
                (key, self._view({**{k: n for k, n in have.items() if k != key}, **_only(want, key)}))
                for key in sorted(have.keys() | want.keys(), key=str)
                if have.get(key) != want.get(key)
            )
            self._delivered[(view, cluster)] = found
        return found

    def _view(self, have: dict[Key, int]) -> int:
        return self._controller.views.number(tuple(sorted(have.values())))

    def _cached(self, cluster: int) -> tuple[int, ...]:
        numbers = self._cluster.states[cluster]
        return tuple(n for n in numbers if is_cached(self._objects.key(n), self._objects[n]))

    # And then all come to rest

    def _check_rest(self, state: int) -> None:
        cluster, _, program, *_ = _unpack(state)
        if program:
            cluster = self._finish(cluster, program - 1)
        path = []
        while cluster not in self._rests:
            path.append(cluster)
            assert len(path) <= _REST_STEPS, f"after {_REST_STEPS} fair steps, it is not at rest"
            cluster = self._fair_step(cluster)
            if cluster == path[-1]:
                self._rules.check_rest(self._cluster.load(cluster))
                self._rests[cluster] = 0
        for steps, before in enumerate(reversed(path), self._rests[cluster]):
            self._rests.setdefault(before, steps)

    def _fair_step(self, cluster: int) -> int:
        """Return what comes of it if the caches are current, and the controller takes a turn before the others."""
        view = self._controller.views.number(self._cached(cluster))
        turns: tuple[Callable[[], int], ...] = (
            lambda: self._finish(cluster, self._controller.begin(view)),
            lambda: self._cluster.move(cluster, "work", self._work),
            lambda: self._cluster.move(cluster, "finish", moves.finish_namespaces),
            lambda: self._cluster.move(cluster, "retry", moves.retry),
        )
        return next((after for turn in turns if (after := turn()) != cluster), cluster)

    def _finish(self, cluster: int, program: int) -> int:
        """Return the cluster after the rest of a reconcile that nothing disturbs."""
        while (call := self._controller.next(program, self._undisturbed(cluster))) is not None:
            done = self._cluster.perform(cluster, call)
            cluster, program = done.state, self._controller.answered(program, done.answer)
        return cluster

    def _story(self, state: int, end: str) -> str:
        path = [state]
        while (before := self._parents[path[-1]]) != -1:
            path.append(before)
        path.reverse()
        lines = [next(words for words, new in self._steps(before) if new == after) for before, after in pairwise(path)]
        numbered = "\n".join(f"{number:3}. {words}" for number, words in enumerate(lines, 1))
        return f"{end}. The shortest history that leads there:\n{numbered}"


def _only(numbers: dict[Key, int], key: Key) -> dict[Key, int]:
    return {key: numbers[key]} if key in numbers else {}


def _pack(cluster: int, view: int, program: int, unseen: int, changes: int, faults: int) -> int:
    packed = cluster << _VIEW | view
    packed = packed << _PROGRAM | program
    packed = packed << _UNSEEN | unseen
    return (packed << _CHANGES | changes) << _FAULTS | faults


def _unpack(state: int) -> tuple[int, int, int, int, int, int]:
    faults = state & (1 << _FAULTS) - 1
    state >>= _FAULTS
    changes = state & (1 << _CHANGES) - 1
    state >>= _CHANGES
    unseen = state & (1 << _UNSEEN) - 1
    state >>= _UNSEEN
    program = state & (1 << _PROGRAM) - 1
    state >>= _PROGRAM
    return state >> _VIEW, state & (1 << _VIEW) - 1, program, unseen, changes, faults
