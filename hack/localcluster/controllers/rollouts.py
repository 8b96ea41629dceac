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
    """Writes the status of Deployments, StatefulSets, DaemonSets, ReplicaSets and Jobs.

    `with_pods`: Deployments and ReplicaSets have Pods, so somebody else does it for them.
    """

    def __init__(self, registry: Registry, *, with_pods: bool = False) -> None:
        self._registry = registry
        self._status = {resource: of for resource, of in _STATUS.items() if not (with_pods and resource in _WITH_PODS)}

    def react(self, resource: GroupPlural, change: Change) -> None:
        """Handle one change."""
        status_of = self._status.get(resource)
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


def deployment_status(obj: Object, ready: int) -> Object:
    """Return the status of a Deployment of which so many Pods are ready."""
    count = obj["spec"].get("replicas", 1)
    return _deployment_rolled_out(obj, count) if ready >= count else _deployment_under_way(obj, count)


def replica_set_status(obj: Object, ready: int) -> Object:
    """Return the status of a ReplicaSet of which so many Pods are ready."""
    count = obj["spec"].get("replicas", 1)
    numbers = {**_counts(count, "fullyLabeledReplicas"), **_counts(ready, "readyReplicas", "availableReplicas")}
    return {"observedGeneration": obj["metadata"]["generation"], "replicas": count, **numbers}


def _deployment(obj: Object) -> Object:
    containers = obj["spec"]["template"]["spec"]["containers"]
    is_ready = not any(each["image"].endswith(_NEVER_READY) for each in containers)
    return deployment_status(obj, obj["spec"].get("replicas", 1) if is_ready else 0)


def _deployment_rolled_out(obj: Object, count: int) -> Object:
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
    return replica_set_status(obj, obj["spec"].get("replicas", 1))


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


_WITH_PODS = frozenset({(_APPS, "deployments"), (_APPS, "replicasets")})
_STATUS: dict[GroupPlural, Callable[[Object], Object]] = {
    (_APPS, "deployments"): _deployment,
    (_APPS, "statefulsets"): _stateful_set,
    (_APPS, "daemonsets"): _daemon_set,
    (_APPS, "replicasets"): _replica_set,
    (_BATCH, "jobs"): _job,
}
