"""CustomResourceDefinitions that go, come back, and get another version while the controller runs."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import pytest

from controller.api.environment import ENVIRONMENTS
from controller.apimachinery.errors import Invalid
from controller.client import PatchType
from tests.integration.support.clusters import (
    DEFINITIONS,
    Cluster,
    config_definition,
    environment_definition,
)
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environments, manifest, tag
from tests.integration.support.fixtures import StartController
from tests.integration.support.requests import Requests
from tests.integration.support.waiting import eventually
from tests.real.support.releases import settled, values_of

NEXT = "v1alpha2"
NAME = environment_definition()["metadata"]["name"]
NEXT_ENVIRONMENTS = ENVIRONMENTS._replace(version=NEXT)


def test_environments_are_taken_down_with_their_definition(
    cluster: Cluster, environments: Environments, engine: Engine, start_controller: StartController
) -> None:
    start_controller()
    environment = environments.create()
    environment.deployed()
    cluster.client.delete(DEFINITIONS, NAME)
    eventually(lambda: cluster.get(DEFINITIONS, NAME) is None, "the definition is gone")
    assert environment.namespace() is None

    cluster.install(environment_definition())
    again = environments.create("pr-75")
    again.deployed()
    again.patch_release(values=tag("two"))
    again.deployed()
    again.delete()
    again.gone()


def with_next_version(*, stored: bool, more: bool = False) -> dict[str, Any]:
    """Our definition with one more served version of the same schema; `more`: and a field of its own in the spec."""
    definition = environment_definition()
    [version] = definition["spec"]["versions"]
    following = copy.deepcopy(version)
    following["name"] = NEXT
    if more:
        following["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["purpose"] = {"type": "string"}
    version["storage"], following["storage"] = not stored, stored
    definition["spec"]["versions"].append(following)
    return definition


@pytest.fixture
def own_definition(cluster: Cluster) -> Iterator[Cluster]:
    """The test may change our definition; afterwards it is as it was, with its one stored version."""
    cluster.uninstall(environment_definition())
    cluster.install(environment_definition())
    yield cluster
    for obj in cluster.list(ENVIRONMENTS):
        cluster.client.patch(ENVIRONMENTS, obj["metadata"]["name"], {"metadata": {"finalizers": None}})
    cluster.uninstall(environment_definition())
    cluster.install(environment_definition())


@pytest.mark.parametrize("stored", [False, True], ids=["old version stored", "new version stored"])
def test_environments_of_both_versions_work_while_two_are_served(
    own_definition: Cluster,
    environments: Environments,
    engine: Engine,
    start_controller: StartController,
    requests: Requests,
    stored: bool,
) -> None:
    start_controller()
    old = environments.create("old")
    settled(old)
    mark = requests.mark()
    own_definition.install(with_next_version(stored=stored))

    name = own_definition.name("new")
    own_definition.track(name)
    body = {**manifest(name), "apiVersion": NEXT_ENVIRONMENTS.api_version}
    own_definition.client.create(NEXT_ENVIRONMENTS, body)
    new = environments.named(name)
    new.deployed()
    assert requests.writes(mark, environment=old.name) == []

    for environment in (old, new):
        eventually(
            lambda environment=environment: (
                own_definition.client.get(NEXT_ENVIRONMENTS, environment.name)["status"] == environment.status()
            ),
            "both versions show the same status",
        )
        changed = {"spec": {"application": {"release": {"values": tag("two")}}}}
        own_definition.client.patch(NEXT_ENVIRONMENTS, environment.name, changed)
        environment.deployed()
        assert values_of(environment) == tag("two")
    for environment in (old, new):
        own_definition.client.delete(NEXT_ENVIRONMENTS, environment.name)
        environment.gone()


def test_a_controller_of_the_old_version_drops_fields_that_only_the_new_one_has(
    own_definition: Cluster, environments: Environments, engine: Engine, start_controller: StartController
) -> None:
    """So a new field goes into every served version, with or without a conversion that only renames."""
    own_definition.install(with_next_version(stored=True, more=True))
    name = own_definition.name("pr-74")
    own_definition.track(name)
    body = manifest(name, spec={"purpose": "a demonstration"})
    created = own_definition.client.create(NEXT_ENVIRONMENTS, {**body, "apiVersion": NEXT_ENVIRONMENTS.api_version})
    assert created["spec"]["purpose"] == "a demonstration"

    start_controller()
    environments.named(name).deployed()
    assert "purpose" not in own_definition.client.get(NEXT_ENVIRONMENTS, name)["spec"]


def test_a_stored_version_leaves_the_definition_only_after_a_rewrite(
    own_definition: Cluster, environments: Environments, engine: Engine, start_controller: StartController
) -> None:
    start_controller()
    environment = environments.create()
    environment.deployed()
    own_definition.install(with_next_version(stored=True))

    def stored() -> list[str]:
        return list(own_definition.client.get(DEFINITIONS, NAME)["status"]["storedVersions"])

    eventually(lambda: stored() == ["v1alpha1", NEXT], "both versions are in the store")
    without = with_next_version(stored=True)
    del without["spec"]["versions"][0]
    with pytest.raises(Invalid, match=r"status\.storedVersions"):
        own_definition.client.patch(DEFINITIONS, NAME, without, patch_type=PatchType.APPLY, force=True)

    # Any write stores the object in the present version, even one that changes nothing.
    seen = own_definition.client.get(NEXT_ENVIRONMENTS, environment.name)
    own_definition.client.replace(NEXT_ENVIRONMENTS, environment.name, seen)
    own_definition.client.patch(DEFINITIONS, NAME, {"status": {"storedVersions": [NEXT]}}, subresource="status")
    assert stored() == [NEXT]
    environment.patch_release(values=tag("two"))
    environment.deployed()


def test_shared_configuration_survives_the_return_of_its_definition(
    cluster: Cluster, environments: Environments, engine: Engine, start_controller: StartController
) -> None:
    start_controller()
    environment = environments.create()
    environment.deployed()
    cluster.uninstall(config_definition())
    environment.patch_release(values=tag("two"))
    environment.deployed()
    cluster.install(config_definition())
    environment.patch_release(values=tag("three"))
    environment.deployed()
