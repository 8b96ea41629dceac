"""A reconcile that could only repeat the last one is recognised; every other one decides again."""

from __future__ import annotations

import gc

import pytest

from controller.api.environment import ENVIRONMENTS
from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery.objects import LAST_APPLIED
from controller.apimachinery.resources import NAMESPACES, SERVICE_ACCOUNTS
from controller.environment import echoes
from controller.environment import reconciler as reconciler_module
from controller.environment.decision import Continue
from controller.environment.effects import Apply, Create, Delete, GroupVersion, Read, Target
from controller.environment.plan import Plan, Step
from tests.unit.environment.simulation.world import World
from tests.unit.environment.support.builders import (
    NAME,
    RELEASE_NAME,
    environment,
    namespace_target,
    observation,
    operator_options,
    phase,
)
from tests.unit.environment.support.reconciling import new_world, status_of


@pytest.fixture
def world() -> World:
    """An environment right after the reconcile that created everything, with caches that have all of it."""
    world = new_world(operator_options(status_settle=0.5))
    world.reconcile(NAME)
    world.sync()
    return world


@pytest.fixture
def decisions(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """What was decided, in order."""
    decided: list[Plan] = []
    decide = reconciler_module.decide

    def noted(*args: object) -> Plan:
        decided.append(decide(*args))
        return decided[-1]

    monkeypatch.setattr(reconciler_module, "decide", noted)
    return decided


def test_the_echo_of_its_own_writes_is_not_decided_again(world, decisions):
    world.seconds += 0.2
    assert world.reconcile_strictly(NAME).requeue_after == pytest.approx(0.3)
    assert decisions == []


def test_the_echo_of_a_status_is_not_decided_again(world, decisions):
    world.run(NAME)
    assert status_of(world)["applicationStatus"] == "deployed"
    decisions.clear()
    world.reconcile_strictly(NAME)
    assert decisions == []


def test_the_copy_of_what_kubectl_applied_makes_no_difference(decisions):
    world = new_world(operator_options(), annotations={LAST_APPLIED: "{}"})
    world.reconcile(NAME)
    world.sync()
    # As a cache does.
    world.stores[ENVIRONMENTS].get(NAME)["metadata"]["annotations"].clear()
    decisions.clear()
    world.reconcile_strictly(NAME)
    assert decisions == []


def test_a_change_by_another_program_is_decided(world, decisions):
    world.api.edit(HELM_RELEASES, RELEASE_NAME, NAME, lambda obj: obj["spec"].update(timeout=1))
    world.sync()
    world.reconcile_strictly(NAME)
    assert len(decisions) == 1


def test_a_change_by_another_program_that_came_with_the_answer_to_a_write_is_decided(world, decisions):
    world.run(NAME)
    spec = {"values": {"tag": "2"}}
    world.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj["spec"]["application"]["release"].update(spec))
    world.sync()
    # The process before this one has written the same already, and its answer is not in the caches yet.
    world.api.edit(HELM_RELEASES, RELEASE_NAME, NAME, lambda obj: obj["spec"].update(spec, timeout=7))
    while world.engines_step():
        pass
    world.reconcile_strictly(NAME)
    world.sync()
    decisions.clear()
    world.reconcile_strictly(NAME)
    assert len(decisions) == 1


def test_a_release_that_the_status_has_just_recorded_is_deleted_without_another_change(world):
    world.run(NAME)
    world.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj["status"].pop("release"))
    world.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj["spec"]["application"]["release"].update(releaseName="next"))
    for _ in range(2):
        world.sync()
        world.reconcile_strictly(NAME)
    assert world.api.peek(HELM_RELEASES, RELEASE_NAME, NAME) is None


def test_a_change_of_the_environment_is_decided(world, decisions):
    world.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj["metadata"].setdefault("annotations", {}).update(a="b"))
    world.sync()
    world.reconcile_strictly(NAME)
    assert len(decisions) == 1


@pytest.mark.parametrize("resource", [NAMESPACES, HELM_RELEASES], ids=lambda resource: resource.plural)
def test_other_contents_under_the_same_version_are_decided(world, decisions, resource):
    # A server that was restored from a backup counts on from an earlier version.
    name, namespace = (NAME, "") if resource is NAMESPACES else (RELEASE_NAME, NAME)
    found = world.stores[resource].get(f"{namespace}/{name}".lstrip("/"))
    found["metadata"]["uid"] = "another"
    world.reconcile(NAME)
    assert len(decisions) == 1


