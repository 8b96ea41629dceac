"""The labels of what the soak plants, and the values that it asks for. Pure."""

from __future__ import annotations

from typing import Any

from controller.api.environment import ENVIRONMENT_LABEL, ENVIRONMENTS
from controller.apimachinery import objects

# On a namespace that belongs to others.
FOREIGN = "soak.example.org/foreign"
# On an object that belongs to others, wherever it lies.
PLANTED = "soak.example.org/planted"
# The namespace label that authors change.
TEAM = "team"
TEAMS = ("red", "green", "blue")
# The first letters of a release that the engine never can install.
BAD = "bad-"
# The ConfigMap that TronadorConfig gives every environment.
SHARED = "soak-shared"


def environment(name: str, tag: str, release: str, labels: dict[str, str]) -> dict[str, Any]:
    """Return an EnvironmentProvisioner."""
    return {
        "apiVersion": ENVIRONMENTS.api_version,
        "kind": ENVIRONMENTS.kind,
        "metadata": {"name": name},
        "spec": {
            "namespaceLabels": labels,
            "application": {
                "release": {
                    "chart": {"git": "https://git.example.org/application", "path": "deploy", "ref": "main"},
                    "releaseName": release,
                    "values": {"image": {"tag": tag}},
                }
            },
        },
    }


def tag(spec: Any) -> str:
    """Return the image tag in the values of an environment's release or of a HelmRelease."""
    values = objects.mapping(objects.mapping(spec).get("values"))
    return str(objects.mapping(values.get("image")).get("tag", ""))


def is_ours(namespace: dict[str, Any] | None) -> bool:
    """Return whether the namespace has the label of the environment of its name."""
    return bool(namespace) and objects.labels(namespace or {}).get(ENVIRONMENT_LABEL) == objects.name(namespace or {})


def is_planted(obj: dict[str, Any]) -> bool:
    """Return whether an object belongs to others."""
    return PLANTED in objects.labels(obj)
