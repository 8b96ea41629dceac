"""TronadorConfig vanishes with the controller's own namespace, or with its CRD: running environments lose nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from controller.api.tronador_config import CONFIG_NAME, TRONADOR_CONFIGS
from controller.apimachinery.resources import NAMESPACES, SECRETS, SERVICE_ACCOUNTS
from controller.app.options import Options
from hack.localcluster import LocalCluster
from tests.integration.support.clusters import Cluster, config_definition
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environment, Environments, is_deployed
from tests.integration.support.requests import Requests
from tests.integration.support.shared_config import OWN, SharedConfig, secret
from tests.integration.support.waiting import eventually

HOLD = {"metadata": {"finalizers": ["tests.example.com/hold"]}}


@pytest.fixture
def shared(cluster: Cluster) -> SharedConfig:
    return SharedConfig(cluster)


def _configure(shared: SharedConfig) -> None:
    shared.put_secret("pull", token="one")
    shared.apply(
        [secret("given", token="two")], copySecrets=[{"name": "pull"}], orgLevelSecrets={"imagePullSecret": "pull"}
    )
    shared.known()


def _used(environment: Environment) -> dict[str, Any]:
    """What a running environment uses of what is shared."""
    cluster, namespace = environment.cluster, environment.name
    account = cluster.get(SERVICE_ACCOUNTS, "default", namespace) or {}
    return {
        "secrets": [cluster.get(SECRETS, name, namespace) is not None for name in ("pull", "given")],
        "attached": "pull" in json.dumps(account.get("imagePullSecrets")),
    }


ALL = {"secrets": [True, True], "attached": True}
NOTHING = {"secrets": [False, False], "attached": False}


def test_nothing_is_pruned_while_the_installations_namespace_is_deleted(
    local: LocalCluster,
    cluster: Cluster,
    environments: Environments,
    engine: Engine,
    controller: ThreadedController,
    shared: SharedConfig,
    requests: Requests,
) -> None:
    _configure(shared)
    made = [environments.create(name) for name in ("first", "second")]
    for environment in made:
        environment.deployed()
        assert _used(environment) == ALL
    # With its account the controller keeps its rights for as long as the test needs.
    cluster.client.patch(SERVICE_ACCOUNTS, Options().environment.service_account, HOLD, namespace=OWN)
    mark = requests.mark()

    cluster.client.delete(NAMESPACES, OWN)

    eventually(lambda: cluster.get(TRONADOR_CONFIGS, CONFIG_NAME, OWN) is None, "the TronadorConfig is gone")
    for environment in made:
        environment.resources("Unknown", "TronadorConfigLost")
        assert is_deployed(environment.get())
        assert _used(environment) == ALL
    assert [line for line in requests.order(mark) if line.startswith("delete")] == []


def test_deleting_the_configs_crd_prunes_nothing(
    cluster: Cluster, environments: Environments, engine: Engine, controller: ThreadedController, shared: SharedConfig
) -> None:
    _configure(shared)
    environment = environments.create()
    environment.deployed()

    cluster.uninstall(config_definition())

    message = environment.resources("Unknown", "TronadorConfigLost")["message"]
    assert "Apply it again" in message
    assert is_deployed(environment.get())
    assert _used(environment) == ALL
    cluster.install(config_definition())
    _configure(shared)
    environment.resources("True", "Applied")
    assert _used(environment) == ALL
    shared.remove()
    eventually(lambda: _used(environment) == NOTHING, lambda: f"somebody meant it: {_used(environment)}")


def test_an_empty_config_prunes_everything_once_its_crd_is_restored(
    cluster: Cluster, environments: Environments, engine: Engine, controller: ThreadedController, shared: SharedConfig
) -> None:
    _configure(shared)
    environment = environments.create()
    environment.deployed()
    cluster.uninstall(config_definition())
    environment.resources("Unknown", "TronadorConfigLost")
    cluster.install(config_definition())

    shared.apply()

    eventually(lambda: _used(environment) == NOTHING, lambda: f"it is taken back: {_used(environment)}")
    environment.resources("True", "Applied")
