"""Others undo what we write, again and again: how often we write, what we say, and what still works meanwhile."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from controller.api import flux
from controller.api.environment import ENVIRONMENTS
from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery.nesting import Unreadable
from controller.apimachinery.resources import CONFIG_MAPS, NAMESPACES
from tests.unit.environment.simulation.fights import (
    FLUX,
    SHARED,
    SOMEBODY,
    condition,
    deployed,
    edit,
    fight,
    live,
    per_minute,
    set_label,
    status,
)
from tests.unit.environment.support.builders import NAME, RELEASE_NAME, operator_options


def test_the_first_drift_is_corrected_at_once_and_not_contested():
    world = deployed()
    set_label(world)()
    world.run(NAME)
    assert live(world, NAMESPACES, NAME, "")["metadata"]["labels"]["team"] == "gabbar"
    assert condition(world, "Contested") == {}
    assert world.seconds < 3700


def test_a_label_that_is_always_reverted_costs_six_writes_then_one_a_minute():
    world = deployed()
    assert per_minute(world, set_label(world), NAMESPACES, minutes=4) == [6, 1, 1, 1]


OTHERS = {
    "the release's values": (
        operator_options(),
        HELM_RELEASES,
        RELEASE_NAME,
        lambda o: o["spec"].update(values={"image": {"tag": "theirs"}}),
    ),
    "the release's labels": (operator_options(), HELM_RELEASES, RELEASE_NAME, lambda o: o["metadata"].pop("labels", 0)),
    "the source": (FLUX, flux.GIT_REPOSITORIES, RELEASE_NAME, lambda o: o["spec"].update(url="https://x.example/y")),
    "the finalizer": (operator_options(), ENVIRONMENTS, NAME, lambda o: o["metadata"].pop("finalizers", 0)),
}


@pytest.mark.parametrize("case", OTHERS)
def test_a_reverted_object_costs_at_most_twelve_writes_then_two_a_minute(case):
    options, resource, name, change = OTHERS[case]
    world = deployed(options)
    if case == "the finalizer":
        # Without it the environment is not held; the checks of this world rest on that.
        world.api.on_write.clear()
    first, *later = per_minute(world, edit(world, resource, name, change), resource, minutes=4)
    assert 2 <= first <= 12
    assert max(later) <= 2
    assert "Contested" in [c["type"] for c in status(world)["conditions"]]


def test_a_reverted_shared_object_is_paced_and_reported():
    world = deployed(share=SHARED)
    undo = edit(world, CONFIG_MAPS, "shared", lambda obj: obj["data"].update(key="theirs"))
    first, *later = per_minute(world, undo, CONFIG_MAPS, minutes=3)
    assert first <= 12
    assert max(later) <= 2
    assert 'data.key should be "ours" and is "theirs"' in condition(world, "Contested")["message"]
    assert status(world)["applicationStatus"] == "deployed"


def test_a_release_that_is_always_deleted_is_created_at_most_six_times_a_minute():
    world = deployed()
    undo = lambda: world.api.remove(HELM_RELEASES, RELEASE_NAME, NAME)  # noqa: E731
    first, *later = per_minute(world, undo, HELM_RELEASES, minutes=3)
    assert first <= 12
    assert max(later) <= 2
    assert condition(world, "Contested")["reason"] == "ObjectDeleted"


def test_a_namespace_always_deleted_is_created_at_most_six_times_a_minute():
    world = deployed()

    def undo() -> None:
        world.api.remove(NAMESPACES, NAME)
        world.api.finish_namespaces()

    first, *later = per_minute(world, undo, NAMESPACES, minutes=3)
    assert first <= 12
    assert max(later) <= 2
    assert condition(world, "Ready")["reason"] == "Contested"
    assert condition(world, "Contested")["reason"] == "ObjectDeleted"


def test_a_contested_status_is_paced_and_announced_by_one_event():
    world = deployed()

    def undo() -> None:
        world.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj.update(status={"applicationStatus": "failed"}))

    def written() -> int:
        return sum(write.subresource == "status" for write in fight(world, undo, seconds=60))

    first, *later = [written() for _ in range(3)]
    assert 2 <= first <= 12
    assert max(later) <= 2
    assert world.recorded.events.count("FieldReverted") == 1
    assert (
        "EnvironmentProvisioner shop-74: status." in world.recorded.notes[world.recorded.events.index("FieldReverted")]
    )


# Who and what


def test_the_status_and_one_event_name_field_values_and_writer():
    world = deployed()
    fight(world, set_label(world), seconds=200)
    contested = condition(world, "Contested")
    assert (contested["status"], contested["reason"]) == ("True", "FieldReverted")
    want = 'Namespace shop-74: metadata.labels.team should be "gabbar" and is "theirs": set by field manager'
    assert want in contested["message"]
    assert repr(SOMEBODY) in contested["message"]
    assert world.recorded.events.count("FieldReverted") == 1


def test_a_contest_causes_one_write_of_the_status():
    world = deployed()
    values = itertools.count()

    def undo() -> None:
        def change(obj: dict[str, Any]) -> None:
            obj["metadata"]["labels"]["team"] = f"theirs-{next(values)}"

        if live(world, NAMESPACES, NAME, "")["metadata"]["labels"].get("team") == "gabbar":
            world.api.edit(NAMESPACES, NAME, "", change)

    writes = fight(world, undo, seconds=600)
    assert sum(write.subresource == "status" for write in writes) == 1


def test_a_contested_label_does_not_delay_the_release():
    world = deployed()
    undo = set_label(world)
    fight(world, undo, seconds=100)
    world.api.edit(
        ENVIRONMENTS,
        NAME,
        "",
        lambda obj: obj["spec"]["application"]["release"].update(values={"image": {"tag": "two"}}),
    )
    fight(world, undo, seconds=1)
    assert live(world, HELM_RELEASES, RELEASE_NAME)["spec"]["values"] == {"image": {"tag": "two"}}
    assert condition(world, "Ready")["status"] == "True"
    assert condition(world, "Contested")["status"] == "True"


def test_a_contest_never_delays_a_new_spec():
    world = deployed()
    undo = set_label(world)
    fight(world, undo, seconds=300)
    world.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj["spec"].update(namespaceLabels={"team": "new"}))
    mark = len(world.api.writes)
    world.sync()
    world.reconcile(NAME)
    written = [write for write in world.api.writes[mark:] if write.resource == NAMESPACES]
    assert [write.after["metadata"]["labels"]["team"] for write in written] == ["new"]


def test_a_contest_is_forgotten_after_a_quiet_time():
    world = deployed()
    fight(world, set_label(world), seconds=100)
    assert condition(world, "Contested")
    world.run(NAME)
    assert condition(world, "Contested") == {}
    assert live(world, NAMESPACES, NAME, "")["metadata"]["labels"]["team"] == "gabbar"
    assert condition(world, "Ready")["status"] == "True"


@pytest.mark.parametrize(
    "theirs", [Unreadable("Infinity, which is not a number"), Unreadable("nested 900 levels deep", 900)]
)
def test_an_unreadable_value_is_contested_like_any_other(theirs):
    world = deployed()
    undo = edit(world, HELM_RELEASES, RELEASE_NAME, lambda obj: obj["spec"].update(values={"image": {"tag": theirs}}))
    fight(world, undo, seconds=20)
    assert f'spec.values.image.tag should be "one" and is {theirs}' in condition(world, "Contested")["message"]
