"""Others undo what TronadorConfig gives to an environment: pull secrets of accounts, and copied Secrets."""

from __future__ import annotations

from typing import Any

import pytest

from controller.api.environment import ENVIRONMENTS
from controller.api.tronador_config import CONFIG_NAME, TRONADOR_CONFIGS
from controller.apimachinery import conditions
from controller.apimachinery.resources import SECRETS, SERVICE_ACCOUNTS
from tests.unit.environment.simulation.fights import edit, fight, per_minute
from tests.unit.environment.simulation.world import World
from tests.unit.environment.support.builders import GIT, NAME, environment, operator_options

MAPPING = {"repos": [GIT.removeprefix("https://")], "imagePullSecret": "registry"}
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "registry"}, "stringData": {"token": "hush"}}


@pytest.fixture
def world() -> World:
    """A deployed environment whose accounts have a pull secret."""
    world = World(operator_options())
    world.api.serves |= {SECRETS, SERVICE_ACCOUNTS}
    body: dict[str, Any] = {"metadata": {"name": CONFIG_NAME, "namespace": world.options.own_namespace}}
    world.api.put(TRONADOR_CONFIGS, body | {"spec": {"mappings": [MAPPING], "secrets": [SECRET]}})
    world.api.put(ENVIRONMENTS, environment(finalizers=(), uid=""))
    world.run(NAME)
    world.seconds += 3600
    return world


def contested(world: World) -> dict[str, Any]:
    status = world.api.peek(ENVIRONMENTS, NAME)["status"]
    assert status["applicationStatus"] == "deployed"
    return dict(conditions.find(status["conditions"], "Contested") or {})


def test_corrections_of_repeatedly_removed_pull_secrets_are_paced(world):
    undo = edit(world, SERVICE_ACCOUNTS, "default", lambda obj: obj.pop("imagePullSecrets", None))
    first, *later = per_minute(world, undo, SERVICE_ACCOUNTS, minutes=3)
    assert 2 <= first <= 12
    assert max(later) <= 2
    assert "ServiceAccount default: imagePullSecrets does not have the expected value" in contested(world)["message"]


def test_a_changing_list_of_pull_secrets_does_not_change_the_pace(world):
    numbers = iter(range(10_000))

    def change(obj: dict[str, Any]) -> None:
        if {"name": "registry"} in (obj.get("imagePullSecrets") or ()):
            obj["imagePullSecrets"] = [{"name": f"theirs-{next(numbers)}"}]

    first, *later = per_minute(world, edit(world, SERVICE_ACCOUNTS, "default", change), SERVICE_ACCOUNTS, minutes=3)
    assert 2 <= first <= 12
    assert max(later) <= 2


def test_a_pull_secret_that_a_webhook_adds_is_not_contested(world):
    def admission(resource: Any, obj: dict[str, Any]) -> dict[str, Any]:
        entries = obj.get("imagePullSecrets") or []
        if resource != SERVICE_ACCOUNTS or {"name": "patched"} in entries:
            return obj
        return {**obj, "imagePullSecrets": [*entries, {"name": "patched"}]}

    world.api.admission = admission
    edit(world, SERVICE_ACCOUNTS, "default", lambda obj: obj.pop("imagePullSecrets", None))()
    fight(world, lambda: None, seconds=60)
    assert world.api.peek(SERVICE_ACCOUNTS, "default", NAME)["imagePullSecrets"] == [
        {"name": "patched"},
        {"name": "registry"},
    ]
    assert contested(world) == {}


def test_corrections_of_a_contested_secret_are_paced_and_hide_its_values(world):
    undo = edit(world, SECRETS, "registry", lambda obj: obj.update(data={"token": "b3RoZXI="}))
    first, *later = per_minute(world, undo, SECRETS, minutes=3)
    assert 2 <= first <= 12
    assert max(later) <= 2
    message = contested(world)["message"]
    assert "Secret registry: data.token does not have the expected value (values are not shown)" in message
    for value in ("hush", "aHVzaA==", "b3RoZXI="):
        assert value not in message
        assert value not in str(world.recorded.notes)
