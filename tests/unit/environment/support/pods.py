"""Pods and Events as kubelets, schedulers and controllers write them, reduced to the fields that we read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from controller.apimachinery.timestamps import to_time
from controller.environment.diagnosis.problems import find

NOW = datetime(2026, 3, 21, 12, 0, 0, tzinfo=UTC)
HASH = "7d4b9c8f5d"
# A Pod as Events name it: the default of `pod`.
POD = f"Pod/web-{HASH}-x2x7z"
# What a ReplicaSet is called, and how its complaint about a Pod that may not be created begins.
RS = f"ReplicaSet/web-{HASH}"
FORBIDDEN = f'Error creating: pods "web-{HASH}-abcde" is forbidden: '
LIMITED = {"resources": {"limits": {"memory": "128Mi"}}}
HTTP = {"httpGet": {"path": "/healthz", "port": 8080}}
REFUSED = "dial tcp 10.1.2.3:8080: connect: connection refused"


def ago(seconds: float) -> str:
    """A timestamp that many seconds before NOW."""
    return to_time(NOW - timedelta(seconds=seconds))


def pod(
    *statuses: Mapping[str, Any],
    workload: str = "Deployment/web",
    suffix: str = "x2x7z",
    revision: str = HASH,
    init: Sequence[Mapping[str, Any]] = (),
    phase: str = "Pending",
    scheduled: Mapping[str, Any] | None = None,
    created: float = 120,
    annotations: Mapping[str, str] | None = None,
    deleting: bool = False,
    **status: Any,
) -> dict[str, Any]:
    """A Pod of a workload. Each container is one of `container`; its key `spec` becomes its part of the spec."""
    kind, _, name = workload.partition("/")
    is_deployment = kind == "Deployment"
    owner = {"kind": "ReplicaSet", "name": f"{name}-{revision}"} if is_deployment else {"kind": kind, "name": name}
    own_name = name if kind == "Pod" else f"{owner['name']}-{suffix}"
    metadata: dict[str, Any] = {
        "name": own_name,
        "namespace": "shop-74",
        "uid": f"uid-{own_name}",
        "creationTimestamp": ago(created),
        "labels": {"pod-template-hash": revision} if is_deployment else {},
        "annotations": dict(annotations or {}),
    }
    if kind != "Pod":
        metadata["ownerReferences"] = [{"apiVersion": "v1", "controller": True, "uid": f"uid-{owner['name']}", **owner}]
    if deleting:
        metadata["deletionTimestamp"] = ago(1)
    return {
        "metadata": metadata,
        "spec": {
            "containers": [each["spec"] for each in statuses],
            "initContainers": [each["spec"] for each in init],
        },
        "status": {
            "phase": phase,
            "conditions": [{"type": "PodScheduled", "status": "True"} if scheduled is None else scheduled],
            "containerStatuses": [each["status"] for each in statuses if each["status"]],
            "initContainerStatuses": [each["status"] for each in init if each["status"]],
            **status,
        },
    }


def unscheduled(message: str, *, reason: str = "Unschedulable") -> dict[str, Any]:
    """The condition of a Pod that no node has taken."""
    return {"type": "PodScheduled", "status": "False", "reason": reason, "message": message}


def container(name: str = "web", image: str = "registry.example.com/web:1", **parts: Any) -> dict[str, Any]:
    """A container: `state`, `last` (the state before), `ready`, `started`, `restarts`, and the rest for its spec."""
    status: dict[str, Any] = {"name": name, "ready": parts.pop("ready", False)}
    status["restartCount"] = parts.pop("restarts", 0)
    status["state"] = parts.pop("state", {})
    if last := parts.pop("last", None):
        status["lastState"] = last
    if "started" in parts:
        status["started"] = parts.pop("started")
    return {"spec": {"name": name, "image": image, **parts}, "status": status}


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    """The state of a container that waits."""
    return {"waiting": {"reason": reason, **({"message": message} if message else {})}}


def ended(code: int, reason: str = "Error", message: str = "", at: float = 30) -> dict[str, Any]:
    """The state of a container that ended."""
    said = {"message": message} if message else {}
    return {"terminated": {"exitCode": code, "reason": reason, "finishedAt": ago(at), **said}}


def running(since: float = 100) -> dict[str, Any]:
    """The state of a container that runs."""
    return {"running": {"startedAt": ago(since)}}


def event(
    regarding: str, reason: str, message: str, *, path: str = "", at: float = 10, count: int = 1
) -> dict[str, Any]:
    """A Warning Event about `kind/name`; `path` as in `containers{web}`."""
    kind, _, name = regarding.partition("/")
    about = {"kind": kind, "name": name, "namespace": "shop-74", "uid": f"uid-{name}"}
    if path:
        about["fieldPath"] = f"spec.{path}"
    return {
        "metadata": {"name": f"{name}.18a2", "namespace": "shop-74"},
        "type": "Warning",
        "reason": reason,
        "message": message,
        "involvedObject": about,
        "lastTimestamp": ago(at),
        "count": count,
    }


def explain(
    pods: Sequence[Mapping[str, Any]], events: Sequence[Mapping[str, Any]] = (), *, since: float = 600
) -> list[str]:
    """The problems, each as one line. `since`: when the release was changed, in seconds before NOW."""
    return [str(found) for found in find(pods, events, since=NOW - timedelta(seconds=since), now=NOW)]


def crash(code: int, reason: str = "Error", message: str = "", **parts: Any) -> dict[str, Any]:
    """A container that crashes again and again."""
    return container("web", last=ended(code, reason, message), **CRASHED, **parts)


def job(*containers: Mapping[str, Any], phase: str = "Failed", suffix: str = "abcde", **more: Any) -> dict[str, Any]:
    """A Pod of the Job `migrate`."""
    return pod(*containers, workload="Job/migrate", suffix=suffix, phase=phase, **more)


# States of a container, and the container that waits for init containers.
CRASHED: dict[str, Any] = {
    "state": waiting("CrashLoopBackOff", "back-off 2m40s restarting failed container=web pod=x"),
    "restarts": 5,
}
PULL = {"state": waiting("ImagePullBackOff", 'Back-off pulling image "web:2": ErrImagePull: web:2: not found')}
INIT_WAITS = container("web", state=waiting("PodInitializing"))
