"""Tries mutations in a world, and holds what becomes of them to the rules."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from controller.api.environment import ENVIRONMENTS
from controller.api.tronador_config import TRONADOR_CONFIGS
from controller.apimachinery.errors import BadRequest, Invalid
from controller.apimachinery.resources import Resource
from tests.mutations import judge
from tests.mutations.documents import DOCUMENTS, NAME, NEIGHBOUR
from tests.mutations.judge import Outcome, State
from tests.mutations.mutation import Mutation
from tests.mutations.neighbourhood import Neighbourhood
from tests.mutations.schema import Schema


class Trial:
    """One world, whose object of `resource` is mutated and restored again and again.

    Attributes:
        outcomes: how many mutations had which.
        properties: those that were mutated.
        effective: those of which at least one mutation has changed more than the object itself, or was refused.
        broken: a sentence for each broken rule.
    """

    def __init__(self, engine: str, resource: Resource, schema: Schema) -> None:
        self._engine = engine
        self._resource = resource
        self._schema = schema
        self.outcomes: Counter[Outcome] = Counter()
        self.effective: set[str] = set()
        self.broken: list[str] = []
        self.properties: set[str] = set()
        self._begin()

    def __str__(self) -> str:
        counts = ", ".join(f"{self.outcomes[outcome]} {outcome.value}" for outcome in Outcome)
        return f"{len(self.properties)} properties, {self.outcomes.total()} mutations: {counts}"

    def _begin(self) -> None:
        self._world = Neighbourhood(self._engine)
        self._reference = self._last = judge.state(self._world)

    def each(self, mutations: Sequence[Mutation]) -> None:
        """Write the original with one mutation after another, and the original at last."""
        self._go(mutations, pile=False)

    def together(self, mutations: Sequence[Mutation]) -> None:
        """Add one mutation to another, and write the original at last."""
        self._go(mutations, pile=True)

    def _go(self, mutations: Sequence[Mutation], *, pile: bool) -> None:
        document = original = DOCUMENTS[self._resource]
        is_pushed = False
        made: list[tuple[Mutation, tuple[str | int, ...]]] = []
        try:
            for mutation in mutations:
                self.properties.add(str(mutation.prop))
                mutated, where = mutation.of(document if pile else original, self._schema)
                try:
                    self._world.write(self._resource, mutated)
                except (BadRequest, Invalid):
                    self.outcomes[Outcome.NOT_ADMITTED] += 1
                    continue
                document = mutated
                made = [*made, (mutation, where)] if pile else [(mutation, where)]
                found = self._look(made)
                if found is Outcome.REFUSED and not is_pushed:
                    is_pushed = True
                    self._push()
            self._restore(is_pushed=is_pushed)
        except Exception as error:  # noqa: BLE001 - it belongs to its mutation, and the others are tried too
            story = ", then ".join(str(mutation) for mutation, _ in made)
            self.broken.append(f"{self._engine}: {story}: {type(error).__name__}: {error}")
            self._begin()

    def _look(self, admitted: Sequence[tuple[Mutation, tuple[str | int, ...]]]) -> Outcome:
        self._world.recorded.notes.clear()
        self._world.settle()
        found, words = judge.outcome(self._world)
        self.outcomes[found] += 1
        mutation, _ = admitted[-1]
        after = judge.state(self._world)
        if found is Outcome.REFUSED:
            assert any(judge.is_named(words, where, mutation.value) for mutation, where in admitted), (
                f"the field is not named: {words}"
            )
        notes = " ".join(self._world.recorded.notes)
        is_in_event = str(mutation.prop).removeprefix("spec.application.release.") in notes
        if found is Outcome.REFUSED or is_in_event or self._visible(after) != self._visible(self._reference):
            self.effective.add(str(mutation.prop))
        if self._resource == ENVIRONMENTS:
            assert _neighbours(after) == _neighbours(self._last), "another environment was changed"
        else:
            assert self._world.state_of(NAME) == "deployed", "the TronadorConfig disturbs a release that runs"
        self._rest()
        self._last = after
        return found

    def _push(self) -> None:
        """While something is refused, the author of the other environment pushes a commit."""
        self._world.push_to_neighbour("2")
        # No release changes while the TronadorConfig is wrong.
        has_to_wait = self._resource == TRONADOR_CONFIGS
        assert has_to_wait or self._world.neighbours_tag() == "2", "the neighbour does not get its commits"
        self._last = judge.state(self._world)

    def _rest(self) -> None:
        version = self._world.api.version
        self._world.look_at_all()
        assert self._world.api.version == version, "a reconcile that nothing had asked for had something to do"

    def _restore(self, *, is_pushed: bool) -> None:
        self._world.write(self._resource, DOCUMENTS[self._resource])
        self._world.settle()
        if is_pushed:
            assert self._world.neighbours_tag() == "2", "the neighbour does not get a commit that had to wait"
            self._world.push_to_neighbour("1")
        after = judge.state(self._world)
        different = [
            f"{key}: {self._reference.get(key)} became {after.get(key)}"
            for key in sorted({*after, *self._reference})
            if after.get(key) != self._reference.get(key)
        ]
        assert not different, f"not as before: {different}"
        self._last = after

    def _visible(self, state: State) -> State:
        """Return a state without what the mutation itself has written."""
        written = DOCUMENTS[self._resource]["metadata"]
        key = (str(self._resource), written.get("namespace", ""), written["name"])
        return {**state, key: state[key]["status"]}


def _neighbours(state: State) -> State:
    return {key: obj for key, obj in state.items() if NEIGHBOUR in key[1:]}
