"""Random histories of many environments with limits.

No limit is ever exceeded. Whenever all come to rest, none waits while a place is free.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from controller.api.environment import ADOPT_ANNOTATION, ENVIRONMENTS, FORK_ANNOTATION
from controller.apimachinery import objects
from controller.apimachinery.errors import ApiError, ConnectionLost
from controller.apimachinery.resources import NAMESPACES, Resource
from tests.unit.environment.simulation.crowd import GIT, Crowd
from tests.unit.environment.simulation.fake_api import Write
from tests.unit.environment.simulation.world import WATCHED
from tests.unit.environment.support.builders import namespace
from tests.unit.environment.support.reconciling import api_error

NAMES = st.sampled_from(["a", "b", "c", "d", "e", "f"])
REPOSITORIES = st.sampled_from(["shop", "cart"])
LIMITS = st.fixed_dictionaries(
    {
        "max_environments": st.sampled_from([1, 2, 2, 3]),
        "max_environments_per_repository": st.sampled_from([0, 0, 1, 2]),
        "max_fork_environments": st.sampled_from([0, 0, 1]),
    }
)
BAD_GIT = "https://user:secret@example.com/shop"
ERRORS: dict[str, ApiError] = {
    "refused": api_error(403, "Forbidden", "admission webhook denied the request"),
    "lost": ConnectionLost("reset"),
    "busy": api_error(503, "ServiceUnavailable"),
}


class LimitHistories(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.crowd = Crowd()
        # Namespaces that were there before their environments, or that others keep.
        self.foreign: set[str] = set()
        # The environment whose next namespace is created without an answer.
        self.unanswered = ""
        self.crowd.api.on_write.append(self._lose_the_answer)

    @property
    def api(self) -> Any:
        return self.crowd.api

    @initialize(limits=LIMITS, number=st.integers(0, 6), settled=st.booleans())
    def begin(self, limits: dict[str, int], number: int, settled: bool) -> None:
        self.crowd.restart_with(**limits)
        for age, name in enumerate("abcdef"[:number]):
            self.create(name, "shop", age, fork=False)
        if settled:
            self.settle()

    # What authors do

    @rule(name=NAMES, repository=REPOSITORIES, age=st.integers(0, 3), fork=st.booleans())
    def create(self, name: str, repository: str, age: int, fork: bool) -> None:
        if self.api.peek(ENVIRONMENTS, name) is None:
            self.crowd.add(name, repository=repository, age=age, fork=fork)

    @rule(name=NAMES)
    def delete(self, name: str) -> None:
        self.crowd.remove(name)

    @rule(name=NAMES, suspend=st.booleans())
    def suspend(self, name: str, suspend: bool) -> None:
        self.crowd.edit(name, suspend=suspend)

    @rule(name=NAMES, repository=REPOSITORIES | st.none())
    def move(self, name: str, repository: str | None) -> None:
        # An environment that has a place keeps it, so its new repository may then have more than the limit.
        if name not in self.crowd.holders():
            self.crowd.point_at(name, BAD_GIT if repository is None else GIT.format(repository))

    @rule(name=NAMES, lifetime=st.sampled_from(["1h", "never"]))
    def live_for(self, name: str, lifetime: str) -> None:
        # The time flies as soon as nothing else is to be done.
        self.crowd.edit(name, lifecycle={"expireAfter": lifetime})

    # What others do

    @rule(name=NAMES)
    def delete_the_namespace(self, name: str) -> None:
        if name not in self.foreign:
            self.api.remove(NAMESPACES, name)

    @rule(name=NAMES, adopt=st.booleans())
    def create_a_namespace(self, name: str, adopt: bool) -> None:
        if self.api.peek(NAMESPACES, name) is None:
            annotations = {ADOPT_ANNOTATION: name} if adopt else {}
            self.api.put(NAMESPACES, namespace(name=name, labels={}, annotations=annotations))
            self.foreign.add(name)

    @rule(name=NAMES)
    def remove_that_namespace(self, name: str) -> None:
        if name in self.foreign:
            self.api.remove(NAMESPACES, name)
            self.foreign.discard(name)

    @rule(name=NAMES, error=st.sampled_from(list(ERRORS)))
    def the_server_refuses_its_namespace(self, name: str, error: str) -> None:
        def refuse(verb: str, resource: Resource, _: str, of: str) -> ApiError | None:
            return ERRORS[error] if (verb, resource, of) == ("create", NAMESPACES, name) else None

        self.api.refuse = refuse

    @rule()
    def the_server_agrees_again(self) -> None:
        self.api.refuse = lambda *_: None

    @rule(name=NAMES)
    def the_answer_about_its_namespace_is_lost(self, name: str) -> None:
        self.unanswered = name

    def _lose_the_answer(self, write: Write) -> None:
        if (write.verb, write.resource, write.name) == ("create", NAMESPACES, self.unanswered):
            self.unanswered = ""
            raise ConnectionLost("reset")

    # What machines do

    @rule(
        name=NAMES,
        resources=st.sets(st.sampled_from(WATCHED)),
        crash=st.none() | st.none() | st.tuples(st.booleans(), st.integers(1, 4)),
    )
    def reconcile(self, name: str, resources: set[Any], crash: tuple[bool, int] | None) -> None:
        if resources:
            self.crowd.sync(*sorted(resources, key=str))
        if crash:
            setattr(self.api, "crash_before" if crash[0] else "crash_after", crash[1])
        self.crowd.reconcile(name)
        self.api.crash_before = self.api.crash_after = None

    @rule(number=st.integers(1, 5))
    def reconcile_what_is_queued(self, number: int) -> None:
        self.crowd.sync()
        for name in list(self.crowd.pending)[:number]:
            self.crowd.reconcile(name)

    @rule()
    def restart(self) -> None:
        self.crowd.restart()

    @rule(limits=LIMITS)
    def restart_with_other_limits(self, limits: dict[str, int]) -> None:
        self.crowd.restart_with(**limits)

    @rule(steps=st.integers(1, 6))
    def let_the_engines_work(self, steps: int) -> None:
        for _ in range(steps):
            self.crowd.engines_step()

    @rule(seconds=st.sampled_from([0.5, 5.0, 60.0]))
    def wait(self, seconds: float) -> None:
        self.crowd.seconds += seconds
        self.api.finish_namespaces()

    # And then they all come to rest

    @precondition(lambda self: self.api.all(ENVIRONMENTS))
    @rule()
    def settle(self) -> None:
        self.api.refuse = lambda *_: None
        self.crowd.operator.retry()
        self.crowd.settle()
        for obj in self.api.all(ENVIRONMENTS):
            self._check(obj)

    def _check(self, obj: dict[str, Any]) -> None:
        name, state = objects.name(obj), obj["status"]["applicationStatus"]
        holders = [found for found in self.crowd.holders() if self.api.peek(ENVIRONMENTS, found)]
        of = self.api.peek(NAMESPACES, name)
        if obj["spec"].get("suspend"):
            assert state == "suspended"
        elif state == "expired":
            assert name not in holders
        elif BAD_GIT in str(obj["spec"]) or (
            of and name not in holders and ADOPT_ANNOTATION not in of["metadata"]["annotations"]
        ):
            assert state == "failed"
        elif name in holders:
            assert state == "deployed"
        else:
            assert state == "queued", state
            assert self._reached(obj, [self.api.peek(ENVIRONMENTS, holder) for holder in holders]), (
                "it waits while a place is free"
            )

    def _reached(self, obj: dict[str, Any], holders: list[dict[str, Any]]) -> bool:
        limits = self.crowd.options.limits
        same = [held for held in holders if _git(held) == _git(obj)]
        forks = [held for held in holders if _is_fork(held)]
        return (
            0 < limits.max_environments <= len(self.crowd.holders())
            or 0 < limits.max_environments_per_repository <= len(same)
            or (_is_fork(obj) and 0 < limits.max_fork_environments <= len(forks))
        )

    def teardown(self) -> None:
        if not self.api.all(ENVIRONMENTS):
            return
        self.settle()
        # All are served once places are free.
        for _ in range(10):
            waiting = self.crowd.in_state("queued")
            if not waiting:
                break
            for name in self.crowd.holders():
                self.crowd.remove(name)
                if not self.api.peek(ENVIRONMENTS, name):
                    self.api.remove(NAMESPACES, name)
            self.settle()
            assert set(self.crowd.in_state("queued")) < set(waiting), "none of those that wait is served"


def _git(obj: dict[str, Any]) -> str:
    return str(obj["spec"]["application"]["release"]["chart"]["git"])


def _is_fork(obj: dict[str, Any]) -> bool:
    return FORK_ANNOTATION in objects.annotations(obj)


def _search(examples: int, steps: int) -> None:
    profile = settings(max_examples=examples, stateful_step_count=steps, print_blob=False, report_multiple_bugs=False)
    run_state_machine_as_test(LimitHistories, settings=profile)


def test_no_short_history_exceeds_a_limit_or_leaves_an_environment_waiting_for_nothing():
    _search(examples=15, steps=25)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_long_history_exceeds_a_limit_or_leaves_an_environment_waiting_for_nothing():
    _search(examples=300, steps=60)
