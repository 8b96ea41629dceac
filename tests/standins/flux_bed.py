"""A namespace of a local cluster with Flux's objects for the sample application in it, for black-box tests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from controller.apimachinery.conditions import find
from controller.apimachinery.errors import NotFound
from controller.apimachinery.resources import CORE_EVENTS, NAMESPACES, SECRETS, Resource
from controller.client import Client
from controller.client.config import Connection
from hack.samples import make_application_repository
from hack.standins.flux.flux import Flux, Options
from hack.standins.flux.loop import Pace
from hack.standins.flux.resources import GIT_REPOSITORIES, HELM_RELEASES
from hack.standins.helm.storage import ReleaseStorage
from hack.standins.plays import Plays
from tests.standins.cluster_bed import DEADLINE, DEPLOYMENTS, URL, tag, until


class FluxBed:
    """One namespace, and the repository that its GitRepositories point to."""

    def __init__(self, connection: Connection, namespace: str, folder: Path) -> None:
        self.connection = connection
        self.client = client = Client(connection=connection, field_manager="flux")
        self.namespace = namespace
        self.folder = folder
        self.repo = make_application_repository(folder / "application")
        client.create(NAMESPACES, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}})

    @contextmanager
    def flux(self, **changes: Any) -> Iterator[Flux]:
        """The stand-in with short times, running while inside."""
        folder = self.folder / "flux"
        folder.mkdir(exist_ok=True)
        options: dict[str, Any] = {
            "folder": folder,
            "namespace": self.namespace,
            "git_rewrites": [(URL, str(self.repo.path))],
            "longest_interval": 0.3,
            "pace": Pace(first_retry=0.05, last_retry=0.2, workers=2),
            "plays": Plays(seconds={}, failing=[]),
        }
        flux = Flux(client=self.client, connection=self.connection, options=Options(**{**options, **changes}))
        flux.start()
        try:
            until(flux.has_synced, "the stand-in has seen what is there")
            yield flux
        finally:
            flux.stop(DEADLINE)

    def create_source(
        self, name: str = "run", *, annotations: dict[str, str] | None = None, **spec: Any
    ) -> dict[str, Any]:
        """A GitRepository of the sample application."""
        obj = {
            "apiVersion": GIT_REPOSITORIES.api_version,
            "kind": GIT_REPOSITORIES.kind,
            "metadata": {"name": name, "annotations": annotations or {}},
            "spec": {"url": URL, "interval": "1m0s", "ref": {"branch": "run-pipeline"}, **spec},
        }
        return self.client.create(GIT_REPOSITORIES, obj, namespace=self.namespace)

    def create_release(
        self,
        name: str = "run",
        *,
        annotations: dict[str, str] | None = None,
        chart: dict[str, Any] | None = None,
        **spec: Any,
    ) -> None:
        """A HelmRelease of the sample application."""
        template = {
            "chart": "deploy",
            "sourceRef": {"kind": "GitRepository", "name": "run"},
            "reconcileStrategy": "Revision",
            **(chart or {}),
        }
        obj = {
            "apiVersion": HELM_RELEASES.api_version,
            "kind": HELM_RELEASES.kind,
            "metadata": {"name": name, "annotations": annotations or {}},
            "spec": {
                "interval": "1m0s",
                "releaseName": name,
                **({} if "chartRef" in spec else {"chart": {"spec": template}}),
                "values": tag("one"),
                **spec,
            },
        }
        self.client.create(HELM_RELEASES, obj, namespace=self.namespace)

    def get(self, resource: Resource, name: str = "run") -> dict[str, Any]:
        """A live object."""
        return self.client.get(resource, name, namespace=self.namespace)

    def patch(
        self, resource: Resource, name: str = "run", *, annotations: dict[str, Any] | None = None, **spec: Any
    ) -> None:
        """Change an object."""
        body: dict[str, Any] = {"metadata": {"annotations": annotations or {}}, "spec": spec}
        self.client.patch(resource, name, body, namespace=self.namespace)

    def delete(self, resource: Resource, name: str = "run") -> None:
        """Delete an object."""
        self.client.delete(resource, name, namespace=self.namespace)

    def names(self, resource: Resource) -> list[str]:
        """Return the names of all objects of a kind in the namespace."""
        items = self.client.list(resource, namespace=self.namespace)["items"]
        return sorted(item["metadata"]["name"] for item in items)

    def gone(self, resource: Resource, name: str = "run") -> None:
        """Wait until an object is gone."""
        until(lambda: name not in self.names(resource), f"{resource} {name} gone")

    def namespace_gone(self) -> None:
        """Wait until the whole namespace is gone."""

        def gone() -> bool:
            try:
                self.client.get(NAMESPACES, self.namespace)
            except NotFound:
                return True
            return False

        until(gone, f"namespace {self.namespace} gone")

    def until(
        self, resource: Resource, holds: Callable[[dict[str, Any]], object], what: str, name: str = "run"
    ) -> dict[str, Any]:
        """The object as soon as `holds` does."""

        def held() -> dict[str, Any] | None:
            obj = self.get(resource, name)
            return obj if holds(obj) else None

        return until(held, f"{name}: {what}; it is {self.get(resource, name).get('status')}")

    def condition(self, resource: Resource, type_: str, status: str, reason: str, name: str = "run") -> dict[str, Any]:
        """The object as soon as it has that condition for its present generation."""

        def holds(obj: dict[str, Any]) -> bool:
            found = condition(obj, type_)
            generation = obj["metadata"]["generation"]
            current = found.get("observedGeneration") == generation
            if (type_, status) in (("Ready", "True"), ("Stalled", "True")):
                # The rest of the status follows the conditions.
                current = current and obj["status"].get("observedGeneration") == generation
            return current and (found["status"], found["reason"]) == (status, reason)

        return self.until(resource, holds, f"{type_}={status} {reason}", name)

    def ready(self, name: str = "run", tag: str = "") -> dict[str, Any]:
        """The HelmRelease as soon as its present generation is released (with that image tag in its values)."""

        def holds(obj: dict[str, Any]) -> bool:
            generation = obj["metadata"]["generation"]
            found = condition(obj, "Ready")
            now = obj["status"].get("observedGeneration") == generation == found.get("observedGeneration")
            return now and found["status"] == "True" and (not tag or self.image(name).endswith(f":{tag}"))

        return self.until(HELM_RELEASES, holds, f"ready {tag}", name)

    def stalled(self, reason: str, name: str = "run") -> dict[str, Any]:
        """The HelmRelease as soon as it is stalled."""
        return self.condition(HELM_RELEASES, "Stalled", "True", reason, name)

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
        return str(deployment["spec"]["template"]["spec"]["containers"][0]["image"])

    def secret(self, name: str, data: dict[str, str], **metadata: Any) -> None:
        """Create a Secret."""
        body = {"metadata": {"name": name, **metadata}, "stringData": data}
        self.client.create(SECRETS, body, namespace=self.namespace)

    def change_secret(self, name: str, data: dict[str, str]) -> None:
        """Change a Secret."""
        self.client.patch(SECRETS, name, {"stringData": data}, namespace=self.namespace)

    def interrupt(self, release: str, version: int, status: str) -> None:
        """Leave a revision as an operation leaves it that was killed."""
        storage = ReleaseStorage(client=self.client)
        found = next(each for each in storage.history(release, self.namespace) if each.version == version)
        storage.update(found.moved(status, "interrupted"))

    def delete_secret(self, name: str) -> None:
        """Delete a Secret."""
        self.client.delete(SECRETS, name, namespace=self.namespace)

    def event(self, reason: str, words: str) -> dict[str, Any]:
        """Wait for an Event."""

        def found() -> dict[str, Any] | None:
            events = self.client.list(CORE_EVENTS, namespace=self.namespace)["items"]
            return next((event for event in events if event["reason"] == reason and words in event["message"]), None)

        return until(found, f"an Event {reason}: {words}")


def condition(obj: dict[str, Any], type_: str) -> dict[str, Any]:
    """A condition, or an empty dict."""
    return dict(find((obj.get("status") or {}).get("conditions"), type_) or {})


def words(obj: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(type, status, reason) of all conditions, in their order."""
    return [(each["type"], each["status"], each["reason"]) for each in obj["status"]["conditions"]]
