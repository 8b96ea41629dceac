"""Rollouts without pods: marks workloads as rolled out, so that waiting for them works.

There are no nodes here and nothing runs. A workload whose spec changed is reported, once, as a healthy cluster would
report it at the end. A Deployment of an image with the tag `never-ready` is reported as it would be in between.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..clock import now_seconds
from ..objects import Object, is_deleting, name_of, namespace_of
from ..registry.registry import Registry
from ..storage.changes import Change
from ..storage.store import GroupPlural
from .writing import rewrite

_APPS = "apps"
_BATCH = "batch"
_NEVER_READY = ":never-ready"


class RolloutController:
    """Writes the status of Deployments, StatefulSets, DaemonSets, ReplicaSets and Jobs."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def react(self, resource: GroupPlural, change: Change) -> None:
        """Handle one change."""
        status_of = _STATUS.get(resource)
        if status_of is None or change.kind == "DELETED":
            return
        namespace, name = namespace_of(change.obj), name_of(change.obj)
        live = self._registry.store.get(resource, namespace, name)
        if live is None or is_deleting(live) or _observed(live):
            return

        def edit(wanted: Object) -> None:
            wanted["status"] = status_of(wanted)

        rewrite(
            self._registry,
            self._registry.catalog.of_storage(resource),
            namespace,
            name,
            edit,
            subresource="status",
        )


def _observed(obj: Object) -> bool:
    status = obj.get("status") or {}
    if "observedGeneration" in status:
        return bool(status["observedGeneration"] >= obj["metadata"].get("generation", 0))
    return bool(status.get("succeeded"))


def _deployment(obj: Object) -> Object:
    count = obj["spec"].get("replicas", 1)
    if count and any(each["image"].endswith(_NEVER_READY) for each in obj["spec"]["template"]["spec"]["containers"]):
        return _deployment_under_way(obj, count)
    available = "Deployment has minimum availability."
    progress = f'ReplicaSet "{name_of(obj)}" has successfully progressed.'
    return {
        "observedGeneration": obj["metadata"]["generation"],
        **_counts(count, "replicas", "updatedReplicas", "readyReplicas", "availableReplicas"),
        "conditions": [
            _condition("Available", "MinimumReplicasAvailable", available),
            _condition("Progressing", "NewReplicaSetAvailable", progress),
        ],
    }


def _deployment_under_way(obj: Object, count: int) -> Object:
    available = "Deployment does not have minimum availability."
    progress = f'ReplicaSet "{name_of(obj)}" is progressing.'
    return {
        "observedGeneration": obj["metadata"]["generation"],
        **_counts(count, "replicas", "updatedReplicas", "unavailableReplicas"),
        "conditions": [
            _condition("Available", "MinimumReplicasUnavailable", available, status="False"),
            _condition("Progressing", "ReplicaSetUpdated", progress),
        ],
    }


def _stateful_set(obj: Object) -> Object:
    count = obj["spec"].get("replicas", 1)
    revision = f"{name_of(obj)}-{obj['metadata']['generation']}"
    numbers = _counts(count, "replicas", "readyReplicas", "currentReplicas", "updatedReplicas")
    return {
        "observedGeneration": obj["metadata"]["generation"],
        **numbers,
        "replicas": count,
        "availableReplicas": count,
        "currentRevision": revision,
        "updateRevision": revision,
        "collisionCount": 0,
    }


def _daemon_set(obj: Object) -> Object:
    fields = ("currentNumberScheduled", "desiredNumberScheduled", "numberReady", "numberMisscheduled")
    return {"observedGeneration": obj["metadata"]["generation"], **dict.fromkeys(fields, 0)}


def _replica_set(obj: Object) -> Object:
    count = obj["spec"].get("replicas", 1)
    numbers = _counts(count, "fullyLabeledReplicas", "readyReplicas", "availableReplicas")
    return {"observedGeneration": obj["metadata"]["generation"], "replicas": count, **numbers}


def _job(obj: Object) -> Object:
    now = now_seconds()
    return {
        "startTime": now,
        "completionTime": now,
        "succeeded": obj["spec"].get("completions", 1),
        "ready": 0,
        "conditions": [_condition("Complete", "CompletionsReached", "Reached expected number of succeeded pods")],
    }


def _counts(count: int, *names: str) -> dict[str, int]:
    return dict.fromkeys(names, count) if count else {}


def _condition(kind: str, reason: str, message: str, *, status: str = "True") -> dict[str, Any]:
    now = now_seconds()
    condition = {"type": kind, "status": status, "lastTransitionTime": now, "reason": reason, "message": message}
    return {**condition, ("lastProbeTime" if kind == "Complete" else "lastUpdateTime"): now}


_STATUS: dict[GroupPlural, Callable[[Object], Object]] = {
    (_APPS, "deployments"): _deployment,
    (_APPS, "statefulsets"): _stateful_set,
    (_APPS, "daemonsets"): _daemon_set,
    (_APPS, "replicasets"): _replica_set,
    (_BATCH, "jobs"): _job,
}
