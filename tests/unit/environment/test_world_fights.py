"""Others undo what we write, again and again: how often we write, what we say, and what still works meanwhile."""

from __future__ import annotations

import copy
import itertools
from collections.abc import Callable
from typing import Any

import pytest

from controller.api import flux
from controller.api.environment import ENVIRONMENTS, FINALIZER
from controller.api.helm_operator import HELM_RELEASES
from controller.api.rbac import ROLE_BINDINGS
from controller.api.tronador_config import TRONADOR_CONFIGS
from controller.apimachinery import conditions
from controller.apimachinery.resources import CONFIG_MAPS, NAMESPACES, SERVICE_ACCOUNTS, Resource
from controller.environment.options import EnvironmentOptions
from controller.pipeline.waiting.judge import Goal, judge
from tests.unit.environment.builders import NAME, RELEASE_NAME, environment, operator_options
from tests.unit.environment.fake_api import Write
from tests.unit.environment.world import World

SOMEBODY = "kubectl-label"
RELEASE = {"values": {"image": {"tag": "one"}}}
FLUX = EnvironmentOptions(release_engine="flux", service_account="tronador-controller")
SHARED = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "shared"}, "data": {"key": "ours"}}


def deployed(options: EnvironmentOptions | None = None, *, share: dict[str, Any] | None = None) -> World:
    """A world in which the environment is deployed."""
    world = World(options or operator_options())
    if share is not None:
        metadata = {"name": "tronador-config", "namespace": world.options.own_namespace}
        world.api.serves.add(CONFIG_MAPS)
        world.api.put(TRONADOR_CONFIGS, {"metadata": metadata, "resources": {"manifests": [share]}})
    world.api.put(ENVIRONMENTS, environment(finalizers=(), uid="", release=RELEASE))
    world.run(NAME)
    assert status(world)["applicationStatus"] == "deployed", status(world)
    world.seconds += 3600
    world.api.writes.clear()
    return world


def status(world: World) -> dict[str, Any]:
    return world.api.peek(ENVIRONMENTS, NAME)["status"]


def condition(world: World, type_: str) -> dict[str, Any]:
    return dict(conditions.find(status(world)["conditions"], type_) or {})


def live(world: World, resource: Resource, name: str, namespace: str = NAME) -> dict[str, Any]:
    return copy.deepcopy(world.api.peek(resource, name, namespace))


def waited(world: World) -> str:
    """What `tronador wait` makes of it."""
    return str(judge(Goal.DEPLOYED, live(world, ENVIRONMENTS, NAME, "")).state)


def fight(world: World, undo: Callable[[], None], *, seconds: float) -> list[Write]:
    """Somebody undoes at once whatever we write; the writes that we made meanwhile."""
    mark, end = len(world.api.writes), world.seconds + seconds
    undo()
    due: float | None = world.seconds
    while due is not None and due < end:
        world.seconds = max(world.seconds, due)
        world.sync()
        version = world.api.version
        result = world.reconcile(NAME)
        undo()
        world.engines_step()
        moved = world.api.version != version or result.requeue
        due = world.seconds + (0.01 if moved else result.requeue_after or seconds)
    world.seconds = end
    return world.api.writes[mark:]


def per_minute(world: World, undo: Callable[[], None], resource: Resource, *, minutes: int) -> list[int]:
    """Writes to a resource in each minute of a fight."""
    return [
        sum(write.resource == resource and not write.subresource for write in fight(world, undo, seconds=60))
        for _ in range(minutes)
    ]


def set_label(world: World) -> Callable[[], None]:
    """Somebody who sets a label of ours to another value whenever it has ours."""

    def undo() -> None:
        def change(obj: dict[str, Any]) -> None:
            obj["metadata"]["labels"]["team"] = "theirs"
            obj["metadata"]["managedFields"] = managed(SOMEBODY, "metadata", "labels", "team")

        if live(world, NAMESPACES, NAME, "")["metadata"]["labels"].get("team") != "theirs":
            world.api.edit(NAMESPACES, NAME, "", change)

    return undo


def managed(manager: str, *path: str) -> list[dict[str, Any]]:
    """managedFields in which a manager owns one field."""
    fields: dict[str, Any] = {}
    for step in reversed(path):
        fields = {f"f:{step}": fields}
    return [{"manager": manager, "time": "2026-01-01T00:00:00Z", "fieldsV1": fields}]


