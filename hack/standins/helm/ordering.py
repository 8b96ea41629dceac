"""The order in which Helm creates and removes the objects of a chart, and which of them are hooks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from controller.apimachinery import objects
from controller.apimachinery.objects import Object

HOOK = "helm.sh/hook"
HOOK_WEIGHT = "helm.sh/hook-weight"
HOOK_DELETE_POLICY = "helm.sh/hook-delete-policy"
RESOURCE_POLICY = "helm.sh/resource-policy"

# Helm's InstallOrder (pkg/release/util/kind_sorter.go); kinds that it does not name come after these, by name.
_INSTALL_ORDER = (
    "PriorityClass",
    "Namespace",
    "NetworkPolicy",
    "ResourceQuota",
    "LimitRange",
    "PodSecurityPolicy",
    "PodDisruptionBudget",
    "ServiceAccount",
    "Secret",
    "SecretList",
    "ConfigMap",
    "StorageClass",
    "PersistentVolume",
    "PersistentVolumeClaim",
    "CustomResourceDefinition",
    "ClusterRole",
    "ClusterRoleList",
    "ClusterRoleBinding",
    "ClusterRoleBindingList",
    "Role",
    "RoleList",
    "RoleBinding",
    "RoleBindingList",
    "Service",
    "DaemonSet",
    "Pod",
    "ReplicationController",
    "ReplicaSet",
    "Deployment",
    "HorizontalPodAutoscaler",
    "StatefulSet",
    "Job",
    "CronJob",
    "IngressClass",
    "Ingress",
    "APIService",
    "MutatingWebhookConfiguration",
    "ValidatingWebhookConfiguration",
)
_RANK = {kind: rank for rank, kind in enumerate(_INSTALL_ORDER)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """One rendered object: its template's path, its YAML text and the object itself."""

    path: str
    text: str
    object: Object


def in_install_order(manifests: Iterable[Manifest]) -> tuple[Manifest, ...]:
    """Sorted as Helm installs; among equals the files' order stays."""
    return tuple(sorted(manifests, key=lambda manifest: _rank(manifest.object)))


def in_uninstall_order(found: Iterable[Object]) -> tuple[Object, ...]:
    """Return the objects in the order in which Helm uninstalls them, without those that the chart wants to keep."""
    removable = [obj for obj in found if objects.annotations(obj).get(RESOURCE_POLICY) != "keep"]
    return tuple(sorted(removable, key=_rank, reverse=True))


def is_hook(manifest: Manifest) -> bool:
    """Whether Helm runs the object at an event instead of keeping it."""
    return HOOK in objects.annotations(manifest.object)


def hooks_for(event: str, hooks: Iterable[Object]) -> tuple[Object, ...]:
    """The hooks of an event (`pre-install`, `post-upgrade`, ...) in the order they run."""
    found = [hook for hook in hooks if event in _words(objects.annotations(hook).get(HOOK))]
    return tuple(sorted(found, key=lambda hook: (_weight(hook), _rank(hook), objects.name(hook))))


def hook_is_deleted(policy: str, hook: Object) -> bool:
    """Whether a hook is deleted at this point: `before-hook-creation` (Helm's default) or `hook-succeeded`."""
    policies = _words(objects.annotations(hook).get(HOOK_DELETE_POLICY)) or {"before-hook-creation"}
    return policy in policies


def _words(text: str | None) -> set[str]:
    return {word.strip() for word in (text or "").split(",") if word.strip()}


def _weight(hook: Object) -> int:
    try:
        return int(objects.annotations(hook).get(HOOK_WEIGHT) or 0)
    except ValueError:
        return 0


def _rank(obj: Object) -> tuple[int, str]:
    kind = str(obj.get("kind") or "")
    return (_RANK[kind], "") if kind in _RANK else (len(_RANK), kind)
