"""What a fight with the controller needs: somebody who undoes its writes, a server that changes them, and time."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from controller.api.environment import ENVIRONMENTS
from controller.api.tronador_config import TRONADOR_CONFIGS
from controller.apimachinery import conditions
from controller.apimachinery.resources import CONFIG_MAPS, NAMESPACES, Resource
from controller.environment.options import EnvironmentOptions
from controller.pipeline.waiting.judge import Goal, judge
from tests.unit.environment.simulation.fake_api import Write
from tests.unit.environment.simulation.world import World
from tests.unit.environment.support.builders import NAME, environment, operator_options

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
