"""What the mutations start from: an environment and a TronadorConfig that use most fields, and a neighbour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from controller.api.environment import ENVIRONMENTS
from controller.api.tronador_config import CONFIG_NAME, TRONADOR_CONFIGS
from controller.apimachinery.resources import Resource
from controller.environment.options import EnvironmentOptions
from tests.mutations.values import deep

OWN: Final = EnvironmentOptions().own_namespace
# A namespace that environments may refer to.
SHARED: Final = "shared"
NAME: Final = "shop-74"
NEIGHBOUR: Final = "blog-5"
TRUSTED: Final = "github.com/acme"
# Secrets and ConfigMaps that exist in the controller's namespace and in the shared one.
ORIGINALS: Final = ("copied", "settings")


def _config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def _secret(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": {"password": "hunter2"}}


ENVIRONMENT: Final[Mapping[str, Any]] = {
    "metadata": {"name": NAME},
    "spec": {
        "suspend": False,
        "namespaceLabels": {"kind": "pr", "team": "gabbar"},
        "lifecycle": {"expireAfter": "7d"},
        "application": {
            "release": {
                "chart": {
                    "git": f"https://{TRUSTED}/shop",
                    "path": "deploy",
                    "ref": "feature",
                    "secretRef": {"name": "git-credentials"},
                },
                "releaseName": "shop",
                "values": {"application": {"image": {"tag": "1.0.0"}, "ports": [80, 443]}, "debug": True},
                "valuesFrom": [
                    {"configMapKeyRef": {"name": "settings", "namespace": SHARED, "key": "values.yaml"}},
                    {"secretKeyRef": {"name": "own", "optional": True}},
                    {"chartFileRef": {"path": "values-pr.yaml", "optional": True}},
                ],
                "timeout": 300,
                "maxHistory": 5,
                "wait": False,
                "rollback": {"enable": True, "retry": True, "maxRetries": 3, "timeout": 60},
                "test": {"enable": True, "timeout": 60},
            }
        },
    },
}

CONFIG: Final[Mapping[str, Any]] = {
    "metadata": {"name": CONFIG_NAME, "namespace": OWN},
    "resources": {"manifests": [_config_map("proxy", url="http://proxy"), _secret("registry")]},
    "spec": {
        "mappings": [
            {"repos": [f"{TRUSTED}/shop", "elsewhere"], "authSecret": "shop-git", "imagePullSecret": "shop-pull"},
        ],
        "secrets": [_secret("shop-git"), _secret("shop-pull"), _secret("all-git"), _secret("all-pull")],
        "orgLevelSecrets": {"authSecret": "all-git", "imagePullSecret": "all-pull"},
        "copySecrets": [{"name": "copied", "repos": [f"{TRUSTED}/shop"]}],
        "defaults": {
            "resourceQuota": {"hard": {"pods": "20"}},
            "limitRange": {"limits": [{"type": "Container", "default": {"memory": "256Mi"}}]},
            "isolate": True,
        },
    },
}

NEIGHBOURS_SPEC: Final[Mapping[str, Any]] = {
    "application": {"release": {"chart": {"git": f"https://{TRUSTED}/blog", "path": "."}, "values": {"tag": "1"}}}
}

DOCUMENTS: Final[Mapping[Resource, Mapping[str, Any]]] = {ENVIRONMENTS: ENVIRONMENT, TRONADOR_CONFIGS: CONFIG}

# Values that a schema cannot know: what the server admits and the policy decides about, and names that exist.
MORE: Final[Mapping[str, tuple[Any, ...]]] = {
    "spec.lifecycle.expireAfter": ("never", "1s"),
    "spec.namespaceLabels": (
        {"app.kubernetes.io/managed-by": "me"},
        {"tronador.stakater.com/environment": "other"},
        {"pod-security.kubernetes.io/enforce": "privileged"},
    ),
    "spec.application.release.chart.git": ("https://github.com/else/where", "git@github.com:acme/shop"),
    "spec.application.release.chart.secretRef.namespace": (NAME, SHARED, NEIGHBOUR),
    "spec.application.release.valuesFrom[].secretKeyRef.namespace": (NAME, SHARED, NEIGHBOUR),
    "spec.application.release.valuesFrom[].secretKeyRef.name": ("copied",),
    "spec.application.release.valuesFrom[].secretKeyRef": ({"name": "copied", "namespace": SHARED},),
    "spec.application.release.values": (deep(99),),
    "spec.mappings[].authSecret": ("all-git",),
    "spec.mappings[].imagePullSecret": ("all-pull",),
    "spec.mappings[].repos[]": ("shop", f"{TRUSTED}/blog", "https://a.b/c/d"),
    "spec.copySecrets[].name": ("settings",),
    "spec.copySecrets[].repos[]": ("blog", f"{TRUSTED}/blog"),
}
