"""The environment of the workflow guide, applied as it stands, ends as the guide describes."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from controller.api.environment import ENVIRONMENTS
from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery.resources import NAMESPACES, SECRETS
from hack.paths import MANIFESTS
from hack.samples import make_application_repository
from tests.integration.support.clusters import DEPLOYMENTS, Cluster
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine, helm_operator
from tests.integration.support.environments import Environments, tag
from tests.integration.support.history import History
from tests.integration.support.truth import deployed_is_never_said_too_early
from tests.samples import guide

NAME = "stakater-nordmart-inventory-74"
MESSAGE = f"Release was successful for Helm release 'run-pipeline' in '{NAME}'."
# How our HelmRelease differs from the guide's on purpose; the docs say why.
DIFFERENCES = {"helmVersion": "v3", "rollback": {"enable": True}}


def test_the_environment_ends_with_the_status_in_the_guide(
    environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    environment = environments.apply(guide("environment"))
    status = environment.deployed()["status"]
    assert status["applicationStatus"] == "deployed"
    assert status["applicationStatusMsg"] == MESSAGE
    assert status["currentPhase"] == "Waiting For Next Reconciliation Loop"
    assert status["namespaceLabels"] == {"kind": "pr", "stakater.com/tenant": "veeru", "team": "gabbar"}
    assert status["namespace"] == NAME
    assert status["release"]["engine"] == "helm-operator"
    assert status["release"]["name"] == "run-pipeline"
    assert {c["type"]: c["status"] for c in status["conditions"]} == {
        "Ready": "True",
        "NamespaceReady": "True",
        "ResourcesReady": "True",
        "ReleaseReady": "True",
    }


def test_the_status_matches_every_documented_word(
    environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    documented = guide("environment")["status"]
    status = environments.apply(guide("environment")).deployed()["status"]
    assert {name: status.get(name) for name in documented} == documented


def test_its_namespace_has_the_labels_in_the_guide(
    environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    environment = environments.apply(guide("environment"))
    environment.deployed()
    labels = environment.labels()
    labels.pop("kubernetes.io/metadata.name", None)
    assert labels == {
        "kind": "pr",
        "stakater.com/tenant": "veeru",
        "team": "gabbar",
        "app.kubernetes.io/managed-by": "tronador.stakater.com",
        "tronador.stakater.com/environment": NAME,
    }


def test_its_helm_release_is_the_one_in_the_guide(
    environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    document = guide("environment")
    environment = environments.apply(document)
    environment.deployed()
    release = environment.helm_release()
    assert release is not None
    assert release["metadata"]["labels"] == {
        "app.kubernetes.io/instance": "run-pipeline",
        "app.kubernetes.io/managed-by": "tronador.stakater.com",
        "tronador.stakater.com/environment": NAME,
    }
    asked = document["spec"]["application"]["release"]
    assert release["spec"] == {**asked, "test": {}, **DIFFERENCES}
    assert "ownerReferences" not in release["metadata"]
    documented = guide("helmrelease")
    assert release["metadata"]["name"] == documented["metadata"]["name"]
    assert release["metadata"]["namespace"] == documented["metadata"]["namespace"]
    assert documented["metadata"]["labels"].items() <= release["metadata"]["labels"].items()
    assert release["spec"] == {**documented["spec"], **DIFFERENCES}


def test_the_sample_is_the_document_in_the_guide() -> None:
    documented = guide("environment")
    documented.pop("status")
    assert yaml.safe_load((MANIFESTS / "samples/environmentprovisioner.yaml").read_text()) == documented


def test_the_whole_journey_with_a_real_chart_from_a_real_repository(
    cluster: Cluster,
    environments: Environments,
    history: History,
    controller: ThreadedController,
    tmp_path: Path,
) -> None:
    document = guide("environment")
    url = document["spec"]["application"]["release"]["chart"]["git"]
    repository = make_application_repository(tmp_path / "application")
    with helm_operator(cluster, tmp_path / "operator.log", rewrite=f"{url}={repository.path}"):
        environment = environments.apply(document)
        deployed = environment.deployed()
        assert deployed["status"]["applicationStatusMsg"] == MESSAGE
        assert deployed["status"]["release"]["revision"] == repository.head()
        assert image_of(cluster).endswith("/stakater-nordmart-inventory:SNAPSHOT-PR-74-6f50ff2f")

        # The first sync of every chart fails, because nothing is cloned yet. Users must not see that as a failure.
        phases = [version.status.get("phase") for version in history.versions(HELM_RELEASES, "run-pipeline", NAME)]
        assert "ChartFetchFailed" in phases

        environment.patch_release(values=tag("SNAPSHOT-PR-74-1e5"))
        deployed = environment.deployed()
        assert image_of(cluster).endswith(":SNAPSHOT-PR-74-1e5")
        seen = history.complete(ENVIRONMENTS, deployed)
        assert "failed" not in {version.status.get("applicationStatus") for version in seen}
        assert "fetch failed" not in json.dumps([version.status for version in seen])
        deployed_is_never_said_too_early(history, NAME, "run-pipeline")

        environment.delete()
        environment.gone()
        assert environment.namespace() is None
        assert cluster.get(DEPLOYMENTS, "run-pipeline", NAME) is None
        uninstalled = history.deleted(SECRETS, "sh.helm.release.v1.run-pipeline.v1", NAME)
        assert uninstalled.at < history.deleted(NAMESPACES, NAME).at


def image_of(cluster: Cluster) -> str:
    """The image of the application's Deployment."""
    deployment = cluster.client.get(DEPLOYMENTS, "run-pipeline", namespace=NAME)
    return str(deployment["spec"]["template"]["spec"]["containers"][0]["image"])
