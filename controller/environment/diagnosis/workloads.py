"""Who owns a Pod. Only Pods and Events are read, so the owner of an owner follows from its name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.environment.diagnosis.finding import Workload

# Labels of Pods with the hash that ends the name of their ReplicaSet, and the owner of that ReplicaSet.
_HASH_LABELS: Final = {"pod-template-hash": "Deployment", "rollouts-pod-template-hash": "Rollout"}
# How Kubernetes writes such a hash: it has no vowels, and no digits that look like them.
_HASH: Final = re.compile(r"-[bcdfghjklmnpqrstvwxz2456789]{5,10}$")
# A CronJob names its Jobs by the minute of their start.
_MINUTE: Final = re.compile(r"-\d{8,10}$")
_HOOK: Final = "helm.sh/hook"
# What charts usually label their Pods with: the name of the release.
_RELEASE: Final = "app.kubernetes.io/instance"
JOB: Final = "Job"
CRON_JOB: Final = "CronJob"


def of_pod(pod: Object) -> Workload:
    """Return the workload of a Pod, or the Pod itself if nothing owns it."""
    owner = _owner(pod)
    kind, name = objects.text(owner.get("kind")), objects.text(owner.get("name"))
    for label, above in _HASH_LABELS.items():
        end = f"-{objects.labels(pod).get(label)}"
        if kind == "ReplicaSet" and name.endswith(end):
            return Workload(above, name.removesuffix(end))
    return of_object(kind, name) if kind and name else Workload("Pod", objects.name(pod))


def of_object(kind: str, name: str) -> Workload:
    """Return the workload of an object that creates Pods."""
    if kind == "ReplicaSet" and (shorter := _HASH.sub("", name)) != name:
        return Workload("Deployment", shorter)
    if kind == JOB and (shorter := _MINUTE.sub("", name)) != name:
        return Workload(CRON_JOB, shorter)
    return Workload(kind, name)


def revision(pod: Object) -> str:
    """Return what distinguishes the Pods of one revision of a Deployment from those of another, or ""."""
    return next((text for label in _HASH_LABELS if (text := objects.labels(pod).get(label))), "")


def ends(pod: Object, workload: Workload) -> bool:
    """Return whether a Pod is meant to end: that of a Job, or a hook of Helm."""
    return workload.kind in (JOB, CRON_JOB) or _HOOK in objects.annotations(pod)


def is_foreign(pod: Object, release: str) -> bool:
    """Return whether a Pod says that it belongs to another release. None does if `release` is ""."""
    return bool(release) and objects.labels(pod).get(_RELEASE, release) != release


def _owner(pod: Object) -> Mapping[str, Any]:
    owners = objects.mappings(objects.metadata(pod).get("ownerReferences"))
    return next((owner for owner in owners if owner.get("controller")), owners[0] if owners else {})