def edit(world: World, resource: Resource, name: str, change: Callable[[dict[str, Any]], None]) -> Callable[[], None]:
    """Somebody who makes the same change over and over."""

    def undo() -> None:
        if world.api.peek(resource, name, "" if resource in (NAMESPACES, ENVIRONMENTS) else NAME):
            world.api.edit(resource, name, "" if resource in (NAMESPACES, ENVIRONMENTS) else NAME, change)

    return undo


# How often


def test_the_first_drift_is_corrected_at_once_and_not_contested():
    world = deployed()
    set_label(world)()
    world.run(NAME)
    assert live(world, NAMESPACES, NAME, "")["metadata"]["labels"]["team"] == "gabbar"
    assert condition(world, "Contested") == {}
    assert world.seconds < 3700


def test_a_label_that_is_set_back_at_once_costs_six_writes_then_one_a_minute():
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
def test_whatever_is_undone_at_once_costs_twelve_writes_then_two_a_minute_at_most(case):
    options, resource, name, change = OTHERS[case]
    world = deployed(options)
    if case == "the finalizer":
        # Without it the environment is not held; the checks of this world rest on that.
        world.api.on_write.clear()
    first, *later = per_minute(world, edit(world, resource, name, change), resource, minutes=4)
    assert 2 <= first <= 12
    assert max(later) <= 2
    assert "Contested" in [c["type"] for c in status(world)["conditions"]]


def test_a_shared_object_that_is_changed_back_is_paced_and_reported():
    world = deployed(share=SHARED)
    undo = edit(world, CONFIG_MAPS, "shared", lambda obj: obj["data"].update(key="theirs"))
    first, *later = per_minute(world, undo, CONFIG_MAPS, minutes=3)
    assert first <= 12
    assert max(later) <= 2
    assert 'data.key should be "ours" and is "theirs"' in condition(world, "Contested")["message"]
    assert status(world)["applicationStatus"] == "deployed"


def test_a_release_that_is_deleted_at_once_is_made_six_times_a_minute_at_most():
    world = deployed()
    undo = lambda: world.api.remove(HELM_RELEASES, RELEASE_NAME, NAME)  # noqa: E731
    first, *later = per_minute(world, undo, HELM_RELEASES, minutes=3)
    assert first <= 12
    assert max(later) <= 2
    assert condition(world, "Contested")["reason"] == "ObjectDeleted"


def test_a_namespace_that_is_deleted_at_once_is_made_six_times_a_minute_at_most():
    world = deployed()

    def undo() -> None:
        world.api.remove(NAMESPACES, NAME)
        world.api.finish_namespaces()

    first, *later = per_minute(world, undo, NAMESPACES, minutes=3)
    assert first <= 12
    assert max(later) <= 2
    assert condition(world, "Ready")["reason"] == "Contested"
    assert condition(world, "Contested")["reason"] == "ObjectDeleted"


def test_a_status_that_is_rewritten_at_once_is_paced_and_announced_by_one_event():
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


def test_the_status_names_field_values_and_writer_and_one_event_does():
    world = deployed()
    fight(world, set_label(world), seconds=200)
    contested = condition(world, "Contested")
    assert (contested["status"], contested["reason"]) == ("True", "FieldReverted")
    want = 'Namespace shop-74: metadata.labels.team should be "gabbar" and is "theirs": set by field manager'
    assert want in contested["message"]
    assert repr(SOMEBODY) in contested["message"]
    assert world.recorded.events.count("FieldReverted") == 1


def test_a_fight_costs_one_write_of_the_status():
    world = deployed()
    values = itertools.count()

    def undo() -> None:
        def change(obj: dict[str, Any]) -> None:
            obj["metadata"]["labels"]["team"] = f"theirs-{next(values)}"

        if live(world, NAMESPACES, NAME, "")["metadata"]["labels"].get("team") == "gabbar":
            world.api.edit(NAMESPACES, NAME, "", change)

    writes = fight(world, undo, seconds=600)
    assert sum(write.subresource == "status" for write in writes) == 1


def test_a_contested_label_does_not_hold_the_release():
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


def test_another_wish_is_never_delayed_by_a_fight():
    world = deployed()
    undo = set_label(world)
    fight(world, undo, seconds=300)
    world.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj["spec"].update(namespaceLabels={"team": "new"}))
    mark = len(world.api.writes)
    world.sync()
    world.reconcile(NAME)
    written = [write for write in world.api.writes[mark:] if write.resource == NAMESPACES]
    assert [write.after["metadata"]["labels"]["team"] for write in written] == ["new"]


