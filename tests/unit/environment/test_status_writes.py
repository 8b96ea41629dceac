"""When a reconcile writes the status."""

import pytest

from controller.api.environment import ENVIRONMENTS, FINALIZER
from controller.api.helm_operator import HELM_RELEASES
from controller.runtime.reconcile import Result
from tests.unit.environment.support.builders import (
    NAME,
    RELEASE_NAME,
    operator_options,
)
from tests.unit.environment.support.reconciling import new_world, stalled_reasons, status_of


def test_a_temporary_state_is_written_only_if_it_lasts():
    world = new_world(operator_options(status_settle=0.3))

    result = world.reconcile(NAME)
    assert result.requeue_after == pytest.approx(0.3)
    assert status_of(world) == {}

    world.sync()
    world.seconds += 0.2
    assert world.reconcile(NAME).requeue_after == pytest.approx(0.1)
    assert status_of(world) == {}
    world.seconds += 0.11
    world.reconcile(NAME)
    assert status_of(world)["applicationStatus"] == "pending"


def test_a_release_that_is_renamed_before_it_is_recorded_is_recorded_at_once():
    world = new_world(operator_options(status_settle=0.3))
    world.reconcile(NAME)
    world.sync()
    world.api.edit(
        ENVIRONMENTS, NAME, "", lambda obj: obj["spec"]["application"]["release"].update(releaseName="renamed")
    )
    world.sync()
    assert status_of(world) == {}

    world.reconcile(NAME)

    assert status_of(world)["release"] == {"engine": "helm-operator", "name": RELEASE_NAME}
    assert [release["metadata"]["name"] for release in world.api.all(HELM_RELEASES)] == [RELEASE_NAME]


def test_every_state_is_written_at_once_without_a_settle_time():
    world = new_world(operator_options(status_settle=0))

    world.reconcile(NAME)

    assert status_of(world)["currentPhase"] == "Deploying Release"


def test_a_lasting_state_is_written_at_once():
    world = new_world(chart={"git": "file:///etc"})

    assert world.reconcile(NAME) == Result()
    assert stalled_reasons(world) == ["InvalidSpec"]


def test_a_correct_status_is_not_written_again():
    world = new_world(chart={"git": "file:///etc"})
    world.reconcile(NAME)
    world.sync()
    world.api.writes.clear()
    world.seconds += 100

    assert world.reconcile(NAME) == Result()
    assert world.api.writes == []


def test_nothing_is_written_after_the_finalizer_is_removed():
    world = new_world(deleting=True, finalizers=[FINALIZER, "others"])

    world.reconcile(NAME)

    assert [write.subresource for write in world.api.writes] == [""]
    assert world.api.peek(ENVIRONMENTS, NAME)["metadata"]["finalizers"] == ["others"]
    assert status_of(world) == {}
