"""Every combination of environment, namespace and release, however it came about: what it must come to.

The world itself checks at each write what must never be broken (`world.World`); here the ends are compared.
"""

from __future__ import annotations

import copy
import itertools
from typing import Any

import pytest

from controller.api.environment import (
    ADOPT_ANNOTATION,
    ADOPTED_ANNOTATION,
    ENVIRONMENT_LABEL,
    ENVIRONMENTS,
    FINALIZER,
    UID_ANNOTATION,
)
from controller.api.helm_operator import HELM_RELEASES
from controller.api.rbac import ROLE_BINDINGS
from controller.apimachinery.resources import NAMESPACES, SECRETS
from controller.environment.options import EnvironmentOptions
from tests.unit.environment.simulation.fake_operator import storage_secret
from tests.unit.environment.simulation.world import World
from tests.unit.environment.support.builders import (
    LABELS,
    NAME,
    RELEASE_NAME,
    environment,
    foreign_namespace,
    foreign_release,
    helm_release,
    namespace,
    operator_options,
    our_labels,
)

RECORDED = {"release": {"engine": "helm-operator", "name": RELEASE_NAME}, "applicationStatus": "deployed"}
ADOPTED = {
    "labels": {**our_labels(adopted=True), "owner": "somebody"},
    "annotations": {
        **namespace(applied=our_labels(adopted=True))["metadata"]["annotations"],
        ADOPT_ANNOTATION: NAME,
        ADOPTED_ANNOTATION: "true",
    },
}

ENVIRONMENT_STATES: dict[str, dict[str, Any]] = {
    "new": {"finalizers": ()},
    "unrecorded": {},
    "recorded": {"status": RECORDED},
    "renamed": {"status": {**RECORDED, "release": {"engine": "helm-operator", "name": "before"}}},
    "bad": {"chart": {"git": "file:///etc"}},
    "suspended": {"suspend": True, "status": RECORDED},
    "deleting": {"deleting": True},
    "deleting, recorded": {"deleting": True, "status": RECORDED},
    "deleting, suspended": {"deleting": True, "suspend": True, "status": RECORDED},
}
NAMESPACE_STATES: dict[str, dict[str, Any] | None] = {
    "absent": None,
    "ours": namespace(),
    "of an earlier life": namespace(annotations={UID_ANNOTATION: "uid-0"}),
    "without memory": namespace(annotations={}),
    "foreign": foreign_namespace(),
    "to be adopted": foreign_namespace(annotations={ADOPT_ANNOTATION: NAME}),
    "adopted": namespace(**ADOPTED),
    "label stripped": namespace(labels=LABELS),
    "terminating": namespace(deleting=True),
    "foreign, terminating": foreign_namespace(deleting=True),
}
RELEASE_STATES: dict[str, dict[str, Any] | None] = {
    "absent": None,
    "ours": helm_release(),
    "edited": {**helm_release(), "spec": {"chart": {"git": "https://evil.example/x", "path": "."}, "releaseName": "x"}},
    "labels stripped": helm_release(labels={}),
    "all marks stripped": helm_release(labels={}, annotations={}),
    "another name": helm_release(environment(release={"releaseName": "before"})),
    "foreign": foreign_release(),
}


def _situations():
    for names in itertools.product(ENVIRONMENT_STATES, NAMESPACE_STATES, RELEASE_STATES):
        if names[1] != "absent" or names[2] == "absent":
            yield names


def _world(situation, options: EnvironmentOptions | None = None) -> World:
    env, ns, release = situation
    world = World(options)
    world.api.put(ENVIRONMENTS, environment(**ENVIRONMENT_STATES[env]))
    if NAMESPACE_STATES[ns] is not None:
        world.api.put(NAMESPACES, NAMESPACE_STATES[ns])
    if RELEASE_STATES[release] is not None:
        world.api.put(HELM_RELEASES, RELEASE_STATES[release])
        world.api.put(SECRETS, storage_secret(NAME, RELEASE_STATES[release]["spec"]["releaseName"]))
        # The operator knew it before, so that it will notice a deletion.
        world.operator.step()
    world.restart()
    return world


def _snapshot(world: World) -> dict[str, Any]:
    """Everything but versions and times, as far as the end is to be the same."""

    def content(obj):
        metadata = obj["metadata"]
        kept = {name: metadata.get(name) for name in ("name", "labels", "annotations", "finalizers")}
        return copy.deepcopy({**kept, "spec": obj.get("spec")})

    return {
        resource.plural: sorted((content(obj) for obj in world.api.all(resource)), key=lambda one: one["name"])
        for resource in (ENVIRONMENTS, NAMESPACES, HELM_RELEASES, SECRETS)
    }


def _ours_before(ns: str) -> bool:
    return ns in ("ours", "of an earlier life", "without memory", "adopted", "terminating")


