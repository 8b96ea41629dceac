"""A TronadorConfig that vanishes with its namespace or its CRD: nothing that running environments use is taken back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from controller.api.environment import ENVIRONMENTS
from controller.api.helm_operator import HELM_RELEASES
from controller.api.tronador_config import CONFIG_NAME, DEFINITION, TRONADOR_CONFIGS
from controller.apimachinery import conditions, objects
from controller.apimachinery.errors import ApiError, status_error
from controller.apimachinery.resources import CUSTOM_RESOURCE_DEFINITIONS, NAMESPACES, SECRETS, Resource
from tests.unit.environment.simulation.shared_world import (
    LOCATION,
    OWN,
    condition,
    deployed_world,
    held,
    is_at_rest,
    look,
    memory,
    own_secret,
    password,
    pull_secrets,
    put_config,
    secret,
)
from tests.unit.environment.simulation.world import World
from tests.unit.environment.support.builders import NAME, RELEASE_NAME

LOST = ("Unknown", "TronadorConfigLost")


def _configure(world: World) -> None:
    own_secret(world, "copied", "one")
    put_config(
        world,
        mappings=[{"repos": [LOCATION], "authSecret": "git", "imagePullSecret": "registry"}],
        secrets=[secret("git"), secret("registry")],
        copySecrets=[{"name": "copied"}],
    )


def _sharing_world() -> World:
    world = deployed_world()
    _configure(world)
    world.run(NAME)
    return world


def _everything(world: World) -> tuple[list[str], list[str], Any]:
    """What an environment uses: its Secrets, the pull secrets of its account, the credential of its release."""
    secrets = sorted(objects.name(obj) for obj in world.api.all(SECRETS, NAME) if "data" in obj)
    chart = world.api.peek(HELM_RELEASES, RELEASE_NAME, NAME)["spec"]["chart"]
    return secrets, pull_secrets(world), chart.get("secretRef")


def _remove(world: World, resource: Resource, name: str, namespace: str = "") -> None:
    world.api.remove(resource, name, namespace)


def _lose_content(world: World) -> None:
    _remove(world, TRONADOR_CONFIGS, CONFIG_NAME, OWN)
    _remove(world, SECRETS, "copied", OWN)


def _terminate(world: World) -> None:
    """The namespace is on its way out, and has lost its content already."""
    _remove(world, NAMESPACES, OWN)
    _lose_content(world)


def _delete_namespace(world: World) -> None:
    _terminate(world)
    world.api.finish_namespaces()


def _delete_and_make_again(world: World) -> None:
    _delete_namespace(world)
    world.api.put(NAMESPACES, {"metadata": {"name": OWN}})


def _terminate_definition(world: World) -> None:
    hold = {"finalizers": ["customresourcecleanup.apiextensions.k8s.io"]}
    world.api.edit(CUSTOM_RESOURCE_DEFINITIONS, DEFINITION, "", lambda obj: obj["metadata"].update(hold))
    _remove(world, CUSTOM_RESOURCE_DEFINITIONS, DEFINITION)
    _remove(world, TRONADOR_CONFIGS, CONFIG_NAME, OWN)


def _delete_definition(world: World) -> None:
    _remove(world, CUSTOM_RESOURCE_DEFINITIONS, DEFINITION)
    _remove(world, TRONADOR_CONFIGS, CONFIG_NAME, OWN)


ACCIDENTS = [_terminate, _delete_namespace, _delete_and_make_again, _terminate_definition, _delete_definition]


@pytest.mark.parametrize("accident", ACCIDENTS)
@pytest.mark.parametrize("restarted", [False, True], ids=["seen", "missed"])
def test_an_accidental_loss_of_the_config_prunes_nothing(accident: Callable[[World], None], restarted: bool) -> None:
    world = _sharing_world()
    before = _everything(world)
    accident(world)
    if restarted:
        world.restart()
    for _ in range(3):
        look(world)
    assert _everything(world) == before
    assert condition(world) == LOST
    assert condition(world, "Ready") == ("True", "Deployed")
    assert is_at_rest(world)


@pytest.mark.parametrize("accident", [_terminate, _terminate_definition])
def test_the_order_in_which_the_caches_notice_the_loss_does_not_matter(accident: Callable[[World], None]) -> None:
    world = _sharing_world()
    before = _everything(world)
    accident(world)
    world.sync(TRONADOR_CONFIGS)
    world.reconcile(NAME)
    world.sync(SECRETS)
    world.reconcile(NAME)
    assert _everything(world) == before


def test_nothing_is_pruned_after_the_namespace_or_the_crd_is_recreated():
    for accident, resource, name in (
        (_delete_namespace, NAMESPACES, OWN),
        (_delete_definition, CUSTOM_RESOURCE_DEFINITIONS, DEFINITION),
    ):
        world = _sharing_world()
        before = _everything(world)
        accident(world)
        look(world)
        world.api.put(resource, {"metadata": {"name": name}})
        look(world)
        world.restart()
        look(world)
        assert _everything(world) == before


@pytest.mark.parametrize("accident", ACCIDENTS)
def test_restoring_the_config_restores_everything(accident: Callable[[World], None]) -> None:
    world = _sharing_world()
    before = _everything(world)
    accident(world)
    look(world)
    world.api.finish_namespaces()
    for resource, name in ((NAMESPACES, OWN), (CUSTOM_RESOURCE_DEFINITIONS, DEFINITION)):
        if world.api.peek(resource, name) is None:
            world.api.put(resource, {"metadata": {"name": name}})
    _configure(world)
    world.run(NAME)
    assert _everything(world) == before
    assert condition(world) == ("True", "Applied")


@pytest.mark.parametrize("accident", ACCIDENTS)
def test_an_empty_config_prunes_everything_after_the_loss(accident: Callable[[World], None]) -> None:
    world = _sharing_world()
    accident(world)
    look(world)
    put_config(world)
    world.run(NAME)
    assert _everything(world) == ([], [], None)
    assert memory(world) is None


def test_deleting_the_config_prunes_everything():
    world = _sharing_world()
    _remove(world, TRONADOR_CONFIGS, CONFIG_NAME, OWN)
    world.run(NAME)
    assert _everything(world) == ([], [], None)
    assert memory(world) is None
    world.sync()
    world.reconcile_strictly(NAME)
    assert world.api.reads == set()


def test_a_missing_original_prunes_no_copy():
    world = _sharing_world()
    _remove(world, SECRETS, "copied", OWN)
    look(world)
    assert password(world, "copied") == "one"
    assert condition(world) == ("Unknown", "SecretMissing")
    assert condition(world, "Ready") == ("True", "Deployed")


def test_a_push_waits_until_the_config_is_restored():
    world = _sharing_world()
    _delete_definition(world)

    def push(obj: dict[str, Any]) -> None:
        obj["spec"]["application"]["release"]["values"] = {"tag": "2"}

    world.api.edit(ENVIRONMENTS, NAME, "", push)
    look(world)
    look(world)
    assert condition(world, "Ready") == LOST
    assert "values" not in world.api.peek(HELM_RELEASES, RELEASE_NAME, NAME)["spec"]
    _configure(world)
    world.run(NAME)
    assert world.api.peek(HELM_RELEASES, RELEASE_NAME, NAME)["spec"]["values"] == {"tag": "2"}


def test_an_unreadable_config_does_not_count_as_deleted():
    for resource in (NAMESPACES, CUSTOM_RESOURCE_DEFINITIONS, TRONADOR_CONFIGS):
        world = _sharing_world()
        before = _everything(world)

        def refuse(
            verb: str, found: Resource, namespace: str, name: str, resource: Resource = resource
        ) -> ApiError | None:
            denied = verb in ("get", "list") and found == resource and NAME not in (namespace, name)
            return status_error(403, {"kind": "Status", "reason": "Forbidden", "message": "no"}) if denied else None

        world.api.refuse = refuse
        _remove(world, TRONADOR_CONFIGS, CONFIG_NAME, OWN)
        look(world)
        look(world)
        assert _everything(world) == before
        assert condition(world) == LOST
        status = world.api.peek(ENVIRONMENTS, NAME)["status"]
        assert "may not read" in conditions.find(status["conditions"], "ResourcesReady")["message"]
        world.api.refuse = lambda *_: None
        world.run(NAME)
        assert _everything(world) == ([], [], None)


def test_a_cache_without_the_config_prunes_nothing():
    world = _sharing_world()
    before = _everything(world)
    config = dict(world.api.peek(TRONADOR_CONFIGS, CONFIG_NAME, OWN))
    _remove(world, TRONADOR_CONFIGS, CONFIG_NAME, OWN)
    world.sync()
    world.api.put(TRONADOR_CONFIGS, config)
    world.reconcile(NAME)
    assert _everything(world) == before


def test_an_environment_without_shared_resources_reads_nothing():
    world = deployed_world()
    _delete_namespace(world)
    _delete_definition(world)
    world.sync()
    world.reconcile_strictly(NAME)
    assert world.api.reads == set()
    assert condition(world) == ("True", "Applied")
    assert held(world, SECRETS, "git") == {}
