"""A world with one environment, and questions about its status."""

from controller.api.environment import ENVIRONMENTS
from controller.apimachinery.errors import status_error
from tests.unit.environment.simulation.world import World
from tests.unit.environment.support.builders import (
    NAME,
    environment,
)


def new_world(options=None, **changes):
    world = World(options)
    world.api.put(ENVIRONMENTS, environment(**{"finalizers": (), "uid": "", **changes}))
    world.sync()
    return world


def refuse(world, verb, resource, error):
    world.api.refuse = lambda v, r, *_: error if (v, r) == (verb, resource) else None


def api_error(code, reason, message="words", **details):
    return status_error(code, {"kind": "Status", "reason": reason, "message": message, "details": details})


def status_of(world):
    return world.api.peek(ENVIRONMENTS, NAME).get("status") or {}


def stalled_reasons(world):
    return [c["reason"] for c in status_of(world).get("conditions") or () if c["type"] == "Stalled"]
