"""Environments as their users handle them: create, change, delete, and look at what became of them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from controller.api.environment import ENVIRONMENTS
from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery.errors import NotFound
from controller.apimachinery.resources import CORE_EVENTS, NAMESPACES, SECRETS
from controller.client import DeletePropagation
from tests.integration.support.clusters import Cluster
from tests.integration.support.real_flux import GIT_URL
from tests.integration.support.waiting import DEADLINE, eventually

RELEASE = "run-pipeline"


def manifest(name: str, *, spec: Mapping[str, Any] | None = None, **release: Any) -> dict[str, Any]:
    """An EnvironmentProvisioner; `release` are fields of its release, `spec` further fields of its spec."""
    return {
        "apiVersion": ENVIRONMENTS.api_version,
        "kind": ENVIRONMENTS.kind,
        "metadata": {"name": name},
        "spec": {
            "application": {
                "release": {
                    "chart": {"git": GIT_URL, "path": "deploy", "ref": RELEASE},
                    "releaseName": RELEASE,
                    "values": tag("one"),
                    **release,
                }
            },
            **copy.deepcopy(dict(spec or {})),
        },
    }


def tag(text: str) -> dict[str, Any]:
    """Values with an image tag."""
    return {"application": {"deployment": {"image": {"tag": text}}}}


class Environment:
    """One EnvironmentProvisioner by name, with what belongs to it."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self.cluster = cluster
        self.name = name

    def get(self) -> dict[str, Any]:
        """It itself, live. Raises NotFound."""
        return self.cluster.client.get(ENVIRONMENTS, self.name)

    def exists(self) -> bool:
        return self.cluster.get(ENVIRONMENTS, self.name) is not None

    def status(self) -> dict[str, Any]:
        return self.get().get("status") or {}

    def condition(self, type_: str) -> dict[str, Any]:
        """The condition of that type, or an empty dict."""
        return condition(self.get(), type_)

    def patch(self, spec: Mapping[str, Any]) -> dict[str, Any]:
        """Merge into its spec."""
        return self.cluster.client.patch(ENVIRONMENTS, self.name, {"spec": spec})

    def patch_release(self, **fields: Any) -> dict[str, Any]:
        """Merge into its release."""
        return self.patch({"application": {"release": fields}})

    def delete(self, propagation: DeletePropagation | None = None) -> None:
        """Ask for its deletion; it is gone when its teardown is over."""
        self.cluster.client.delete(ENVIRONMENTS, self.name, propagation=propagation)

    def namespace(self) -> dict[str, Any] | None:
        return self.cluster.get(NAMESPACES, self.name)

    def labels(self) -> dict[str, str]:
        """The labels of its namespace."""
        return dict((self.namespace() or {}).get("metadata", {}).get("labels") or {})

    def label_namespace(self, **labels: str | None) -> None:
        """Change its namespace's labels, as another person."""
        self.cluster.client.patch(NAMESPACES, self.name, {"metadata": {"labels": labels}})

    def helm_release(self, name: str = RELEASE) -> dict[str, Any] | None:
        return self.cluster.get(HELM_RELEASES, name, self.name)

    def patch_helm_release(self, body: Mapping[str, Any], name: str = RELEASE) -> None:
        """Change its HelmRelease, as another person."""
        self.cluster.client.patch(HELM_RELEASES, name, body, namespace=self.name)

    def storage(self, name: str = RELEASE) -> list[dict[str, Any]]:
        """Helm's storage Secrets of a release."""
        return self.cluster.list(SECRETS, self.name, label_selector=f"owner=helm,name={name}")

    def events(self) -> list[dict[str, Any]]:
        """The Events about it, in the order of their making."""
        uid = self.get()["metadata"]["uid"]
        found = [e for e in self.cluster.list(CORE_EVENTS, "default") if e["involvedObject"].get("uid") == uid]
        return sorted(found, key=lambda event: int(event["metadata"]["resourceVersion"]))

    def reasons(self) -> list[str]:
        """The reasons of these Events. They are posted beside the status, and may come a moment later."""
        return [event["reason"] for event in self.events()]

    def until(self, holds: Callable[[dict[str, Any]], object], what: str, deadline: float = DEADLINE) -> dict[str, Any]:
        """Return the object as soon as `holds` is true for it. A missing field counts as not yet."""

        def held() -> dict[str, Any] | None:
            with suppress(NotFound, KeyError):
                obj = self.get()
                return obj if holds(obj) else None
            return None

        return eventually(held, lambda: f"{what}; {self._story()}", deadline=deadline)

    def deployed(self, deadline: float = DEADLINE) -> dict[str, Any]:
        """It itself, as soon as the present generation is deployed."""
        return self.until(is_deployed, f"{self.name} is deployed", deadline)

    def stalled(self, reason: str) -> dict[str, Any]:
        """The condition Stalled, as soon as it is there with that reason."""
        obj = self.until(lambda o: is_true(o, "Stalled", reason), f"{self.name} is stalled: {reason}")
        return condition(obj, "Stalled")

    def resources(self, status: str, reason: str) -> dict[str, Any]:
        """The condition ResourcesReady of the present generation, as soon as it says that."""

        def holds(obj: dict[str, Any]) -> bool:
            found = condition(obj, "ResourcesReady")
            return is_current(obj) and (found["status"], found["reason"]) == (status, reason)

        return condition(self.until(holds, f"{self.name} has ResourcesReady={status}: {reason}"), "ResourcesReady")

    def failed(self) -> dict[str, Any]:
        """It itself, as soon as the present generation has failed."""
        return self.until(lambda o: is_current(o) and o["status"]["applicationStatus"] == "failed", "failed")

    def gone(self, deadline: float = DEADLINE) -> None:
        """Wait until it no longer exists."""
        eventually(lambda: not self.exists(), lambda: f"{self.name} is gone; {self._story()}", deadline=deadline)

    def _story(self) -> str:
        status = (self.cluster.get(ENVIRONMENTS, self.name) or {}).get("status")
        return f"its status is {json.dumps(status)}"