def _check_end(situation, world: World) -> None:
    env, ns, release = situation
    live = world.api.peek(NAMESPACES, NAME)
    if env.startswith("deleting"):
        _check_gone(ns, release, world, live)
        return
    found = world.api.peek(ENVIRONMENTS, NAME)
    assert FINALIZER in found["metadata"]["finalizers"]
    state = found["status"]["applicationStatus"]
    reasons = {c["type"]: c["reason"] for c in found["status"]["conditions"]}
    if env == "suspended":
        assert state == "suspended"
        _check_untouched(ns, release, world)
    elif env == "bad":
        assert (state, reasons["Stalled"]) == ("failed", "InvalidSpec")
        _check_untouched(ns, release, world)
    elif ns in ("foreign", "label stripped"):
        assert (state, reasons["Stalled"]) == ("failed", "NamespaceNotOwned")
        _check_untouched(ns, release, world)
    elif release in ("foreign", "all marks stripped") and env != "recorded" and "terminating" not in ns:
        assert (state, reasons["Stalled"]) == ("failed", "ReleaseNotOwned")
        assert len(world.api.all(HELM_RELEASES)) == 1
    else:
        assert state == "deployed"
        assert [obj["metadata"]["name"] for obj in world.api.all(HELM_RELEASES)] == [RELEASE_NAME]
        assert LABELS.items() <= live["metadata"]["labels"].items()
        assert live["metadata"]["labels"][ENVIRONMENT_LABEL] == NAME


def _check_untouched(ns: str, release: str, world: World) -> None:
    for write in world.api.writes:
        assert write.resource == ENVIRONMENTS, write


def _check_gone(ns: str, release: str, world: World, live: Any) -> None:
    assert world.api.all(ENVIRONMENTS) == []
    if ns in ("absent", "terminating", "foreign, terminating", "ours", "of an earlier life", "without memory"):
        assert live is None
        return
    left = [obj["metadata"]["name"] for obj in world.api.all(HELM_RELEASES)]
    if ns == "adopted":
        assert live["metadata"]["labels"] == {"owner": "somebody"}
        assert live["metadata"]["annotations"] == {ADOPT_ANNOTATION: NAME}
    else:
        assert live == {**NAMESPACE_STATES[ns], "metadata": live["metadata"]}
        assert live["metadata"]["labels"] == NAMESPACE_STATES[ns]["metadata"]["labels"]
    if release == "foreign" and ns != "adopted":
        assert left == [RELEASE_NAME]
    if release in ("ours", "edited", "another name"):
        assert left == []
        assert world.api.all(SECRETS, NAME) == []


@pytest.mark.parametrize("env", list(ENVIRONMENT_STATES))
def test_every_situation_ends_and_becomes_quiet(env):
    for situation in _situations():
        if situation[0] != env:
            continue
        world = _world(situation)
        try:
            world.run(NAME)
            _check_end(situation, world)
            world.api.writes.clear()
            world.restart()
            world.run(NAME)
            assert world.api.writes == [], "it is not at rest"
        except AssertionError as error:
            error.add_note(f"environment {situation[0]}, namespace {situation[1]}, release {situation[2]}")
            raise


@pytest.mark.parametrize(
    "env",
    [
        env if env in ("new", "deleting, recorded") else pytest.param(env, marks=pytest.mark.slow)
        for env in ENVIRONMENT_STATES
    ],
)
def test_the_ends_are_the_same_with_own_rights_in_each_environment(env):
    options = operator_options(service_account="tronador")
    for situation in _situations():
        if situation[0] != env:
            continue
        world = _world(situation, options)
        try:
            world.run(NAME)
            _check_end(situation, world)
            if env.startswith("deleting"):
                assert world.api.all(ROLE_BINDINGS) == []
        except AssertionError as error:
            error.add_note(f"environment {situation[0]}, namespace {situation[1]}, release {situation[2]}")
            raise


def _crash_everywhere(situation) -> None:
    calm = _world(situation)
    calm.run(NAME)
    end = _snapshot(calm)
    for number, where in itertools.product(range(1, len(calm.api.writes) + 1), ("crash_before", "crash_after")):
        world = _world(situation)
        setattr(world.api, where, number)
        try:
            world.run(NAME)
            assert _snapshot(world) == end
        except AssertionError as error:
            error.add_note(f"{where} write {number} of {situation}")
            raise


@pytest.mark.parametrize(
    "situation",
    [
        ("new", "absent", "absent"),
        ("new", "to be adopted", "absent"),
        ("unrecorded", "of an earlier life", "labels stripped"),
        ("renamed", "ours", "another name"),
        ("deleting", "ours", "ours"),
        ("deleting, recorded", "adopted", "ours"),
        ("deleting, recorded", "ours", "all marks stripped"),
    ],
)
def test_a_crash_at_any_write_does_not_change_the_end(situation):
    _crash_everywhere(situation)


@pytest.mark.slow
@pytest.mark.parametrize("env", list(ENVIRONMENT_STATES))
def test_a_crash_at_any_write_does_not_change_the_end_of_any_situation(env):
    for situation in _situations():
        if situation[0] == env:
            _crash_everywhere(situation)
