"""The pod of the controller's Deployment."""

from __future__ import annotations

from typing import Any

from tests.manifests.kustomize import rendered


def pod_template() -> dict[str, Any]:
    """Return the pod template of the Deployment in manifests/default."""
    [deployment] = [obj for obj in rendered("default") if obj["kind"] == "Deployment"]
    return deployment["spec"]["template"]