def test_an_object_that_is_gone_is_decided(world, decisions):
    world.stores[HELM_RELEASES].leave(f"{NAME}/{RELEASE_NAME}")
    world.reconcile(NAME)
    assert decisions != []


def test_what_is_due_is_decided(world, decisions):
    world.seconds += 0.5
    world.reconcile_strictly(NAME)
    assert status_of(world)["applicationStatus"] == "pending"
    assert decisions != []


def _repeated(world):
    """The kinds whose cached object only shows what the last reconcile left."""
    cached = {
        ENVIRONMENTS: world.stores[ENVIRONMENTS].get(NAME),
        NAMESPACES: world.stores[NAMESPACES].get(NAME),
        HELM_RELEASES: world.stores[HELM_RELEASES].get(f"{NAME}/{RELEASE_NAME}"),
    }
    return {resource for resource, obj in cached.items() if world.memory.echoes.repeats(resource, NAME, obj)}


def test_the_echo_of_each_write_is_recognised_on_its_own(world):
    assert _repeated(world) == {ENVIRONMENTS, NAMESPACES, HELM_RELEASES}


def test_a_change_by_another_program_does_not_count_as_an_echo(world):
    world.api.edit(HELM_RELEASES, RELEASE_NAME, NAME, lambda obj: obj["spec"].update(timeout=1))
    world.sync()
    assert _repeated(world) == {ENVIRONMENTS, NAMESPACES}


def test_an_object_of_another_name_does_not_count_as_an_echo(world):
    other = {**world.stores[HELM_RELEASES].get(f"{NAME}/{RELEASE_NAME}"), "metadata": {"name": "x", "namespace": NAME}}
    assert not world.memory.echoes.repeats(HELM_RELEASES, NAME, other)
    assert not world.memory.echoes.repeats(ENVIRONMENTS, "other", world.stores[ENVIRONMENTS].get(NAME))


@pytest.mark.parametrize("seconds", [0.5, echoes.SECONDS], ids=["due", "old"])
def test_nothing_is_an_echo_once_another_look_is_due(world, seconds):
    world.seconds += seconds
    assert _repeated(world) == set()


def test_a_resync_is_decided(world, decisions):
    world.run(NAME)
    decisions.clear()
    world.seconds += echoes.SECONDS
    world.reconcile_strictly(NAME)
    assert len(decisions) == 1


def test_a_new_process_decides_everything(world, decisions):
    world.run(NAME)
    world.restart()
    decisions.clear()
    world.reconcile_strictly(NAME)
    assert len(decisions) == 1


def test_no_object_is_kept_until_the_next_reconcile(world):
    # Under load, minutes can pass until then. The answers to writes would take more memory than the caches.
    held = gc.get_referents(*world.memory.echoes._rests.values())
    kept = [part for view in held for part in gc.get_referents(view) if isinstance(part, dict)]
    assert not any("metadata" in part for part in kept)


def test_an_environment_at_rest_takes_no_memory(world):
    world.api.put(ENVIRONMENTS, environment(name="other", finalizers=(), uid=""))
    world.sync()
    world.seconds += echoes.SECONDS
    world.reconcile("other")
    assert list(world.memory.echoes._rests) == ["other"]


@pytest.mark.parametrize(
    "effect",
    [
        Read(namespace_target()),
        Create(Target(SERVICE_ACCOUNTS, "default", NAME), {}),
        Apply(Target(HELM_RELEASES, RELEASE_NAME, NAME), {}),
        Delete(namespace_target(), "uid", "1"),
    ],
    ids=lambda effect: type(effect).__name__,
)
def test_a_plan_that_needs_more_than_the_caches_is_not_recognised(effect):
    nothing, plan = (Plan((Step(phase("namespace"), Continue(effects=effects)),)) for effects in ((), (effect,)))
    assert echoes.is_recognisable(nothing, observation(), {})
    assert not echoes.is_recognisable(plan, observation(), {})


def test_a_plan_that_asked_what_the_api_server_serves_is_recognised():
    asking = Plan((Step(phase("release"), Continue(effects=(Read(GroupVersion("helm.fluxcd.io/v1")),))),))
    assert echoes.is_recognisable(asking, observation(), {})
