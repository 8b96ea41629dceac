"""The cluster that a test talks to: a local one of its own, or the real one that TRONADOR_TEST_KUBECONFIG names.

Tests use nothing but the Kubernetes API, so that they run against both. On a real cluster names carry a random ending
and everything that was made is removed after the test, whatever state a failure left it in.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from controller.api import flux
from controller.api.environment import ENVIRONMENTS
from controller.api.helm_operator import HELM_RELEASES
from controller.api.tronador_config import TRONADOR_CONFIGS
from controller.apimachinery.errors import NotFound
from controller.apimachinery.resources import NAMESPACES, Resource
from controller.client import Client, PatchType
from controller.client.config import load
from hack.localcluster import LocalCluster, Options
from hack.standins import crds
from tests.integration.support import accounts
from tests.integration.support.waiting import eventually

ROOT = Path(__file__).parents[3]
DEFINITIONS = crds.CRDS
DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment", namespaced=True)
CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap", namespaced=True)
REAL_KUBECONFIG = os.environ.get("TRONADOR_TEST_KUBECONFIG", "")


class Cluster:
    """A running cluster.

    Attributes:
        kubeconfig: leads to it with the rights of an administrator.
        controller_kubeconfig: leads to it as the controller's own service account, with what manifests/rbac grants.
        client: the test's own hands.
        local: the local cluster with its hooks and audit log, or None for a real one.
    """

    def __init__(self, *, kubeconfig: Path, local: LocalCluster | None) -> None:
        self.kubeconfig = kubeconfig
        self.local = local
        self.client = self.connect("tests")
        self._folder = TemporaryDirectory(prefix="cluster-")
        self.controller_kubeconfig = accounts.install(self.client, admin=kubeconfig, folder=Path(self._folder.name))
        self._ending = "" if local else f"-{secrets.token_hex(3)}"
        self._made: set[str] = set()

    def connect(self, user_agent: str) -> Client:
        """Another client, for another program; the caller closes it."""
        return Client(connection=load(kubeconfig=str(self.kubeconfig)), user_agent=user_agent, field_manager=user_agent)

    def name(self, text: str) -> str:
        """A name that nobody else uses; what bears it is removed after the test."""
        name = f"{text}{self._ending}"
        self.track(name)
        return name

    def track(self, name: str) -> None:
        """Remove the environment and the namespace of this name after the test."""
        self._made.add(name)

    def get(self, resource: Resource, name: str, namespace: str = "") -> dict[str, Any] | None:
        """The live object, or None."""
        try:
            return self.client.get(resource, name, namespace=namespace)
        except NotFound:
            return None

    def list(self, resource: Resource, namespace: str = "", *, label_selector: str = "") -> list[dict[str, Any]]:
        """All live objects."""
        try:
            return list(self.client.list(resource, namespace=namespace, label_selector=label_selector)["items"])
        except NotFound:
            return []

    def create_namespace(self, name: str, **metadata: Any) -> dict[str, Any]:
        """A namespace that belongs to somebody else."""
        self.track(name)
        body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, **metadata}}
        return self.client.create(NAMESPACES, body)

    def install(self, definition: dict[str, Any]) -> None:
        """Apply a CustomResourceDefinition and wait until it is served."""
        name = definition["metadata"]["name"]
        self.client.patch(DEFINITIONS, name, definition, patch_type=PatchType.APPLY, force=True)
        group, names = definition["spec"]["group"], definition["spec"]["names"]
        for version in definition["spec"]["versions"]:
            resource = Resource(group, version["name"], names["plural"], names["kind"], namespaced=True)
            eventually(lambda resource=resource: self.client.has_resource(resource), f"{name} is served")

    def uninstall(self, definition: dict[str, Any]) -> None:
        """Remove a CustomResourceDefinition with all its objects, and wait until it is gone."""
        name = definition["metadata"]["name"]
        with suppress(NotFound):
            self.client.delete(DEFINITIONS, name)
        eventually(lambda: self.get(DEFINITIONS, name) is None, f"{name} is gone")

    def clean_up(self) -> None:
        """Remove what was made, without the help of a controller."""
        for name in self._made:
            with suppress(NotFound):
                self.client.delete(ENVIRONMENTS, name)
                self.client.patch(ENVIRONMENTS, name, {"metadata": {"finalizers": None}})
            with suppress(NotFound):
                for resource in (HELM_RELEASES, flux.HELM_RELEASES, flux.GIT_REPOSITORIES):
                    for obj in self.list(resource, name):
                        self.client.delete(resource, obj["metadata"]["name"], namespace=name)
                self.client.delete(NAMESPACES, name)
        for name in self._made:
            eventually(lambda name=name: self.get(NAMESPACES, name) is None, f"namespace {name} is gone")

    def close(self) -> None:
        """Let go of the connections."""
        self.client.close()
        self._folder.cleanup()


def environment_definition() -> dict[str, Any]:
    """Our CustomResourceDefinition of environments."""
    return _definition(ENVIRONMENTS)


def config_definition() -> dict[str, Any]:
    """Our CustomResourceDefinition of the shared configuration."""
    return _definition(TRONADOR_CONFIGS)


def _definition(resource: Resource) -> dict[str, Any]:
    return yaml.safe_load((ROOT / "manifests" / "crds" / f"{resource.group}_{resource.plural}.yaml").read_text())


def helm_release_definition() -> dict[str, Any]:
    """The Helm Operator's."""
    return next(d for d in crds.definitions() if d["spec"]["group"] == HELM_RELEASES.group)


@contextmanager
def running_cluster(options: Options | None = None) -> Iterator[Cluster]:
    """A cluster without any CustomResourceDefinition of ours if it is a local one, else as it is."""
    if REAL_KUBECONFIG:
        cluster = Cluster(kubeconfig=Path(REAL_KUBECONFIG).expanduser(), local=None)
        try:
            yield cluster
        finally:
            cluster.clean_up()
            cluster.close()
        return
    with LocalCluster(options) as local:
        cluster = Cluster(kubeconfig=local.kubeconfig, local=local)
        try:
            yield cluster
        finally:
            cluster.close()
