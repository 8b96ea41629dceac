"""A namespace of a local cluster with HelmReleases of the sample application in it, for black-box tests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from controller.apimachinery.errors import NotFound
from controller.apimachinery.resources import CORE_EVENTS, NAMESPACES, SECRETS, Resource
from controller.client import Client
from hack.samples import make_application_repository
from hack.standins.git.mirrors import MirrorTimes
from hack.standins.helm_operator.operator import HelmOperator, Options
from hack.standins.helm_operator.resource import HELM_RELEASES
from hack.standins.plays import Plays

T = TypeVar("T")

URL = "https://github.com/stakater-lab/application"
DEPLOYMENTS = Resource("apps", "v1", "deployments", "Deployment", namespaced=True)
SERVICES = Resource("", "v1", "services", "Service", namespaced=True)
CONFIG_MAPS = Resource("", "v1", "configmaps", "ConfigMap", namespaced=True)
DEADLINE = 30.0


def until(question: Callable[[], T], what: str) -> T:
    """The first truthy answer; fails after the deadline."""
    pause = threading.Event()
    deadline = time.monotonic() + DEADLINE
    while True:
        answer = question()
        if answer:
            return answer
        assert time.monotonic() < deadline, f"not within {DEADLINE:g}s: {what}"
        pause.wait(0.02)


class ClusterBed:
    """One namespace, and the repository that its HelmReleases point to."""

    def __init__(self, client: Client, namespace: str, folder: Path) -> None:
        self.client = client
        self.namespace = namespace
        self.folder = folder
        self.repo = make_application_repository(folder / "application")
        self.rewrites = [(URL, str(self.repo.path))]
        client.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})

    def options(self, **changes: Any) -> Options:
        """Short intervals, this namespace only."""
        folder = self.folder / "operator"
        folder.mkdir(exist_ok=True)
        options: dict[str, Any] = {
            "folder": folder,
            "git_rewrites": self.rewrites,
            "namespace": self.namespace,
            "sync_interval": 0.0,
            "status_interval": 0.1,
            "mirror": MirrorTimes(delay=0.1, retry=0.1, poll=600),
            "plays": Plays(seconds={}, failing=[]),
        }
        return Options(**{**options, **changes})

    @contextmanager
    def operator(self, **changes: Any) -> Iterator[HelmOperator]:
        """The operator, running while inside."""
        operator = HelmOperator(client=self.client, options=self.options(**changes))
        operator.start()
        try:
            until(operator.has_synced, "the operator has seen what is there")
            yield operator
        finally:
            operator.stop(DEADLINE)

    def create(self, name: str = "run", *, annotations: dict[str, str] | None = None, **spec: Any) -> None:
        """A HelmRelease of the sample application."""
        obj = {
            "apiVersion": HELM_RELEASES.api_version,
            "kind": HELM_RELEASES.kind,
            "metadata": {"name": name, "annotations": annotations or {}},
            "spec": {
                "helmVersion": "v3",
                "releaseName": name,
                "chart": {"git": URL, "path": "deploy", "ref": "run-pipeline"},
                "values": tag("one"),
                **spec,
            },
        }
        self.client.create(HELM_RELEASES, obj, namespace=self.namespace)

    def patch(self, name: str = "run", *, annotations: dict[str, Any] | None = None, **spec: Any) -> None:
        """Change a HelmRelease."""
        body: dict[str, Any] = {"metadata": {"annotations": annotations or {}}, "spec": spec}
        self.client.patch(HELM_RELEASES, name, body, namespace=self.namespace)

    def delete(self, name: str = "run") -> None:
        """Delete a HelmRelease."""
        self.client.delete(HELM_RELEASES, name, namespace=self.namespace)

    def status(self, name: str = "run") -> dict[str, Any]:
        """Return its status."""
        return self.client.get(HELM_RELEASES, name, namespace=self.namespace).get("status") or {}

    def reached(self, phase: str, name: str = "run") -> dict[str, Any]:
        """Wait until the present generation has ended in this phase; its status."""

        def ended() -> dict[str, Any] | None:
            obj = self.client.get(HELM_RELEASES, name, namespace=self.namespace)
            status = obj.get("status") or {}
            observed = status.get("observedGeneration") == obj["metadata"]["generation"]
            return status if observed and status.get("phase") == phase else None

        return until(ended, f"{name} in phase {phase}")

    def names(self, resource: Resource) -> list[str]:
        """Return the names of all objects of a kind in the namespace."""
        items = self.client.list(resource, namespace=self.namespace)["items"]
        return sorted(item["metadata"]["name"] for item in items)

    def storage(self) -> dict[str, str]:
        """Helm's storage Secrets: name -> status."""
        items = self.client.list(SECRETS, namespace=self.namespace, label_selector="owner=helm")["items"]
        return {item["metadata"]["name"]: item["metadata"]["labels"]["status"] for item in items}

    def image(self, name: str = "run") -> str:
        """Return the image of the Deployment, or "" if it does not exist."""
        try:
            deployment = self.client.get(DEPLOYMENTS, name, namespace=self.namespace)
        except NotFound:
            return ""
        return deployment["spec"]["template"]["spec"]["containers"][0]["image"]

    def event(self, reason: str, words: str) -> dict[str, Any]:
        """Wait for an Event."""

        def found() -> dict[str, Any] | None:
            events = self.client.list(CORE_EVENTS, namespace=self.namespace)["items"]
            return next((event for event in events if event["reason"] == reason and words in event["message"]), None)

        return until(found, f"an Event {reason}: {words}")


def tag(text: str) -> dict[str, Any]:
    """Values with an image tag."""
    return {"application": {"deployment": {"image": {"tag": text}}}}
