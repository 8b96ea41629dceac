"""A TronadorConfig that cannot be applied: what runs stays deployed, what is new waits. Quotas take an opt-in role."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
from typing import Any

import pytest
import yaml

from controller.api.rbac import RBAC_GROUP
from controller.apimachinery.resources import Resource
from hack.localcluster import LocalCluster
from tests.integration.support.clusters import ROOT, Cluster
from tests.integration.support.controllers import ThreadedController, clean_environ
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environment, Environments, condition, is_deployed, tag
from tests.integration.support.fixtures import StartController
from tests.integration.support.shared_config import SharedConfig, config_map
from tests.integration.support.waiting import eventually

CLUSTER_ROLES = Resource(RBAC_GROUP, "v1", "clusterroles", "ClusterRole", namespaced=False)
QUOTAS = Resource("", "v1", "resourcequotas", "ResourceQuota", namespaced=True)
LIMITS = Resource("", "v1", "limitranges", "LimitRange", namespaced=True)
ROLE = yaml.safe_load((ROOT / "manifests" / "quotas" / "role.yaml").read_text())
UNKNOWN = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "x"}}


@pytest.fixture
def shared(cluster: Cluster) -> SharedConfig:
    return SharedConfig(cluster)


def _wait(environment: Environment) -> tuple[int, str]:
    """How `tronador wait` ends."""
    command = ["-m", "controller", "wait", "--kubeconfig", str(environment.cluster.kubeconfig), environment.name]
    done = subprocess.run([sys.executable, *command], capture_output=True, text=True, cwd=ROOT, env=clean_environ())
    return done.returncode, done.stdout + done.stderr


def test_a_config_that_cannot_be_applied_leaves_deployed_environments_deployed(
    environments: Environments, engine: Engine, controller: ThreadedController, shared: SharedConfig
) -> None:
    made = [environments.create(name) for name in ("first", "second")]
    for environment in made:
        environment.deployed()

    shared.apply([UNKNOWN])

    for environment in made:
        assert "resources.manifests[0]" in environment.resources("False", "UnknownKind")["message"]
        assert is_deployed(environment.get())
        assert [condition(environment.get(), type_) for type_ in ("Stalled", "Reconciling")] == [{}, {}]
    assert _wait(made[0])[0] == 0
    eventually(lambda: "ResourcesNotApplied" in {event["reason"] for event in made[0].events()}, "an Event reports it")
    shared.ready("False", "UnknownKind")
    shared.carried_by(0)

    shared.apply([config_map("proxy", url="one")])
    shared.carried_by(2)


def test_a_push_waits_until_the_config_can_be_applied(
    environments: Environments, engine: Engine, controller: ThreadedController, shared: SharedConfig
) -> None:
    environment = environments.create()
    environment.deployed()
    shared.apply([UNKNOWN])
    environment.resources("False", "UnknownKind")

    environment.patch_release(values=tag("next"))

    environment.stalled("UnknownKind")
    assert "next" not in json.dumps(environment.helm_release())
    code, said = _wait(environment)
    assert code == 1
    assert "UnknownKind" in said
    shared.apply()
    environment.deployed()
    assert "next" in json.dumps(environment.helm_release())


# Quotas


def _limited(cpu: str) -> list[dict[str, Any]]:
    limit = {"type": "Container", "default": {"cpu": cpu}}
    return [
        {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "all"}, "spec": {"hard": {"pods": cpu}}},
        {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "each"}, "spec": {"limits": [limit]}},
    ]


def _grant(cluster: Cluster, *, without: str = "") -> None:
    role = copy.deepcopy(ROLE)
    for rule in role["rules"]:
        rule["verbs"] = [verb for verb in rule["verbs"] if verb != without]
    cluster.put(CLUSTER_ROLES, role)

    def composed() -> bool:
        rules = cluster.client.get(CLUSTER_ROLES, "tronador-environment").get("rules") or ()
        verbs = {v for rule in rules if "resourcequotas" in rule["resources"] for v in rule["verbs"]}
        return set(role["rules"][0]["verbs"]) <= verbs and without not in verbs

    eventually(composed, "the role is composed")


def _held(environment: Environment) -> list[str]:
    """The limits that an environment holds."""
    cluster, namespace = environment.cluster, environment.name
    quota, limits = cluster.get(QUOTAS, "all", namespace), cluster.get(LIMITS, "each", namespace)
    found = [quota and quota["spec"]["hard"]["pods"], limits and limits["spec"]["limits"][0]["default"]["cpu"]]
    return [str(amount) for amount in found if amount]


def test_the_components_role_allows_quotas_to_be_created_updated_and_deleted(
    cluster: Cluster, environments: Environments, engine: Engine, controller: ThreadedController, shared: SharedConfig
) -> None:
    _grant(cluster)
    shared.apply(_limited("4"))
    shared.known()
    environment = environments.create()
    environment.deployed()
    assert _held(environment) == ["4", "4"]
    shared.apply(_limited("8"))
    eventually(lambda: _held(environment) == ["8", "8"], lambda: f"they follow: {_held(environment)}")
    shared.apply()
    eventually(lambda: not _held(environment), lambda: f"they are taken back: {_held(environment)}")


@pytest.mark.slow
@pytest.mark.parametrize("verb", ["all", *ROLE["rules"][0]["verbs"]])
def test_environments_report_a_missing_verb_of_that_role_and_stay_deployed(
    local: LocalCluster,
    cluster: Cluster,
    environments: Environments,
    engine: Engine,
    start_controller: StartController,
    shared: SharedConfig,
    verb: str,
) -> None:
    start_controller(recheck_interval=0.2)
    if verb != "all":
        _grant(cluster, without=verb)
    environment = environments.create()
    environment.deployed()
    shared.apply(_limited("4"))
    if verb == "delete":
        eventually(lambda: _held(environment) == ["4", "4"], "they are given")
        shared.apply()

    message = environment.resources("False", "Forbidden")["message"]

    assert "resourcequotas" in message or "limitranges" in message
    assert verb == "delete" or "tronador.stakater.com/aggregate-to-environment" in message
    assert is_deployed(environment.get())
    _grant(cluster)
    environment.resources("True", "Applied")
