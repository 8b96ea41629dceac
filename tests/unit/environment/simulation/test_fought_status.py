"""Somebody rewrites the status while an error lasts: the error is shown, but not at the pace of that somebody."""

from __future__ import annotations

from typing import Any

from controller.api.environment import ENVIRONMENTS
from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery.errors import ApiError, status_error
from controller.apimachinery.resources import Resource
from tests.unit.environment.simulation.fights import deployed
from tests.unit.environment.simulation.world import World
from tests.unit.environment.support.builders import NAME

UNAVAILABLE = status_error(503, {"kind": "Status", "reason": "ServiceUnavailable", "message": "no", "code": 503})


def fail_patches(world: World) -> None:
    def refuse(verb: str, resource: Resource, namespace: str, name: str) -> ApiError | None:
        return UNAVAILABLE if (verb, resource) == ("patch", HELM_RELEASES) else None

    world.api.refuse = refuse
    wanted = {"values": {"image": {"tag": "two"}}}
    world.api.edit(ENVIRONMENTS, NAME, "", lambda obj: obj["spec"]["application"]["release"].update(wanted))


def writes_in_a_minute(world: World) -> int:
    def rewrite(obj: dict[str, Any]) -> None:
        obj["status"] = {"applicationStatus": "failed"}

    mark = len(world.api.writes)
    for _ in range(240):
        world.api.edit(ENVIRONMENTS, NAME, "", rewrite)
        world.sync()
        world.reconcile(NAME)
        world.seconds += 0.25
    return sum(write.subresource == "status" for write in world.api.writes[mark:])


def test_a_lasting_error_is_not_written_each_time_another_rewrites_the_status():
    world = deployed()
    fail_patches(world)
    first, *later = [writes_in_a_minute(world) for _ in range(3)]
    assert 2 <= first <= 12
    assert max(later) <= 2
    assert world.recorded.events.count("FieldReverted") == 1
