"""What exists of the environment right now, as the demonstration shows it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.api import problems
from controller.api.environment import ENVIRONMENTS
from controller.apimachinery.errors import ApiError, NotFound
from controller.apimachinery.resources import NAMESPACES, Resource
from controller.client import Client
from hack.demo.engines import Engine

DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment", namespaced=True)
APPLICATIONS = Resource("argoproj.io", "v1alpha1", "applications", "Application", namespaced=True)
ARGOCD, APPLICATION = "argocd", "tronador-environments"
KUBECTL = str(Path(sys.executable).parent / "kubectl")


@dataclass(frozen=True, slots=True)
class World:
    """One look: the environment's status, what was made for it, and what Argo CD says."""

    environment: dict[str, Any] | None
    exists: tuple[str, ...]
    images: tuple[str, ...]
    application: dict[str, Any] | None

    @property
    def sync(self) -> str:
        """Return the sync status in words, or "" until Argo CD has refreshed the Application."""
        status = (self.application or {}).get("status") or {}
        sync, operation = status.get("sync") or {}, status.get("operationState") or {}
        if not sync:
            return ""
        words = f"{sync['status']}, {(status.get('health') or {}).get('status', '-')}, {sync['revision'][:7]}"
        if operation.get("phase") in (None, "Succeeded"):
            return words
        # What it waits for has a long name, and there is only one.
        return f"{words}: {operation['message'].partition(' of ')[0]}"

    @property
    def line(self) -> str:
        """Return everything in one line."""
        return f"{self.state:<13}{self.phase:<38}{', '.join(self.exists) or 'nothing is left'}"

    @property
    def status(self) -> dict[str, Any]:
        return (self.environment or {}).get("status") or {}

    @property
    def state(self) -> str:
        return str(self.status.get("applicationStatus") or "-") if self.environment else "gone"

    @property
    def problem(self) -> str:
        """Return the first problem of its Pods, or ""."""
        return next(map(str, problems.of_status(self.status)), "")

    @property
    def phase(self) -> str:
        return str(self.status.get("currentPhase") or "-") if self.environment else "-"


def look(client: Client, engine: Engine, name: str) -> World:
    """Look at everything once. Raises ApiError when the cluster does not answer."""
    environment = _get(client, ENVIRONMENTS, name)
    exists = []
    if environment is not None:
        exists.append("EnvironmentProvisioner")
    if (namespace := _get(client, NAMESPACES, name)) is not None:
        exists.append(f"Namespace ({(namespace.get('status') or {}).get('phase', '?')})")
    releases = client.list(engine.releases, namespace=name).get("items") or ()
    exists += [f"HelmRelease {release['metadata']['name']} ({engine.state(release)})" for release in releases]
    deployments = client.list(DEPLOYMENTS, namespace=name).get("items") or ()
    exists += [f"Deployment {deployment['metadata']['name']}" for deployment in deployments]
    images = tuple(
        container["image"]
        for deployment in deployments
        for container in deployment["spec"]["template"]["spec"]["containers"]
    )
    return World(environment, tuple(exists), images, _get(client, APPLICATIONS, APPLICATION, namespace=ARGOCD))


def kubectl(kubeconfig: Path, *arguments: str) -> str:
    """Run kubectl and return what it prints. Raises subprocess.CalledProcessError with its stderr."""
    done = subprocess.run(
        [KUBECTL, "--kubeconfig", str(kubeconfig), *arguments], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip()


def is_served(client: Client, resource: Resource) -> bool:
    """Whether the cluster answers and serves the resource."""
    try:
        return client.has_resource(resource)
    except ApiError:
        return False


def _get(client: Client, resource: Resource, name: str, *, namespace: str = "") -> dict[str, Any] | None:
    try:
        return client.get(resource, name, namespace=namespace)
    except NotFound:
        return None
