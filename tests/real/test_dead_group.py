"""An APIService whose server does not exist: one group of the API is dead, and all else works.

No namespace can be deleted then, because its content is unknown. Its conditions say so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from controller.apimachinery.errors import ApiError, ServerError
from controller.apimachinery.resources import Resource
from controller.client import Client
from controller.environment.persistent_errors import RETRYING
from tests.integration.support.clusters import Cluster
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environments, tag
from tests.integration.support.fixtures import StartController
from tests.integration.support.shared_config import SharedConfig, config_map
from tests.integration.support.waiting import eventually

API_SERVICES = Resource("apiregistration.k8s.io", "v1", "apiservices", "APIService", namespaced=False)
GROUP = "dead.tronador.test"
# In seconds. The namespace controller of a busy server is slow, and tries again after growing pauses.
LONG = 90.0
WIDGET = {"apiVersion": f"{GROUP}/v1", "kind": "Widget", "metadata": {"name": "shared"}}


def api_service() -> dict[str, Any]:
    """A group that a Service serves which does not exist."""
    return {
        "apiVersion": API_SERVICES.api_version,
        "kind": API_SERVICES.kind,
        "metadata": {"name": f"v1.{GROUP}"},
        "spec": {
            "group": GROUP,
            "version": "v1",
            "service": {"namespace": "default", "name": "absent", "port": 443},
            "insecureSkipTLSVerify": True,
            "groupPriorityMinimum": 100,
            "versionPriority": 10,
        },
    }


def is_dead(client: Client) -> bool:
    """Whether the server knows the group and cannot reach who serves it."""
    try:
        client.api_resources(f"{GROUP}/v1")
    except ServerError as error:
        return error.code == 503
    except ApiError:
        return False
    return False


@pytest.fixture
def dead_group(cluster: Cluster) -> Iterator[None]:
    """The group is dead during the test."""
    cluster.put(API_SERVICES, api_service())
    eventually(lambda: is_dead(cluster.client), "the group is dead")
    yield
    revive(cluster)


def revive(cluster: Cluster) -> None:
    """Remove the dead group, if it is still there."""
    if cluster.get(API_SERVICES, f"v1.{GROUP}"):
        cluster.client.delete(API_SERVICES, f"v1.{GROUP}")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_dead_group_holds_a_namespace_visibly_and_nothing_else(
    cluster: Cluster,
    environments: Environments,
    engine: Engine,
    dead_group: None,
    start_controller: StartController,
) -> None:
    start_controller()
    environment, other = environments.create("pr-74"), environments.create("pr-75")
    environment.deployed()
    environment.patch_release(values=tag("two"))
    environment.deployed()

    environment.delete()
    environment.until(lambda obj: f"{GROUP}/v1" in obj["status"]["applicationStatusMsg"], "the group is named", LONG)
    assert environment.condition("Reconciling")["reason"] == "TeardownBlocked"
    assert environment.helm_release() is None
    other.deployed()

    revive(cluster)
    environment.gone(LONG)
    assert environment.namespace() is None


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_shared_objects_of_a_dead_group_are_reported_until_they_are_taken_back(
    cluster: Cluster,
    environments: Environments,
    engine: Engine,
    dead_group: None,
    controller: ThreadedController,
) -> None:
    shared = SharedConfig(cluster)
    shared.apply([config_map("settings", a="b"), WIDGET])
    environment = environments.create()
    environment.until(lambda obj: environment.condition("ResourcesReady")["reason"] == RETRYING, "it is reported")
    assert f"{GROUP}/v1" in environment.status()["applicationStatusMsg"]
    assert f"{GROUP}/v1" in shared.ready("Unknown", RETRYING)["message"]

    shared.apply([config_map("settings", a="b")])
    environment.deployed()
    assert shared.held(environment.name, "settings") == {"a": "b"}
