"""A world with a TronadorConfig: how it is written there, and what an environment holds of it."""

from __future__ import annotations

import base64
from typing import Any

from controller.api.environment import APPLIED_RESOURCES_ANNOTATION, ENVIRONMENTS
from controller.api.tronador_config import CONFIG_NAME, DEFINITION, TRONADOR_CONFIGS
from controller.apimachinery import conditions, objects
from controller.apimachinery.resources import (
    CONFIG_MAPS,
    CUSTOM_RESOURCE_DEFINITIONS,
    NAMESPACES,
    SECRETS,
    SERVICE_ACCOUNTS,
    Resource,
)
from controller.environment.options import EnvironmentOptions
from tests.unit.environment.simulation.world import World
from tests.unit.environment.support.builders import GIT, NAME, environment

OWN = EnvironmentOptions().own_namespace
CLUSTER_ROLES = Resource("rbac.authorization.k8s.io", "v1", "clusterroles", "ClusterRole", namespaced=False)
THINGS = Resource("example.com", "v1", "things", "Thing", namespaced=True)
LOCATION = GIT.removeprefix("https://")


def put_config(world: World, manifests=(), **spec: Any) -> None:
    body = {"metadata": {"name": CONFIG_NAME, "namespace": OWN}}
    world.api.put(TRONADOR_CONFIGS, body | {"resources": {"manifests": list(manifests)}, "spec": spec})


def config_map(name="proxy", **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data or {"url": "one"}}


def secret(name: str, password="hunter2") -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"password": password}}


def own_secret(world: World, name: str, password: str) -> None:
    data = {"password": base64.b64encode(password.encode()).decode()}
    world.api.put(SECRETS, {"metadata": {"name": name, "namespace": OWN}, "type": "Opaque", "data": data})


def install(world: World) -> None:
    """What a TronadorConfig needs to exist."""
    world.api.put(NAMESPACES, {"metadata": {"name": OWN}})
    world.api.put(CUSTOM_RESOURCE_DEFINITIONS, {"metadata": {"name": DEFINITION}})


def deployed_world(options: EnvironmentOptions | None = None, *, deployed=True, **env: Any) -> World:
    world = World(options)
    install(world)
    world.api.serves |= {SECRETS, CONFIG_MAPS, SERVICE_ACCOUNTS, CLUSTER_ROLES}
    world.api.put(ENVIRONMENTS, environment(finalizers=(), **env))
    if deployed:
        world.run(NAME)
    return world


def held(world: World, resource: Resource, name: str) -> dict[str, Any]:
    return world.api.peek(resource, name, NAME) or {}


def password(world: World, name: str) -> str:
    return base64.b64decode(held(world, SECRETS, name)["data"]["password"]).decode()


def condition(world: World, type_="ResourcesReady") -> tuple[str, str]:
    status = world.api.peek(ENVIRONMENTS, NAME)["status"]
    found = conditions.find(status["conditions"], type_) or {}
    return found.get("status", ""), found.get("reason", "")


def memory(world: World) -> str | None:
    return objects.annotations(world.api.peek(NAMESPACES, NAME)).get(APPLIED_RESOURCES_ANNOTATION)


def pull_secrets(world: World, account="default") -> list[str]:
    return [entry["name"] for entry in held(world, SERVICE_ACCOUNTS, account).get("imagePullSecrets") or ()]


def look(world: World) -> None:
    """Reconcile until a passing state has lasted long enough to be written."""
    for _ in range(2):
        world.sync()
        world.reconcile(NAME)
        world.seconds += world.options.status_settle


def is_at_rest(world: World) -> bool:
    world.sync()
    before = len(world.api.writes)
    world.reconcile_strictly(NAME)
    return len(world.api.writes) == before


def mapped(**names: str) -> dict[str, Any]:
    return {"mappings": [{"repos": [LOCATION], **names}]}
