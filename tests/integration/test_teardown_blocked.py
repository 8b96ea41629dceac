"""A namespace that is not deleted: the status shows its message, and the teardown retries without end."""

from __future__ import annotations

import pytest

from controller.api.environment import ENVIRONMENTS
from controller.api.rbac import ENVIRONMENT_BINDING, ROLE_BINDINGS
from controller.apimachinery.errors import NotFound
from tests.integration.support.clusters import CONFIG_MAPS, Cluster
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environment, Environments, condition
from tests.integration.support.fixtures import StartController
from tests.integration.support.history import History
from tests.integration.support.waiting import eventually, throughout

HOLDER = "example.com/holder"


@pytest.fixture
def held(cluster: Cluster, environments: Environments, engine: Engine, controller: ThreadedController) -> Environment:
    """A deployed environment with a ConfigMap in its namespace that somebody's finalizer holds; deleted."""
    environment = environments.create()
    environment.deployed()
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "held", "finalizers": [HOLDER]}}
    cluster.client.create(CONFIG_MAPS, body, namespace=environment.name)
    environment.delete()
    return environment


def let_go(environment: Environment) -> None:
    """Take the finalizer away."""
    body = {"metadata": {"finalizers": None}}
    try:
        environment.cluster.client.patch(CONFIG_MAPS, "held", body, namespace=environment.name)
    except NotFound:
        return


def test_the_condition_quotes_the_namespaces_own_message(held: Environment) -> None:
    try:
        blocked = held.until(
            lambda obj: condition(obj, "TeardownBlocked"), "the status says that the teardown is blocked"
        )
        found = condition(blocked, "TeardownBlocked")
        assert found["status"] == "True"
        assert HOLDER in found["message"]
        namespace = held.namespace()
        assert namespace is not None
        words = [c["message"] for c in namespace["status"]["conditions"] if c["type"] == "NamespaceFinalizersRemaining"]
        assert words[0] in found["message"]
        assert blocked["status"]["applicationStatus"] == "uninstalling"
        assert blocked["status"]["currentPhase"] == "Deleting Namespace"
        eventually(lambda: "TeardownBlocked" in held.reasons(), "an Event says so as well")
    finally:
        let_go(held)


def test_the_environment_exists_as_long_as_its_namespace(held: Environment, history: History) -> None:
    try:
        held.until(lambda obj: condition(obj, "TeardownBlocked"), "the status says that the teardown is blocked")
        throughout(0.5, held.exists, "the finalizer was dropped while the namespace exists")
    finally:
        let_go(held)
    held.gone()
    assert held.namespace() is None


def test_a_restarted_controller_continues_a_blocked_teardown(
    held: Environment, controller: ThreadedController, start_controller: StartController
) -> None:
    try:
        held.until(lambda obj: condition(obj, "TeardownBlocked"), "the status says that the teardown is blocked")
        controller.stop()
        start_controller()
        throughout(0.3, held.exists, "the finalizer was dropped while the namespace exists")
    finally:
        let_go(held)
    held.gone()


def test_a_blocked_teardown_causes_no_writes(held: Environment, history: History) -> None:
    try:
        blocked = held.until(
            lambda obj: condition(obj, "TeardownBlocked"), "the status says that the teardown is blocked"
        )
        version = int(blocked["metadata"]["resourceVersion"])
        throughout(
            1.0,
            lambda: [v for v in history.versions(ENVIRONMENTS, held.name) if v.at > version] == [],
            "the status of a blocked teardown is written again and again",
        )
    finally:
        let_go(held)


def test_a_foreign_binding_with_a_finalizer_blocks_only_its_own_namespace(
    cluster: Cluster, environments: Environments, engine: Engine, start_controller: StartController
) -> None:
    start_controller(teardown_timeout=1.0)
    environment = environments.create()
    environment.deployed()
    body = {
        "apiVersion": ROLE_BINDINGS.api_version,
        "kind": ROLE_BINDINGS.kind,
        "metadata": {"name": ENVIRONMENT_BINDING, "finalizers": [HOLDER]},
        "roleRef": {"apiGroup": ROLE_BINDINGS.group, "kind": "ClusterRole", "name": "view"},
        "subjects": [],
    }
    cluster.client.create(ROLE_BINDINGS, body, namespace=environment.name)
    try:
        environment.delete()
        # A real namespace says what is left in it only after five seconds.
        environment.until(
            lambda obj: HOLDER in condition(obj, "TeardownBlocked")["message"], "the status says what blocks it"
        )
    finally:
        let_go_of = {"metadata": {"finalizers": None}}
        cluster.client.patch(ROLE_BINDINGS, ENVIRONMENT_BINDING, let_go_of, namespace=environment.name)
    environment.gone()
