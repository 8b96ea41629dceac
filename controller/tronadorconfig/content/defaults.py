"""The objects of `spec.defaults`: limits on what an environment takes, and a wall between environments.

They are ordinary shared objects: applied, corrected and removed like those of `resources.manifests`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from controller.api.environment import ENVIRONMENT_LABEL
from controller.apimachinery.findings import Path
from controller.tronadorconfig.content.model import Manifest

LIMITS_NAME: Final = "tronador-defaults"
ISOLATION_NAME: Final = "tronador-isolation"
_QUOTA: Final = ("v1", "ResourceQuota", LIMITS_NAME)
_LIMIT_RANGE: Final = ("v1", "LimitRange", LIMITS_NAME)
_NETWORK_POLICY: Final = ("networking.k8s.io/v1", "NetworkPolicy", ISOLATION_NAME)
# Ingress controllers and monitoring are in namespaces of their own, which lack this label.
_ISOLATION: Final[Mapping[str, Any]] = {
    "podSelector": {},
    "policyTypes": ["Ingress"],
    "ingress": [
        {
            "from": [
                {"podSelector": {}},
                {"namespaceSelector": {"matchExpressions": [{"key": ENVIRONMENT_LABEL, "operator": "DoesNotExist"}]}},
            ]
        }
    ],
}


def manifests(
    path: Path, *, quota: Mapping[str, Any], limit_range: Mapping[str, Any], is_isolated: bool
) -> Iterator[Manifest]:
    """Yield the objects. `quota` and `limit_range` are their specs, {} for none; `path` is that of `spec.defaults`."""
    if quota:
        yield _manifest((*path, "resourceQuota"), _QUOTA, quota)
    if limit_range:
        yield _manifest((*path, "limitRange"), _LIMIT_RANGE, limit_range)
    if is_isolated:
        yield _manifest((*path, "isolate"), _NETWORK_POLICY, _ISOLATION)


def _manifest(path: Path, words: tuple[str, str, str], spec: Mapping[str, Any]) -> Manifest:
    api_version, kind, name = words
    body = {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, "spec": spec}
    return Manifest(path, *words, body, of_spec=True)