class Environments:
    """Makes environments, and sees to their removal where the cluster outlives the test."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def create(self, name: str = "pr-74", *, spec: Mapping[str, Any] | None = None, **release: Any) -> Environment:
        """Create one; see `manifest`."""
        return self.apply(manifest(self._cluster.name(name), spec=spec, **release))

    def apply(self, document: Mapping[str, Any]) -> Environment:
        """Create one from a whole document, under the very name that stands in it."""
        name = document["metadata"]["name"]
        self._cluster.track(name)
        self._cluster.client.create(ENVIRONMENTS, dict(document))
        return Environment(self._cluster, name)

    def named(self, name: str) -> Environment:
        """One that something else than the test makes."""
        self._cluster.track(name)
        return Environment(self._cluster, name)


def condition(obj: Mapping[str, Any], type_: str) -> dict[str, Any]:
    """The condition of that type, or an empty dict."""
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return next((dict(c) for c in conditions if c["type"] == type_), {})


def is_true(obj: Mapping[str, Any], type_: str, reason: str = "") -> bool:
    """Whether a condition is true for the present generation (and for that reason)."""
    found = condition(obj, type_)
    current = found.get("observedGeneration") == obj["metadata"]["generation"]
    return current and found["status"] == "True" and reason in ("", found["reason"])


def is_current(obj: Mapping[str, Any]) -> bool:
    """Whether the status speaks of the present generation."""
    return (obj.get("status") or {}).get("observedGeneration") == obj["metadata"]["generation"]


def is_deployed(obj: Mapping[str, Any]) -> bool:
    """Whether the status says that the present generation is deployed."""
    return is_current(obj) and obj["status"]["applicationStatus"] == "deployed" and is_true(obj, "Ready")
