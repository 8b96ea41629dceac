"""The TronadorConfig that counts, and what environments hold because of it."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import Any

from controller.api.tronador_config import CONFIG_NAME, TRONADOR_CONFIGS
from controller.apimachinery.resources import CONFIG_MAPS, SECRETS
from controller.app.options import Options
from controller.client import PatchType
from tests.integration.support.clusters import Cluster
from tests.integration.support.environments import condition
from tests.integration.support.waiting import eventually

OWN = Options().namespace


class SharedConfig:
    """The TronadorConfig of a cluster, and the Secrets beside it."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def apply(self, manifests: Sequence[Mapping[str, Any]] = (), **spec: Any) -> None:
        """Have it say this, and nothing else."""
        body = {
            "apiVersion": TRONADOR_CONFIGS.api_version,
            "kind": TRONADOR_CONFIGS.kind,
            "metadata": {"name": CONFIG_NAME, "namespace": OWN},
            "resources": {"manifests": list(manifests)},
            "spec": spec,
        }
        self._cluster.client.patch(
            TRONADOR_CONFIGS, CONFIG_NAME, body, namespace=OWN, patch_type=PatchType.APPLY, force=True
        )

    def remove(self) -> None:
        """Delete it."""
        self._cluster.client.delete(TRONADOR_CONFIGS, CONFIG_NAME, namespace=OWN)

    def put_secret(self, name: str, *, namespace: str = OWN, **content: str) -> None:
        """Create or change a Secret, of the controller's own namespace if nothing else is said."""
        data = {key: base64.b64encode(value.encode()).decode() for key, value in content.items()}
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace}, "data": data}
        self._cluster.client.patch(SECRETS, name, body, namespace=namespace, patch_type=PatchType.APPLY, force=True)

    def ready(self, status: str, reason: str) -> dict[str, Any]:
        """Its condition Ready, as soon as it is so for its present generation."""

        def found() -> dict[str, Any] | None:
            obj = self.read()
            ready = condition(obj, "Ready")
            current = ready.get("observedGeneration") == obj["metadata"]["generation"]
            return ready if current and (ready["status"], ready["reason"]) == (status, reason) else None

        return eventually(found, lambda: f"it is {status}, {reason}; its status is {self.read().get('status')}")

    def known(self) -> None:
        """Wait until the controller has it in its cache: only what is created then is deployed with all of it."""
        self.ready("True", "Accepted")

    def carried_by(self, count: int) -> None:
        """Wait until so many environments carry it."""
        eventually(
            lambda: (self.read().get("status") or {}).get("environments") == count,
            lambda: f"{count} environments carry it; its status is {self.read().get('status')}",
        )

    def read(self) -> dict[str, Any]:
        """It itself, live."""
        return self._cluster.client.get(TRONADOR_CONFIGS, CONFIG_NAME, namespace=OWN)

    def held(self, namespace: str, name: str, *, kind: str = "ConfigMap") -> dict[str, Any] | None:
        """Return the content of an object in an environment, decoded if it is a Secret; None if there is no object."""
        obj = self._cluster.get(SECRETS if kind == "Secret" else CONFIG_MAPS, name, namespace)
        if obj is None or kind != "Secret":
            return None if obj is None else dict(obj.get("data") or {})
        return {key: base64.b64decode(value).decode() for key, value in (obj.get("data") or {}).items()}


def config_map(name: str, **data: str) -> dict[str, Any]:
    """A manifest."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def secret(name: str, **content: str) -> dict[str, Any]:
    """A manifest with plain text in it."""
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": content}
