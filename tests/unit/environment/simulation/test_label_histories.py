"""Random histories of one namespace's labels: its author edits, the platform team too, others meddle, processes die.

The test derives what we applied from our writes alone, and not from the memory on the namespace. So it can compare each
write with the rules: labels that the environment names are present, labels that it no longer names are gone unless
another program changed them after us, and all other labels are unchanged.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from controller.api.environment import (
    ADOPT_ANNOTATION,
    APPLIED_LABELS_ANNOTATION,
    ENVIRONMENT_LABEL,
    ENVIRONMENTS,
    MANAGED_BY_LABEL,
)
from controller.apimachinery import objects
from controller.apimachinery.resources import NAMESPACES
from tests.unit.environment.simulation.fake_api import Write
from tests.unit.environment.simulation.world import WATCHED, World
from tests.unit.environment.support.builders import NAME, environment, foreign_namespace, operator_options

# Few keys and values, the same for everybody, so that they meet. No environment ever names "never".
KEYS = st.sampled_from(["a", "b", "example.com/c"])
VALUES = st.sampled_from(["1", "2", ""])
LABELS = st.dictionaries(KEYS, VALUES, max_size=3)
ANY_KEY = KEYS | st.just("never")
OWN = {ENVIRONMENT_LABEL, MANAGED_BY_LABEL}


class LabelHistories(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.api = self.world.api
        self.api.on_write.append(self._compare)
        # What we wrote last, name and value, and what we cannot know any more because somebody garbled the memory.
        self.applied: dict[str, str] = {}
        # In a namespace that was there before us somebody else says who manages it.
        self.adopted = False

    # The rules

    def _wanted(self, found: Any) -> dict[str, str]:
        named = found["spec"].get("namespaceLabels") or {}
        return {key: value for key, value in named.items() if value is not None} | dict(
            self.world.options.namespace_labels
        )

    def _after(self, before: dict[str, str], wanted: dict[str, str]) -> dict[str, str]:
        taken_back = {key for key, value in self.applied.items() if key not in wanted and before.get(key) == value}
        return {key: value for key, value in before.items() if key not in taken_back} | wanted

    def _compare(self, write: Write) -> None:
        if write.resource != NAMESPACES:
            return
        if write.verb == "delete":
            assert not self.adopted, "an adopted namespace was deleted"
            return
        # Decided from the environment as the cache had it.
        cached = self.world.stores[ENVIRONMENTS].get(NAME)
        wanted = {} if cached is None or objects.is_deleting(cached) else self._wanted(cached)
        if write.before is None:
            self.applied = {}
        assert _others(write.after) == self._after(_others(write.before), wanted)
        assert (MANAGED_BY_LABEL in objects.labels(write.after or {})) is (not self.adopted)
        self.applied = wanted

    # What authors do

    @initialize(labels=LABELS, adopted=st.booleans(), theirs=LABELS)
    def begin(self, labels: dict[str, str], adopted: bool, theirs: dict[str, str]) -> None:
        self.adopted = adopted
        if adopted:
            annotations = {ADOPT_ANNOTATION: NAME}
            self.api.put(NAMESPACES, foreign_namespace(labels={**theirs, "never": "1"}, annotations=annotations))
        self.api.put(ENVIRONMENTS, environment(labels=labels, finalizers=(), uid=""))

    @rule(labels=st.none() | LABELS)
    def change_labels(self, labels: dict[str, str] | None) -> None:
        self.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj["spec"].update(namespaceLabels=labels))

    @rule(key=KEYS)
    def drop_a_label(self, key: str) -> None:
        self.api.edit(ENVIRONMENTS, NAME, "", lambda obj: (obj["spec"].get("namespaceLabels") or {}).pop(key, None))

    @rule()
    def lose_the_status(self) -> None:
        # As a backup does that is restored without it.
        self.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj.pop("status", None))

    @rule(deleted=st.booleans())
    def recreate(self, deleted: bool) -> None:
        labels = (self.api.peek(ENVIRONMENTS, NAME) or environment())["spec"].get("namespaceLabels")
        self.api.remove(ENVIRONMENTS, NAME)
        if deleted:
            self.settle()
        if self.api.peek(ENVIRONMENTS, NAME) is None:
            self.api.put(ENVIRONMENTS, environment(labels=labels, finalizers=(), uid=""))

    # What the platform team does: its labels win, and change with a restart

    @rule(labels=st.dictionaries(KEYS, VALUES, max_size=1))
    def restart_with_other_labels(self, labels: dict[str, str]) -> None:
        self.world.options = operator_options(namespace_labels=labels)
        self.world.restart()

    # What others do

    @rule(key=ANY_KEY, value=VALUES)
    def meddle_with_a_label(self, key: str, value: str) -> None:
        self.api.edit(NAMESPACES, NAME, "", lambda obj: obj["metadata"]["labels"].update({key: value}))

    @rule(key=KEYS, value=VALUES)
    def meddle_with_a_label_that_its_author_gives_up(self, key: str, value: str) -> None:
        # Both at once, which single steps would hardly ever hit.
        self.meddle_with_a_label(key, value)
        self.drop_a_label(key)

    @rule(key=ANY_KEY)
    def remove_a_label(self, key: str) -> None:
        self.api.edit(NAMESPACES, NAME, "", lambda obj: obj["metadata"]["labels"].pop(key, None))

    @rule(garbage=st.sampled_from(["", "{", "[]", '{"never": 1, "a": null}']))
    def garble_the_memory(self, garbage: str) -> None:
        def garble(obj: dict[str, Any]) -> None:
            if APPLIED_LABELS_ANNOTATION in (obj["metadata"].get("annotations") or {}):
                obj["metadata"]["annotations"][APPLIED_LABELS_ANNOTATION] = garbage
                # What is not remembered is not taken back.
                self.applied = {}

        self.api.edit(NAMESPACES, NAME, "", garble)

    # What machines do

    @rule(resources=st.sets(st.sampled_from(WATCHED)), crash=st.none() | st.tuples(st.booleans(), st.integers(1, 3)))
    def reconcile(self, resources: set[Any], crash: tuple[bool, int] | None) -> None:
        if resources:
            self.world.sync(*sorted(resources, key=str))
        if crash:
            setattr(self.api, "crash_before" if crash[0] else "crash_after", crash[1])
        self.world.reconcile(NAME)
        self.api.crash_before = self.api.crash_after = None

    @rule()
    def restart(self) -> None:
        self.world.restart()

    @rule()
    def settle(self) -> None:
        self.world.operator.retry()
        self.world.run(NAME)
        namespace, found = self.api.peek(NAMESPACES, NAME), self.api.peek(ENVIRONMENTS, NAME)
        if found is None:
            assert (namespace is not None) is self.adopted
            assert ENVIRONMENT_LABEL not in objects.labels(namespace or {})
            return
        assert namespace is not None
        labels, wanted = _others(namespace), self._wanted(found)
        assert labels.items() >= wanted.items()
        assert labels == self._after(labels, wanted), "something is left that should have been taken back"
        named = (found["spec"].get("namespaceLabels") or {}).items()
        mirrored = {key: value for key, value in named if key not in self.world.options.namespace_labels}
        assert found["status"]["namespaceLabels"] == mirrored

    def teardown(self) -> None:
        self.settle()


def _others(namespace: Any) -> dict[str, str]:
    """The labels that are not about whose the namespace is."""
    return {key: value for key, value in objects.labels(namespace or {}).items() if key not in OWN}


def _search(examples: int, steps: int) -> None:
    profile = settings(max_examples=examples, stateful_step_count=steps, print_blob=False, report_multiple_bugs=False)
    run_state_machine_as_test(LabelHistories, settings=profile)


def test_labels_follow_the_rules_in_every_short_history():
    _search(examples=50, steps=25)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_labels_follow_the_rules_in_every_long_history():
    _search(examples=600, steps=60)
