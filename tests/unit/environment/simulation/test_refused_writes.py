"""The API server refuses a write while others keep changing the object: the same write is not sent at their pace."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from controller.api.environment import ENVIRONMENTS
from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery.errors import ApiError, status_error
from controller.apimachinery.resources import NAMESPACES, Resource
from tests.unit.environment.simulation.fights import condition, deployed, edit, live, settle, status
from tests.unit.environment.simulation.world import World
from tests.unit.environment.support.builders import NAME, RELEASE_NAME

SILENT = 'failed calling webhook "policy.example.com": failed to call webhook: connection refused'
ANSWERS = {
    "Forbidden": (403, "Forbidden", "cannot patch"),
    "Rejected": (422, "Invalid", 'admission webhook "policy.example.com" denied the request: no'),
    "WebhookSilent": (500, "InternalError", SILENT),
}


class Refusing:
    """Refuses each patch of one resource, and counts them."""

    def __init__(self, world: World, resource: Resource, reason: str) -> None:
        self.asked = 0
        self._resource = resource
        self._error: ApiError = _error(*ANSWERS[reason])
        world.api.refuse = self._answer

    def _answer(self, verb: str, resource: Resource, namespace: str, name: str) -> ApiError | None:
        if verb != "patch" or resource != self._resource:
            return None
        self.asked += 1
        return self._error

    def in_a_minute(self, world: World, undo: Callable[[], None]) -> int:
        before = self.asked
        for _ in range(240):
            undo()
            world.sync()
            world.reconcile(NAME)
            world.seconds += 0.25
        return self.asked - before


def _error(code: int, reason: str, message: str) -> ApiError:
    return status_error(code, {"kind": "Status", "reason": reason, "message": message, "code": code})


def noise(world: World, resource: Resource, name: str) -> Callable[[], None]:
    """Somebody who changes an object without end."""
    numbers = itertools.count()

    def change(obj: dict[str, Any]) -> None:
        obj["metadata"]["annotations"] = {**obj["metadata"].get("annotations", {}), "noise": str(next(numbers))}

    return edit(world, resource, name, change)


def ask_for(world: World, tag: str) -> None:
    release = {"values": {"image": {"tag": tag}}}
    world.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj["spec"]["application"]["release"].update(release))


@pytest.mark.parametrize("reason", ANSWERS)
def test_changes_by_others_do_not_repeat_a_refused_write(reason):
    world = deployed()
    refusing = Refusing(world, HELM_RELEASES, reason)
    ask_for(world, "two")
    undo = noise(world, HELM_RELEASES, RELEASE_NAME)
    assert 2 <= refusing.in_a_minute(world, undo) <= 12
    assert refusing.in_a_minute(world, undo) <= 7
    assert condition(world, "Ready")["reason"] == reason


def test_changes_by_others_do_not_repeat_a_refused_label():
    world = deployed()
    refusing = Refusing(world, NAMESPACES, "Forbidden")
    world.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj["spec"].update(namespaceLabels={"team": "new"}))
    assert 2 <= refusing.in_a_minute(world, noise(world, NAMESPACES, NAME)) <= 12


def test_a_new_spec_is_written_at_once_after_a_refusal():
    world = deployed()
    refusing = Refusing(world, HELM_RELEASES, "Rejected")
    ask_for(world, "two")
    settle(world, 30)
    before = refusing.asked
    ask_for(world, "three")
    world.sync()
    world.reconcile(NAME)
    assert refusing.asked == before + 1


def test_a_write_that_is_finally_allowed_is_made_within_the_recheck_interval():
    world = deployed()
    Refusing(world, HELM_RELEASES, "Forbidden")
    ask_for(world, "two")
    settle(world, 300)
    world.api.refuse = lambda *_: None
    settle(world, world.options.recheck_interval + 1)
    assert live(world, HELM_RELEASES, RELEASE_NAME)["spec"]["values"] == {"image": {"tag": "two"}}
    assert status(world)["applicationStatus"] == "deployed"
