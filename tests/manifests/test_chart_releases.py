"""`manifests/chart` as a release: the real Helm installs, upgrades and uninstalls it on a local cluster."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from hack.chart.files import CHART
from hack.localcluster import LocalCluster
from hack.paths import MANIFESTS
from tests.kubectl import Kubectl
from tests.manifests.chart_values import EVERYTHING
from tests.manifests.helm import Chart, helm

ENVIRONMENTS = "environmentprovisioners.tronador.stakater.com"
DEFINITION = f"crds/tronador.stakater.com_{ENVIRONMENTS.partition('.')[0]}.yaml"


@pytest.fixture
def cluster():
    with LocalCluster() as cluster:
        yield cluster


@pytest.fixture
def kubectl(cluster, tmp_path):
    return Kubectl(cluster.kubeconfig, home=tmp_path)


def done(result):
    assert result.returncode == 0, result.stderr


def test_the_api_server_accepts_every_object_strictly(chart: Chart, kubectl: Kubectl) -> None:
    objects = [o for o in chart.render(EVERYTHING) if not o["apiVersion"].startswith("monitoring.coreos.com/")]
    kubectl("create", "namespace", "tronador-system")
    body = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    kubectl("apply", "--server-side", "--validate=strict", "-f", "-", stdin=body)


def test_the_api_server_accepts_the_kustomize_output_strictly(kubectl: Kubectl) -> None:
    kubectl("apply", "--server-side", "--validate=strict", "-k", str(MANIFESTS / "default"))


@pytest.mark.slow
def test_a_second_release_is_refused_and_leaves_no_objects(cluster: LocalCluster, kubectl: Kubectl) -> None:
    done(helm(cluster.kubeconfig, "install", namespace="first", name="one"))
    second = helm(cluster.kubeconfig, "install", namespace="second", name="two")
    assert second.returncode != 0
    assert "invalid ownership metadata" in second.stderr
    assert kubectl("get", "deployments", "-A", "-o", "name").split() == ["deployment.apps/tronador-controller"]
    [subject] = json.loads(kubectl("get", "clusterrolebinding/tronador-controller.first", "-o", "json"))["subjects"]
    assert subject["namespace"] == "first"


@pytest.mark.slow
def test_a_release_beside_an_installation_by_kustomize_is_refused(cluster: LocalCluster, kubectl: Kubectl) -> None:
    kubectl("apply", "-k", str(MANIFESTS / "default"))
    result = helm(cluster.kubeconfig, "install", namespace="second")
    assert "invalid ownership metadata" in result.stderr


@pytest.mark.slow
def test_environments_outlive_the_release_and_a_new_one_takes_them_over(
    cluster: LocalCluster, kubectl: Kubectl
) -> None:
    done(helm(cluster.kubeconfig, "install"))
    # Helm keeps the chart and what it made of it in a Secret, which takes 1 MiB.
    [kept] = json.loads(kubectl("get", "secrets", "-n", "tronador-system", "-l", "owner=helm", "-o", "json"))["items"]
    assert len(kept["data"]["release"]) < 500_000
    kubectl("apply", "-f", str(MANIFESTS / "samples/environmentprovisioner.yaml"))
    done(helm(cluster.kubeconfig, "uninstall"))

    left = kubectl("get", "crds,clusterroles,deployments,validatingadmissionpolicies", "-A", "-o", "name").split()
    ours = [name for name in left if "tronador" in name]
    assert [name.partition("/")[2] for name in ours] == [ENVIRONMENTS, "tronadorconfigs.tronador.stakater.com"]
    assert len(kubectl("get", ENVIRONMENTS, "-o", "name").split()) == 1
    done(helm(cluster.kubeconfig, "install"))


@pytest.mark.slow
def test_an_upgrade_upgrades_the_definitions_too(cluster: LocalCluster, kubectl: Kubectl, tmp_path: Path) -> None:
    older = shutil.copytree(CHART, tmp_path / "older")
    file = older / "files" / DEFINITION
    text = file.read_text()
    file.write_text(text.replace("shortNames: [envp]", "shortNames: [old]"))
    assert file.read_text() != text
    done(helm(cluster.kubeconfig, "install", chart=older))
    done(helm(cluster.kubeconfig, "upgrade", values={"replicas": 3}))
    assert short_names(kubectl) == ["envp"]
    deployment = json.loads(kubectl("get", "deployment/tronador-controller", "-n", "tronador-system", "-o", "json"))
    assert deployment["spec"]["replicas"] == 3
    # The way back to an earlier version, which leaves the definitions as they are.
    done(helm(cluster.kubeconfig, "upgrade", chart=older, values={"crds": {"install": False}}))
    assert short_names(kubectl) == ["envp"]


def short_names(kubectl: Kubectl) -> list[str]:
    definition = json.loads(kubectl("get", "crd", ENVIRONMENTS, "-o", "json"))
    return list(definition["spec"]["names"]["shortNames"])
