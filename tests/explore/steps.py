"""What can happen next in a state of the world, one step at a time.

Two things keep the number of states down and lose nothing. While a single environment is reconciled, the caches stand
still, because a reconcile looks at them only at its beginning. And equal content is the same version of an object,
because only content can matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from controller.api.environment import ENVIRONMENTS
from controller.apimachinery.errors import RequestTimeout
from controller.apimachinery.resources import NAMESPACES, Resource
from tests.explore import moves
from tests.explore.caches import Caches, Delivery
from tests.explore.calls import Call, call
from tests.explore.cluster import Cluster
from tests.explore.controller import WATCHED, Controller, Oracle
from tests.explore.line import CALLS, TOLD, Line
from tests.explore.numbering import Key, Objects, Table
from tests.explore.rights import REFUSABLE, refusal
from tests.explore.rules import Rules
from tests.explore.scripted import Answer
from tests.explore.world import World


class State(NamedTuple):
    """A state of the world. All are numbers.

    Attributes:
        cluster: the objects of the API server.
        view: those in the caches.
        running: for each environment, its reconcile in progress, from 1; or 0.
        unseen: what was written, and the caches have not shown yet.
        memory: what the process remembers.
        changes, faults: how many are left.
    """

    cluster: int
    view: int
    running: tuple[int, ...]
    unseen: int
    memory: int
    changes: int
    faults: int


class Memory(NamedTuple):
    """What a process remembers: in its reconciler, in its places, and when it looks at each environment next.

    `due`: seconds from now, or None for no look before something changes; empty if that does not matter.
    """

    reconciler: int = 0
    places: int = 0
    due: tuple[float | None, ...] = ()


# What happened, and the state that it led to.
Step = tuple[str, State]


class BrokenRule(Exception):
    """A step that the controller must not take. The text says which rule it breaks."""


class Steps:
    """See the module. `rules` are checked at each write."""

    def __init__(self, world: World, rules: Rules) -> None:
        self._world = world
        self._rules = rules
        self._objects = Objects()
        self.controller = Controller(self._objects, world.options, remembers=world.remembers)
        self.cluster = Cluster(
            self._objects,
            answers=self.controller.answers,
            calls=self.controller.calls,
            check=rules.check_write,
            needs_binding=bool(world.options.service_account),
        )
        self._line = Line(
            world.options.limits,
            known=self._objects,
            cached=lambda view: self.controller.views[view],
            live=lambda cluster: self.cluster.states[cluster],
        )
        self._lost = self.controller.answers.number(Answer(text="lost", error=RequestTimeout("the answer was lost")))
        self._refused = self.controller.answers.number(Answer(text="refused", error=refusal()))
        self._unseen: Table[frozenset[tuple[str, Resource]]] = Table()
        self._nothing = self._unseen.number(frozenset())
        self._memories: Table[Memory] = Table()
        self._caches = Caches(self._objects, self.controller, self.cluster)
        self._idle = (0,) * len(world.names)

    def first(self) -> State:
        """Return the state before anything is reconciled."""
        cluster = self.cluster.empty
        for number, move in enumerate(self._world.before):
            cluster = self.cluster.move(cluster, f"before {number}", move)
        view = self._caches.current(cluster)
        memory = self._memories.number(self._new_memory())
        return State(cluster, view, self._idle, self._nothing, memory, 0, 0)

    def after(self, state: State) -> Iterator[Step]:
        """Return what can happen next. Raises BrokenRule at the end, if the controller would break one."""
        broken = None
        late = self._caches.late(state.view, state.cluster)
        if len(state.running) > 1 or not state.running[0]:
            for kind, view in late:
                yield f"the cache of {kind.plural} catches up", self._delivered(state, kind, view)
        for index, program in enumerate(state.running):
            if program:
                try:
                    yield from self._continue(state, index)
                except BrokenRule as error:
                    broken = error
            elif self._may_begin(state, index, late):
                yield f"a reconcile of {self._world.names[index]} begins", self.begin(state, index)
        yield from self._others(state)
        if broken:
            raise broken

    def _others(self, state: State) -> Iterator[Step]:
        for words, move in self._world.works.items():
            if (after := self.cluster.move(state.cluster, words, move)) != state.cluster:
                yield words, self.moved(state, after)
        failed = self.cluster.move(state.cluster, "fail", self._world.fail) if state.faults else state.cluster
        if failed != state.cluster:
            yield "an engine fails", self.moved(state, failed)._replace(faults=state.faults - 1)
        if not state.changes:
            return
        left = state.changes - 1
        for words, move in self._world.changes.items():
            if (after := self.cluster.move(state.cluster, words, move)) != state.cluster:
                yield words, self.moved(state, after)._replace(changes=left)
        for words, move in self._world.restarts.items():
            if (after := self.cluster.move(state.cluster, words, move)) != state.cluster:
                view = self._caches.current(after)
                yield words, self._restarted(state._replace(cluster=after, view=view, changes=left))
        for words, seconds in self._world.times.items():
            after = self.cluster.move(state.cluster, words, moves.pass_time(seconds))
            yield words, self.passed(state, seconds)._replace(cluster=after, changes=left)

    def moved(self, state: State, cluster: int) -> State:
        """Return the state after a move of the cluster.

        If the caches lagged behind and no longer do, something was undone. Then the watch shows both, and the result is
        the same content.
        """
        after = state._replace(cluster=cluster)
        if self._memories[state.memory].due:
            late = {kind for kind, _ in self._caches.late(state.view, cluster)}
            for kind, _ in self._caches.late(state.view, state.cluster):
                if kind not in late:
                    after = self._delivered(after, kind, state.view)
        return after

    # The controller

    def begin(self, state: State, index: int) -> State:
        """Return the state in which a reconcile has come to its first request, or to its end."""
        name, unseen = self._world.names[index], self._unseen[state.unseen]
        if unseen:
            unseen = frozenset(entry for entry in unseen if entry[0] != name)
            state = state._replace(unseen=self._unseen.number(unseen))
        memory = self._memories[state.memory]
        if memory.due:
            state = self._remembering(state, _due(memory, index, None))
        return self._reached(state, index, self.controller.begin(state.view, name, memory.reconciler))

    def performed(self, state: State, index: int) -> State:
        """Return the state after the next request of a reconcile. Raises BrokenRule."""
        return self._perform(state, index)[0]

    def due(self, state: State, index: int) -> float | None:
        """Return the seconds until the next look at an environment, or None."""
        due = self._memories[state.memory].due
        return due[index] if due else 0.0

    def passed(self, state: State, seconds: float) -> State:
        """Return the state after some time."""
        memory = self._memories[state.memory]
        due = tuple(None if left is None else max(round(left - seconds, 3), 0.0) for left in memory.due)
        older = self.controller.memories.older(memory.reconciler, seconds)
        return state._replace(memory=self._memories.number(memory._replace(reconciler=older, due=due)))

    def caught_up(self, state: State) -> State:
        """Return the state in which all caches are current."""
        while late := self._caches.late(state.view, state.cluster):
            state = self._delivered(state, *late[0])
        return state

    def _may_begin(self, state: State, index: int, late: tuple[Delivery, ...]) -> bool:
        if self.due(state, index) != 0.0:
            return False
        unseen, name = self._unseen[state.unseen], self._world.names[index]
        return not unseen or all((name, kind) not in unseen for kind, _ in late)

    def _continue(self, state: State, index: int) -> Iterator[Step]:
        program = state.running[index] - 1
        asked = self._asked(program)
        words = f"the controller {asked.story}"
        after, cluster = self._perform(state, index)
        yield words, after
        if not state.faults:
            return
        before = state._replace(faults=state.faults - 1)
        if self._world.options.service_account and asked.resource in REFUSABLE:
            yield f"{words}, and is refused", self._reached(before, index, self._answered(program, self._refused))
        if not asked.is_write:
            return
        done = self.moved(before, cluster)
        yield f"{words}, and the answer is lost", self._reached(done, index, self._answered(program, self._lost))
        # The new process may begin with a list that is as old as the caches were.
        yield f"{words}, and crashes", self._restarted(done)
        yield f"the controller crashes before it {asked.story}", self._restarted(before)

    def _perform(self, state: State, index: int) -> tuple[State, int]:
        """Return the state after the next request of a reconcile, and the cluster in it."""
        program = state.running[index] - 1
        asked = self._asked(program)
        if asked.verb in CALLS:
            after, answer = self._said(state, asked)
            return self._reached(after, index, self._answered(program, answer)), state.cluster
        try:
            self._rules.check_call(asked, self._read(program, asked))
            done = self.cluster.perform(state.cluster, self.controller.calls.number(asked))
        except AssertionError as error:
            raise BrokenRule(str(error)) from error
        after = self.moved(state, done.state)
        if done.written:
            kinds = [kind for kind, _ in self._caches.late(state.view, state.cluster)]
            if done.state == state.cluster and asked.resource not in kinds:
                raise BrokenRule(f"{asked} changed nothing, and the cache was current")
            if asked.resource in WATCHED:
                unseen = self._unseen[state.unseen] | {(self._world.names[index], asked.resource)}
                after = after._replace(unseen=self._unseen.number(unseen))
        return self._reached(after, index, self._answered(program, done.answer)), done.state

    def _asked(self, program: int) -> Call:
        number = self.controller.next(program)
        assert number is not None, "a program in a state has a next call"
        return self.controller.calls[number]

    def _answered(self, program: int, answer: int) -> int:
        return self.controller.answered(program, answer)

    def _reached(self, state: State, index: int, program: int) -> State:
        """Return the state with a reconcile at its next request, or at its end."""
        while (number := self.controller.next(program, self._undisturbed(state.cluster))) is not None:
            asked = self.controller.calls[number]
            if asked.verb not in TOLD:
                return state._replace(running=_with(state.running, index, program + 1))
            state, answer = self._said(state, asked)
            program = self._answered(program, answer)
        state = state._replace(running=_with(state.running, index, 0))
        memory = self._memories[state.memory]
        if not memory.due:
            return state
        ended = self.controller.ended(program)
        left = ended.due if self._world.times or ended.due is None else 0.0
        if memory.due[index] == 0.0:
            # Something changed meanwhile.
            left = 0.0
        return self._remembering(state, _due(memory, index, left)._replace(reconciler=ended.memory))

    def _undisturbed(self, cluster: int) -> Oracle:
        def answer(number: int) -> int | None:
            nonlocal cluster
            if self.controller.calls[number].verb in CALLS:
                return None
            try:
                done = self.cluster.perform(cluster, number)
            except AssertionError:
                # The state with this call reports it.
                return None
            cluster = done.state
            return done.answer

        return answer

    # What the process knows

    def _said(self, state: State, asked: Call) -> tuple[State, int]:
        """Return the state after something was said to the places, and the number of the answer."""
        memory = self._memories[state.memory]
        try:
            said = self._line.say(memory.places, state.view, state.cluster, asked)
        except AssertionError as error:
            raise BrokenRule(str(error)) from error
        memory = memory._replace(places=said.places)
        for name in said.woken:
            memory = _due(memory, self._world.names.index(name), 0.0)
        answer = Answer(verdict=said.verdict, text=asked.verb)
        return self._remembering(state, memory), self.controller.answers.number(answer)

    def _delivered(self, state: State, kind: Resource, view: int) -> State:
        unseen = self._unseen[state.unseen]
        if unseen:
            unseen = frozenset(entry for entry in unseen if entry[1] != kind)
        after = state._replace(view=view, unseen=self._unseen.number(unseen))
        if not self._memories[state.memory].due:
            return after
        before, now = (set(self.controller.views[v]) for v in (state.view, view))
        changed = {self._objects.key(number) for number in before ^ now}
        if not changed:
            changed = {(kind, "", name) for name in self._world.names}
        for key in sorted(changed, key=str):
            for index, name in enumerate(self._world.names):
                if _concerns(key, name, self._world.names):
                    after = self._remembering(after, _due(self._memories[after.memory], index, 0.0))
            if kind in (ENVIRONMENTS, NAMESPACES) and self._world.options.limits.any:
                after, _ = self._said(after, call("look", NAMESPACES, "", key[2]))
        return after

    def _restarted(self, state: State) -> State:
        memory = self._memories.number(self._new_memory())
        return state._replace(running=self._idle, unseen=self._nothing, memory=memory)

    def _new_memory(self) -> Memory:
        is_kept = self._world.remembers or self._world.options.limits.any
        return Memory(due=(0.0,) * len(self._world.names) if is_kept else ())

    def _remembering(self, state: State, memory: Memory) -> State:
        return state._replace(memory=self._memories.number(memory))

    def _read(self, program: int, asked: Call) -> dict[str, Any] | None:
        """Return what a reconcile has read of the object that it asks about, or None."""
        answers = [self.controller.answers[number] for number in self.controller.programs[program][-1]]
        known = [answer.obj for answer in answers if answer.obj is not None]
        return next((self._objects[obj] for obj in reversed(known) if self._objects.key(obj) == asked.key), None)


def _with(running: tuple[int, ...], index: int, program: int) -> tuple[int, ...]:
    return (*running[:index], program, *running[index + 1 :])


def _due(memory: Memory, index: int, seconds: float | None) -> Memory:
    return memory._replace(due=(*memory.due[:index], seconds, *memory.due[index + 1 :]))


def _concerns(key: Key, name: str, names: tuple[str, ...]) -> bool:
    """Return whether a change of an object leads to a reconcile of an environment."""
    of = key[1] or key[2]
    return of == name or of not in names
