"""Tronador as a new user installs it, by kubectl and by Helm: its pod works with exactly what the two install."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from controller.api.environment import ENVIRONMENTS
from controller.api.tronador_config import CONFIG_NAME, TRONADOR_CONFIGS
from controller.app.options import Options
from controller.client import Client
from controller.client.config import load
from hack.localcluster import LocalCluster
from hack.standins import crds
from hack.standins.flux.double import FluxDouble
from hack.standins.plays import Plays
from tests.integration.support.clusters import CONFIG_MAPS, DEPLOYMENTS, ROOT
from tests.integration.support.environments import condition, is_deployed
from tests.integration.support.judge import judging
from tests.integration.support.pods import Pod, running_pod
from tests.integration.support.variables import REAL_KUBECONFIG
from tests.integration.support.waiting import DEADLINE, eventually
from tests.kubectl import Kubectl
from tests.manifests.helm import helm

pytestmark = pytest.mark.skipif(bool(REAL_KUBECONFIG), reason="a real cluster has an installation already")
OWN = Options().namespace
SAMPLE = "stakater-nordmart-inventory-74"
Install = Callable[[LocalCluster, Kubectl], None]


def by_kubectl(cluster: LocalCluster, kubectl: Kubectl) -> None:
    kubectl("apply", "-k", str(ROOT / "manifests/default"))


def by_helm(cluster: LocalCluster, kubectl: Kubectl) -> None:
    done = helm(cluster.kubeconfig, "install")
    assert done.returncode == 0, done.stderr


# What TronadorConfig's sample shares beside built-in kinds.
EXTERNAL_SECRETS = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "externalsecrets.external-secrets.io"},
    "spec": {
        "group": "external-secrets.io",
        "names": {"kind": "ExternalSecret", "plural": "externalsecrets", "singular": "externalsecret"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                },
            }
        ],
    },
}


@contextmanager
def answering_engine(client: Client) -> Iterator[None]:
    """Flux's double, which answers at once."""
    engine = FluxDouble(client=client, plays=Plays(seconds={}, failing=[]))
    engine.start()
    try:
        yield
    finally:
        engine.stop(DEADLINE)


@pytest.mark.slow
@pytest.mark.parametrize("install", [by_kubectl, by_helm])
def test_the_pod_reconciles_the_samples_with_its_own_arguments_and_rights(install: Install, tmp_path: Path) -> None:
    with LocalCluster() as cluster, judging(cluster) as judge, connected(cluster) as client:
        kubectl = Kubectl(cluster.kubeconfig, home=tmp_path)
        definitions = [*crds.definitions(), EXTERNAL_SECRETS]
        kubectl("apply", "-f", "-", stdin=json.dumps({"apiVersion": "v1", "kind": "List", "items": definitions}))
        install(cluster, kubectl)
        kubectl("create", "secret", "generic", "common-registry", "--from-literal=key=value", "-n", OWN)
        kubectl("create", "secret", "generic", "nordmart-git", "--from-literal=key=value", "-n", OWN)
        kubectl("apply", "-f", str(ROOT / "manifests/samples"))

        template = client.get(DEPLOYMENTS, "tronador-controller", namespace=OWN)["spec"]["template"]
        running = running_pod(template, namespace=OWN, admin=cluster.kubeconfig, folder=tmp_path)
        with answering_engine(client), running as pod:
            eventually(lambda: is_deployed(client.get(ENVIRONMENTS, SAMPLE)), lambda: _story(client, pod))
            eventually(lambda: _accepted(client), lambda: _story(client, pod))
            assert client.get(CONFIG_MAPS, "proxy", namespace=SAMPLE)["data"]
            [container] = template["spec"]["containers"]
            for probe in ("startup", "liveness", "readiness"):
                get = container[f"{probe}Probe"]["httpGet"]
                assert _status(pod, get["port"], get["path"]) == 200
            assert _status(pod, "metrics", "/metrics") == 200
            assert pod.stop() == 0, pod.log.read_text()
        refused = [(entry.user, entry.verb, entry.path) for entry in cluster.audit.entries() if entry.code == 403]
    assert refused == []
    assert judge.refused == []
    assert judge.judged


@contextmanager
def connected(cluster: LocalCluster) -> Iterator[Client]:
    client = Client(connection=load(kubeconfig=str(cluster.kubeconfig)), user_agent="tests")
    try:
        yield client
    finally:
        client.close()


def _accepted(client: Client) -> bool:
    ready = condition(client.get(TRONADOR_CONFIGS, CONFIG_NAME, namespace=OWN), "Ready")
    return (ready.get("status"), ready.get("reason")) == ("True", "Accepted")


def _status(pod: Pod, port: str, path: str) -> int:
    with urllib.request.urlopen(f"http://127.0.0.1:{pod.ports[port]}{path}", timeout=10) as answer:
        return int(answer.status)


def _story(client: Client, pod: Pod) -> str:
    found = [client.get(ENVIRONMENTS, SAMPLE), client.get(TRONADOR_CONFIGS, CONFIG_NAME, namespace=OWN)]
    return f"the samples are reconciled; {[obj.get('status') for obj in found]}; the pod printed {pod.log.read_text()}"
