"""What every peer writes for an environment: the same objects and fields as the controller, as far as they cost."""

from __future__ import annotations

from typing import Any

from controller.api.environment import ENVIRONMENT_LABEL, FINALIZER

ENVIRONMENTS = "/apis/tronador.stakater.com/v1alpha1/environmentprovisioners"
RELEASES = "/apis/helm.fluxcd.io/v1/helmreleases"
NAMESPACES = "/api/v1/namespaces"
MERGE = "application/merge-patch+json"


def environment_path(name: str) -> str:
    """Return the path of an environment."""
    return f"{ENVIRONMENTS}/{name}"


def namespace_path(name: str) -> str:
    """Return the path of an environment's namespace."""
    return f"{NAMESPACES}/{name}"


def releases_path(name: str) -> str:
    """Return the path of the releases in an environment's namespace."""
    return f"/apis/helm.fluxcd.io/v1/namespaces/{name}/helmreleases"


def release_path(name: str) -> str:
    """Return the path of an environment's release."""
    return f"{releases_path(name)}/application"


def namespace(name: str) -> dict[str, Any]:
    """Return the namespace of an environment."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {ENVIRONMENT_LABEL: name}}}


def release(name: str, spec: Any) -> dict[str, Any]:
    """Return the release of an environment with this spec."""
    wanted = spec["application"]["release"]
    return {
        "apiVersion": "helm.fluxcd.io/v1",
        "kind": "HelmRelease",
        "metadata": {"name": "application", "namespace": name, "labels": {ENVIRONMENT_LABEL: name}},
        "spec": {**wanted, "helmVersion": "v3", "targetNamespace": name},
    }


def release_values(spec: Any) -> dict[str, Any]:
    """Return the patch that gives the release the values of this spec."""
    return {"spec": {"values": spec["application"]["release"]["values"]}}


def status(generation: int) -> dict[str, Any]:
    """Return the patch that calls this generation of an environment deployed."""
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "Deployed",
        "message": "Release application is deployed.",
        "observedGeneration": generation,
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    return {"status": {"applicationStatus": "deployed", "observedGeneration": generation, "conditions": [ready]}}


def finalizers(*names: str) -> dict[str, Any]:
    """Return the patch that leaves these finalizers on an environment."""
    return {"metadata": {"finalizers": list(names)}}


def is_held(obj: Any) -> bool:
    """Return whether our finalizer is on an environment."""
    return FINALIZER in (obj["metadata"].get("finalizers") or ())


def deployed_generation(release: Any) -> int | None:
    """Return the generation of a release that its engine has deployed, or None while that is not the current one."""
    found = release.get("status") or {}
    generation = release["metadata"].get("generation")
    done = found.get("phase") == "Succeeded" and found.get("observedGeneration") == generation
    return int(generation) if done else None
