"""Somebody changes the rights of a release, or takes our finalizer off: what rests on them is not written before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from controller.api import flux
from controller.api.environment import ENVIRONMENTS, FINALIZER
from controller.api.rbac import ROLE_BINDINGS
from controller.apimachinery.resources import NAMESPACES, SERVICE_ACCOUNTS
from tests.unit.environment.simulation.fake_api import Write
from tests.unit.environment.simulation.fights import (
    FLUX,
    condition,
    create,
    deployed,
    drop,
    edit,
    fight,
    live,
    overwrite,
    set_label,
    settle,
)
from tests.unit.environment.simulation.world import World
from tests.unit.environment.support.builders import NAME, RELEASE_NAME


def tampered(world: World) -> Callable[[], None]:
    return edit(
        world, ROLE_BINDINGS, "tronador-release", lambda o: o.update(subjects=[{"kind": "User", "name": "evil"}])
    )


def test_a_release_waits_until_its_binding_is_correct_again():
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


def test_a_binding_changed_by_a_webhook_prevents_the_release():
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


def test_an_account_always_deleted_is_created_at_most_twelve_times_a_minute():
    world = World(FLUX)
    create(world)

    def undo() -> None:
        world.api.remove(SERVICE_ACCOUNTS, "tronador-release", NAME)

    writes = fight(world, undo, seconds=60)
    assert sum(write.resource == SERVICE_ACCOUNTS for write in writes) <= 12


def test_a_release_whose_account_is_dropped_is_suspended_until_it_is_accepted():
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


def test_a_wrong_account_is_corrected_with_one_patch():
    world = deployed(FLUX)
    edit(world, flux.HELM_RELEASES, RELEASE_NAME, lambda obj: obj["spec"].update(serviceAccountName="default"))()
    writes = [write for write in settle(world, 5) if write.resource == flux.HELM_RELEASES]
    assert [write.after["spec"]["serviceAccountName"] for write in writes] == ["tronador-release"]


def test_a_repeatedly_removed_finalizer_delays_all_writes():
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