def test_a_fight_that_ends_is_forgotten_after_quiet():
    world = deployed()
    fight(world, set_label(world), seconds=100)
    assert condition(world, "Contested")
    world.run(NAME)
    assert condition(world, "Contested") == {}
    assert live(world, NAMESPACES, NAME, "")["metadata"]["labels"]["team"] == "gabbar"
    assert condition(world, "Ready")["status"] == "True"


# What the server does not take


def drop(world: World, resource: Resource, *path: str) -> None:
    """The CRD no longer knows a field."""

    def admission(of: Resource, obj: dict[str, Any]) -> dict[str, Any]:
        if of != resource:
            return obj
        obj = copy.deepcopy(obj)
        inner: Any = obj
        for step in path[:-1]:
            inner = inner.get(step) or {}
        inner.pop(path[-1], None)
        return obj

    world.api.admission = admission


def overwrite(world: World, resource: Resource, change: Callable[[dict[str, Any]], None]) -> None:
    """An admission webhook changes each object of a kind."""

    def admission(of: Resource, obj: dict[str, Any]) -> dict[str, Any]:
        if of == resource:
            obj = copy.deepcopy(obj)
            change(obj)
        return obj

    world.api.admission = admission


def create(world: World) -> None:
    world.api.put(ENVIRONMENTS, environment(finalizers=(), uid="", release=RELEASE))


def settle(world: World, seconds: float) -> list[Write]:
    return fight(world, lambda: None, seconds=seconds)


def test_a_field_that_the_crd_drops_is_said_and_the_environment_is_deployed():
    world = World(FLUX)
    drop(world, flux.HELM_RELEASES, "spec", "upgrade", "remediation", "retries")
    create(world)
    settle(world, 60)
    assert condition(world, "Ready")["status"] == "True"
    contested = condition(world, "Contested")
    assert contested["reason"] == "FieldDropped"
    assert "spec.upgrade.remediation.retries should be -1 and is absent" in contested["message"]
    assert world.recorded.events.count("FieldDropped") == 1
    assert "ReleaseUpdated" not in world.recorded.events
    assert waited(world) == "reached"
    later = [write for write in settle(world, 60) if write.resource == flux.HELM_RELEASES]
    assert len(later) <= 2


def test_a_field_that_is_taken_at_last_is_no_longer_contested():
    world = World(FLUX)
    drop(world, flux.HELM_RELEASES, "spec", "upgrade", "remediation", "retries")
    create(world)
    settle(world, 60)
    world.api.admission = lambda _, obj: obj
    settle(world, 90)
    assert condition(world, "Contested") == {}
    assert condition(world, "Ready")["status"] == "True"


def test_a_webhook_that_changes_how_a_release_is_run_leaves_it_ready():
    world = World(operator_options())
    overwrite(world, HELM_RELEASES, lambda obj: obj["spec"].update(timeout=5))
    create(world)
    settle(world, 60)
    assert condition(world, "Ready")["status"] == "True"
    assert "spec.timeout should be absent and is 5" in condition(world, "Contested")["message"]


