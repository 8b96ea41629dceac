"""Environments that Argo CD brings and takes: it never fights with the controller, and what it prunes goes in order."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from controller.api.environment import ENVIRONMENTS
from controller.apimachinery.resources import NAMESPACES
from tests.integration.support.clusters import Cluster
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environment, manifest
from tests.integration.support.fixtures import StartController
from tests.integration.support.history import History
from tests.integration.support.waiting import eventually
from tests.integration.test_deletion import everything_went_in_order
from tests.manifests.definitions import named
from tests.standins.argocd_bed import FOLDER, ArgoCDBed

NAME = "pr-74"
FILE = f"{FOLDER}/{NAME}.yaml"
ARGOCD = "argocd-of-test"
AS_SHIPPED = named("argocd", "Application", "tronador-environments")["spec"]["syncPolicy"]


@pytest.fixture
def gitops(both_engines: Cluster, start_controller: StartController, tmp_path: Path) -> ArgoCDBed:
    """A GitOps repository that Argo CD syncs as our own Application says, with our health check, and a controller."""
    start_controller(release_engine="helm-operator")
    bed = ArgoCDBed(both_engines.client, ARGOCD, tmp_path)
    bed.application(**AS_SHIPPED)
    settings = named("argocd", "ConfigMap", "argocd-cm")
    bed.create_settings(settings["data"])
    return bed


def _health(bed: ArgoCDBed) -> str:
    return str((bed.status().get("health") or {}).get("status"))


def test_an_environment_is_synced_and_healthy_once_it_is_deployed_and_stays_so(
    gitops: ArgoCDBed, both_engines: Cluster, stopped_engine: Engine, history: History
) -> None:
    environment = Environment(both_engines, NAME)
    with gitops.running():
        revision = gitops.commit({FILE: manifest(NAME)})
        environment.until(lambda obj: obj["status"]["applicationStatus"], "the controller has seen it")
        eventually(lambda: _health(gitops) == "Progressing", "it is progressing")
        stopped_engine.start()
        environment.deployed()
        eventually(lambda: _health(gitops) == "Healthy", "it is healthy")
        gitops.synced(revision)
    # Self-healing finds nothing to heal in what the controller writes.
    assert environment.get()["metadata"]["generation"] == 1


@pytest.mark.parametrize("policy", [{}, AS_SHIPPED], ids=["as by default", "as shipped"])
def test_what_leaves_the_folder_goes_in_order(
    gitops: ArgoCDBed, both_engines: Cluster, stopped_engine: Engine, history: History, policy: dict[str, Any]
) -> None:
    stopped_engine.start(seconds={"uninstall": 0.2})
    gitops.application(**policy)
    environment = Environment(both_engines, NAME)
    with gitops.running():
        gitops.commit({FILE: manifest(NAME)})
        environment.deployed()
        revision = gitops.commit({FILE: None})
        gitops.operation("Running", f"waiting for deletion of {ENVIRONMENTS.group}/{ENVIRONMENTS.kind}/{NAME}")
        environment.gone()
        gitops.synced(revision)
    everything_went_in_order(environment, history)
    assert both_engines.get(NAMESPACES, NAME) is None


def test_one_that_comes_back_while_it_goes_lives_again(
    gitops: ArgoCDBed, both_engines: Cluster, stopped_engine: Engine, history: History
) -> None:
    stopped_engine.start(seconds={"uninstall": 0.5})
    environment = Environment(both_engines, NAME)
    with gitops.running():
        gitops.commit({FILE: manifest(NAME)})
        first = environment.deployed()["metadata"]["uid"]
        gitops.commit({FILE: None})
        environment.until(lambda obj: obj["metadata"]["deletionTimestamp"], "it goes")
        revision = gitops.commit({FILE: manifest(NAME)})
        environment.until(lambda obj: obj["metadata"]["uid"] != first, "it is there again")
        environment.deployed()
        gitops.synced(revision)
    assert environment.namespace()


def test_one_that_is_refused_shows_in_argo_cd_with_the_reason(gitops: ArgoCDBed, engine: Engine) -> None:
    label = "pod-security.kubernetes.io/enforce"
    with gitops.running():
        revision = gitops.commit({FILE: manifest(NAME, spec={"namespaceLabels": {label: "privileged"}})})
        eventually(lambda: _health(gitops) == "Degraded", "it is degraded")
        [resource] = gitops.synced(revision)["resources"]
        assert label in resource["health"]["message"]
        # A refused one is mended by a commit, and holds up nobody.
        gitops.synced(gitops.commit({FILE: manifest(NAME)}))
        eventually(lambda: _health(gitops) == "Healthy", "it is healthy")
