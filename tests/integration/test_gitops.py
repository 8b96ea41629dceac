"""Environments that Argo CD brings and takes: it never fights with the controller, and what it prunes goes in order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from controller.apimachinery.resources import NAMESPACES
from tests.integration.support.clusters import Cluster
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environment, manifest
from tests.integration.support.fixtures import StartController
from tests.integration.support.history import History
from tests.integration.support.order import everything_went_in_order
from tests.integration.support.waiting import eventually
from tests.manifests.definitions import named
from tests.standins.argocd_bed import FOLDER, ArgoCDBed

AS_SHIPPED = named("argocd", "Application", "tronador-environments")["spec"]["syncPolicy"]


@pytest.fixture
def gitops(both_engines: Cluster, start_controller: StartController, tmp_path: Path) -> ArgoCDBed:
    """A GitOps repository that Argo CD syncs as our own Application says, with our health check, and a controller."""
    start_controller(release_engine="helm-operator")
    bed = ArgoCDBed(both_engines.client, both_engines.name("argocd-of-test"), tmp_path)
    bed.application(**AS_SHIPPED)
    settings = named("argocd", "ConfigMap", "argocd-cm")
    bed.create_settings(settings["data"])
    return bed


@pytest.fixture
def environment(both_engines: Cluster) -> Environment:
    """The one that Argo CD brings and takes."""
    return Environment(both_engines, both_engines.name("pr-74"))


def _file(environment: Environment) -> str:
    return f"{FOLDER}/{environment.name}.yaml"


def _health(bed: ArgoCDBed) -> str:
    return str((bed.status().get("health") or {}).get("status"))


def test_a_deployed_environment_stays_synced_and_healthy(
    gitops: ArgoCDBed, environment: Environment, stopped_engine: Engine, history: History
) -> None:
    with gitops.running():
        revision = gitops.commit({_file(environment): manifest(environment.name)})
        environment.until(lambda obj: obj["status"]["applicationStatus"], "the controller has seen it")
        eventually(lambda: _health(gitops) == "Progressing", "it is progressing")
        stopped_engine.start()
        environment.deployed()
        eventually(lambda: _health(gitops) == "Healthy", "it is healthy")
        gitops.synced(revision)
    # Self-healing finds nothing to heal in what the controller writes.
    assert environment.get()["metadata"]["generation"] == 1


@pytest.mark.parametrize("policy", [{}, AS_SHIPPED], ids=["as by default", "as shipped"])
def test_an_environment_removed_from_the_folder_is_deleted_in_order(
    gitops: ArgoCDBed,
    both_engines: Cluster,
    environment: Environment,
    stopped_engine: Engine,
    history: History,
    policy: dict[str, Any],
) -> None:
    stopped_engine.start(seconds={"uninstall": 0.2})
    gitops.application(**policy)
    with gitops.running():
        gitops.commit({_file(environment): manifest(environment.name)})
        environment.deployed()
        revision = gitops.commit({_file(environment): None})
        environment.gone()
        gitops.synced(revision)
    everything_went_in_order(environment, history)
    assert both_engines.get(NAMESPACES, environment.name) is None


def test_an_environment_that_fails_keeps_no_other_from_being_removed(
    gitops: ArgoCDBed, both_engines: Cluster, environment: Environment, engine: Engine
) -> None:
    failing = Environment(both_engines, both_engines.name("pr-75"))
    with gitops.running():
        refused = manifest(failing.name, spec={"namespaceLabels": {"openshift.io/x": "y"}})
        gitops.commit({_file(environment): manifest(environment.name), _file(failing): refused})
        environment.deployed()
        eventually(lambda: _health(gitops) == "Degraded", "the other one is degraded")
        revision = gitops.commit({_file(environment): None})
        environment.gone()
        gitops.synced(revision)


def test_an_environment_restored_during_its_deletion_is_deployed_again(
    gitops: ArgoCDBed, environment: Environment, stopped_engine: Engine, history: History
) -> None:
    stopped_engine.start(seconds={"uninstall": 0.5})
    with gitops.running():
        gitops.commit({_file(environment): manifest(environment.name)})
        first = environment.deployed()["metadata"]["uid"]
        gitops.commit({_file(environment): None})
        environment.until(lambda obj: obj["metadata"]["deletionTimestamp"], "it goes")
        revision = gitops.commit({_file(environment): manifest(environment.name)})
        environment.until(lambda obj: obj["metadata"]["uid"] != first, "it is there again")
        environment.deployed()
        gitops.synced(revision)
    assert environment.namespace()


def test_a_refused_environment_is_degraded_until_a_commit_corrects_it(
    gitops: ArgoCDBed, environment: Environment, engine: Engine
) -> None:
    label = "pod-security.kubernetes.io/enforce"
    with gitops.running():
        refused = manifest(environment.name, spec={"namespaceLabels": {label: "privileged"}})
        revision = gitops.commit({_file(environment): refused})
        eventually(lambda: _health(gitops) == "Degraded", "it is degraded")
        gitops.synced(revision)
        gitops.synced(gitops.commit({_file(environment): manifest(environment.name)}))
        eventually(lambda: _health(gitops) == "Healthy", "it is healthy")


def test_an_expired_environment_stays_synced_and_a_commit_brings_it_back(
    gitops: ArgoCDBed, environment: Environment, engine: Engine
) -> None:
    with gitops.running():
        short = manifest(environment.name, spec={"lifecycle": {"expireAfter": "2s"}})
        revision = gitops.commit({_file(environment): short})
        environment.until(lambda obj: obj["status"]["applicationStatus"] == "expired", "it has expired")
        uid = environment.get()["metadata"]["uid"]
        eventually(lambda: _health(gitops) == "Suspended", "Argo CD shows that nothing is wrong")
        gitops.synced(revision)
        used = manifest(environment.name, spec={"lifecycle": {"expireAfter": "1h"}})
        gitops.synced(gitops.commit({_file(environment): used}))
        assert environment.deployed()["metadata"]["uid"] == uid
        eventually(lambda: _health(gitops) == "Healthy", "it is healthy")