def test_where_a_webhook_changes_what_runs_the_environment_has_failed():
    world = World(operator_options())
    overwrite(world, HELM_RELEASES, lambda obj: obj["spec"].update(values={"image": {"tag": "theirs"}}))
    create(world)
    settle(world, 60)
    ready = condition(world, "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "FieldOverwritten")
    assert 'spec.values.image.tag should be "one" and is "theirs"' in ready["message"]
    assert status(world)["applicationStatus"] == "failed"
    assert "Deployed" not in world.recorded.events
    assert waited(world) == "failed"
    assert "ReleaseUpdated" not in world.recorded.events


def test_where_somebody_keeps_setting_the_tag_back_the_environment_has_failed():
    world = deployed()
    undo = edit(world, HELM_RELEASES, RELEASE_NAME, lambda obj: obj["spec"].update(values={"image": {"tag": "theirs"}}))
    fight(world, undo, seconds=45)
    ready = condition(world, "Ready")
    assert (ready["status"], ready["reason"]) == ("False", "FieldReverted")
    world.run(NAME)
    assert condition(world, "Ready")["status"] == "True"
    assert live(world, HELM_RELEASES, RELEASE_NAME)["spec"]["values"] == {"image": {"tag": "one"}}


def test_a_new_tag_beside_a_field_that_never_takes_is_an_update():
    world = World(FLUX)
    drop(world, flux.HELM_RELEASES, "spec", "upgrade", "remediation", "retries")
    create(world)
    settle(world, 60)
    world.api.edit(
        ENVIRONMENTS,
        NAME,
        "",
        lambda obj: obj["spec"]["application"]["release"].update(values={"image": {"tag": "two"}}),
    )
    settle(world, 60)
    assert world.recorded.events.count("ReleaseUpdated") == 1
    assert world.recorded.events.count("FieldDropped") == 1
    assert condition(world, "Ready")["status"] == "True"


def test_a_status_field_that_our_crd_drops_is_written_at_growing_intervals():
    world = World(operator_options())
    drop(world, ENVIRONMENTS, "status", "namespaceLabels")
    create(world)
    settle(world, 60)
    assert world.recorded.events.count("FieldDropped") == 1
    assert sum(write.subresource == "status" for write in settle(world, 60)) <= 2


# Whose rights a release has


def tampered(world: World) -> Callable[[], None]:
    return edit(
        world, ROLE_BINDINGS, "tronador-release", lambda o: o.update(subjects=[{"kind": "User", "name": "evil"}])
    )


def test_a_release_waits_until_its_binding_is_right_again():
    world = deployed(FLUX)
    undo = tampered(world)
    world.api.edit(
        ENVIRONMENTS,
        NAME,
        "",
        lambda obj: obj["spec"]["application"]["release"].update(values={"image": {"tag": "two"}}),
    )
    wrong = []

    def check(write: Write) -> None:
        if write.resource == flux.HELM_RELEASES:
            subjects = live(world, ROLE_BINDINGS, "tronador-release")["subjects"]
            wrong.extend(s for s in subjects if s["name"] == "evil")

    world.api.on_write.append(check)
    writes = fight(world, undo, seconds=120)
    assert wrong == []
    assert sum(write.resource == ROLE_BINDINGS for write in writes) <= 14


def test_a_binding_that_a_webhook_changes_keeps_the_release_from_being_made():
    world = World(FLUX)

    def change(obj: dict[str, Any]) -> None:
        if obj["metadata"]["name"] == "tronador-release":
            obj["subjects"] = [*obj["subjects"][:1], {"kind": "User", "name": "evil"}][1:]

    overwrite(world, ROLE_BINDINGS, change)
    create(world)
    settle(world, 120)
    assert world.api.all(flux.HELM_RELEASES) == []
    assert condition(world, "Ready")["reason"] == "Contested"
    assert "RoleBinding tronador-release: subjects" in condition(world, "Contested")["message"]


def test_an_account_that_is_deleted_at_once_is_made_twelve_times_a_minute_at_most():
    world = World(FLUX)
    create(world)

    def undo() -> None:
        world.api.remove(SERVICE_ACCOUNTS, "tronador-release", NAME)

    writes = fight(world, undo, seconds=60)
    assert sum(write.resource == SERVICE_ACCOUNTS for write in writes) <= 12


def test_a_release_whose_account_is_dropped_is_suspended_until_it_is_taken():
    world = World(FLUX)
    drop(world, flux.HELM_RELEASES, "spec", "serviceAccountName")
    create(world)
    settle(world, 30)
    spec = live(world, flux.HELM_RELEASES, RELEASE_NAME)["spec"]
    assert spec["suspend"] is True
    assert condition(world, "Stalled")["reason"] == "AccountNotTaken"
    assert "spec.serviceAccountName" in condition(world, "Contested")["message"]
    world.api.admission = lambda _, obj: obj
    settle(world, 120)
    spec = live(world, flux.HELM_RELEASES, RELEASE_NAME)["spec"]
    assert (spec.get("suspend"), spec["serviceAccountName"]) == (None, "tronador-release")
    assert condition(world, "Ready")["status"] == "True"


def test_another_account_is_put_right_with_one_patch():
    world = deployed(FLUX)
    edit(world, flux.HELM_RELEASES, RELEASE_NAME, lambda obj: obj["spec"].update(serviceAccountName="default"))()
    writes = [write for write in settle(world, 5) if write.resource == flux.HELM_RELEASES]
    assert [write.after["spec"]["serviceAccountName"] for write in writes] == ["tronador-release"]


def test_a_finalizer_that_is_taken_off_again_and_again_holds_back_all_writes():
    world = deployed()
    undo = edit(world, ENVIRONMENTS, NAME, lambda obj: obj["metadata"].pop("finalizers", 0))
    held = []
    world.api.on_write[:] = [
        lambda write: (
            held.append(FINALIZER in (live(world, ENVIRONMENTS, NAME, "")["metadata"].get("finalizers") or ()))
            if write.resource == NAMESPACES
            else None
        )
    ]
    fight(world, undo, seconds=30)
    set_label(world)()
    fight(world, undo, seconds=200)
    assert held
    assert all(held)
