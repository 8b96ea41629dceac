"""What `kubectl get` shows of built-in kinds (kubernetes/pkg/printers/internalversion, the common kinds)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ..clock import age
from ..objects import Object


@dataclass(frozen=True, slots=True)
class Row:
    """One column of one kind; `cell` None stands for the age of the object."""

    name: str
    type: str
    cell: Callable[[Object], Any] | None
    description: str = ""
    priority: int = 0


_AGE = Row("Age", "string", None)


def _dig(obj: Object, path: str, default: Any = None) -> Any:
    value: Any = obj
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
        if value is None:
            return default
    return value


def _at(path: str, default: Any = "") -> Callable[[Object], Any]:
    return lambda obj: _dig(obj, path, default)


def _count(*paths: str) -> Callable[[Object], Any]:
    return lambda obj: sum(len(_dig(obj, path, ())) for path in paths)


def _ratio(have: str, want: str, default: int = 0) -> Callable[[Object], Any]:
    return lambda obj: f"{_dig(obj, have, 0)}/{_dig(obj, want, default)}"


def _joined(items: Any, show: Callable[[Any], str], empty: str = "<none>") -> str:
    return ",".join(show(item) for item in items or ()) or empty


def _namespace_phase(obj: Object) -> str:
    return str(_dig(obj, "status.phase", ""))


def _containers(field: str) -> Callable[[Object], Any]:
    return lambda obj: _joined(_dig(obj, "spec.template.spec.containers"), lambda one: str(one.get(field, "")), "")


def _selector(obj: Object) -> str:
    found = _dig(obj, "spec.selector", {})
    labels = found.get("matchLabels", found) if isinstance(found, dict) else {}
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items())) or "<none>"


def _port(port: dict[str, Any]) -> str:
    node = f":{port['nodePort']}" if port.get("nodePort") else ""
    return f"{port.get('port')}{node}/{port.get('protocol', 'TCP')}"


def _external(obj: Object) -> str:
    if _dig(obj, "spec.type") == "ExternalName":
        return str(_dig(obj, "spec.externalName", ""))
    if _dig(obj, "spec.type") == "LoadBalancer":
        return "<pending>"
    return "<none>"


def _event_object(obj: Object) -> str:
    about = obj.get("involvedObject") or obj.get("regarding") or {}
    return f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}"


def _event_seen(obj: Object) -> str:
    last = obj.get("lastTimestamp") or obj.get("deprecatedLastTimestamp") or obj.get("eventTime")
    observed = (obj.get("series") or {}).get("lastObservedTime")
    return age(observed or last or obj["metadata"].get("creationTimestamp"))


def _binding_role(obj: Object) -> str:
    return f"{_dig(obj, 'roleRef.kind', '')}/{_dig(obj, 'roleRef.name', '')}"


def _subjects(kind: str) -> Callable[[Object], Any]:
    def show(subject: dict[str, Any]) -> str:
        prefix = f"{subject.get('namespace')}/" if kind == "ServiceAccount" else ""
        return prefix + str(subject.get("name"))

    return lambda obj: ", ".join(show(one) for one in obj.get("subjects") or () if one.get("kind") == kind)


def _hosts(obj: Object) -> str:
    return _joined(_dig(obj, "spec.rules"), lambda rule: str(rule.get("host") or "*"), "*")


def _pod_ready(obj: Object) -> str:
    ready = sum(1 for status in _dig(obj, "status.containerStatuses", ()) if status.get("ready"))
    return f"{ready}/{len(_dig(obj, 'spec.containers', ()))}"


_ROLE = (Row("Role", "string", _binding_role),)
_SUBJECTS = tuple(
    Row(title, "string", _subjects(kind), priority=1)
    for title, kind in (("Users", "User"), ("Groups", "Group"), ("ServiceAccounts", "ServiceAccount"))
)
_TEMPLATE = (
    Row("Containers", "string", _containers("name"), priority=1),
    Row("Images", "string", _containers("image"), priority=1),
    Row("Selector", "string", _selector, priority=1),
)
_CREATED = Row("Created At", "date", _at("metadata.creationTimestamp"))
_EVENT = (
    Row("Last Seen", "string", _event_seen),
    Row("Type", "string", _at("type")),
    Row("Reason", "string", _at("reason")),
    Row("Object", "string", _event_object),
    Row("Message", "string", lambda obj: str(obj.get("message") or obj.get("note") or "").strip()),
)
_RBAC = "rbac.authorization.k8s.io"
# The name column comes first in every table and is not repeated here; events have it last and wide only on the real
# server, which no reader of ours depends on.
COLUMNS: dict[tuple[str, str], tuple[Row, ...]] = {
    ("", "Namespace"): (Row("Status", "string", _namespace_phase), _AGE),
    ("", "ConfigMap"): (Row("Data", "string", _count("data", "binaryData")), _AGE),
    ("", "Secret"): (Row("Type", "string", _at("type")), Row("Data", "string", _count("data")), _AGE),
    ("", "ServiceAccount"): (_AGE,),
    ("", "Service"): (
        Row("Type", "string", _at("spec.type")),
        Row("Cluster-IP", "string", _at("spec.clusterIP", "<none>")),
        Row("External-IP", "string", _external),
        Row("Port(s)", "string", lambda obj: _joined(_dig(obj, "spec.ports"), _port)),
        _AGE,
        Row("Selector", "string", _selector, priority=1),
    ),
    ("", "Pod"): (
        Row("Ready", "string", _pod_ready),
        Row("Status", "string", _at("status.phase")),
        Row("Restarts", "string", lambda obj: "0"),
        _AGE,
        Row("IP", "string", _at("status.podIP", "<none>"), priority=1),
        Row("Node", "string", _at("spec.nodeName", "<none>"), priority=1),
    ),
    ("", "PersistentVolumeClaim"): (
        Row("Status", "string", _at("status.phase")),
        Row("Volume", "string", _at("spec.volumeName")),
        Row("Capacity", "string", _at("status.capacity.storage")),
        Row("Access Modes", "string", lambda obj: _joined(_dig(obj, "status.accessModes"), str, "")),
        Row("StorageClass", "string", _at("spec.storageClassName")),
        _AGE,
    ),
    ("", "Event"): _EVENT,
    ("events.k8s.io", "Event"): _EVENT,
    ("coordination.k8s.io", "Lease"): (Row("Holder", "string", _at("spec.holderIdentity")), _AGE),
    (_RBAC, "Role"): (_CREATED,),
    (_RBAC, "ClusterRole"): (_CREATED,),
    (_RBAC, "RoleBinding"): (*_ROLE, _AGE, *_SUBJECTS),
    (_RBAC, "ClusterRoleBinding"): (*_ROLE, _AGE, *_SUBJECTS),
    ("apps", "Deployment"): (
        Row("Ready", "string", _ratio("status.readyReplicas", "spec.replicas")),
        Row("Up-to-date", "string", _at("status.updatedReplicas", 0)),
        Row("Available", "string", _at("status.availableReplicas", 0)),
        _AGE,
        *_TEMPLATE,
    ),
    ("apps", "StatefulSet"): (
        Row("Ready", "string", _ratio("status.readyReplicas", "spec.replicas")),
        _AGE,
        *_TEMPLATE[:2],
    ),
    ("apps", "DaemonSet"): (
        Row("Desired", "integer", _at("status.desiredNumberScheduled", 0)),
        Row("Current", "integer", _at("status.currentNumberScheduled", 0)),
        Row("Ready", "integer", _at("status.numberReady", 0)),
        Row("Up-to-date", "integer", _at("status.updatedNumberScheduled", 0)),
        Row("Available", "integer", _at("status.numberAvailable", 0)),
        Row("Node Selector", "string", lambda obj: "<none>"),
        _AGE,
        *_TEMPLATE,
    ),
    ("apps", "ReplicaSet"): (
        Row("Desired", "integer", _at("spec.replicas", 0)),
        Row("Current", "integer", _at("status.replicas", 0)),
        Row("Ready", "integer", _at("status.readyReplicas", 0)),
        _AGE,
        *_TEMPLATE,
    ),
    ("batch", "Job"): (
        Row("Status", "string", lambda obj: "Complete" if _dig(obj, "status.succeeded") else "Running"),
        Row("Completions", "string", _ratio("status.succeeded", "spec.completions", 1)),
        Row("Duration", "string", lambda obj: ""),
        _AGE,
        *_TEMPLATE,
    ),
    ("batch", "CronJob"): (
        Row("Schedule", "string", _at("spec.schedule")),
        Row("Timezone", "string", _at("spec.timeZone", "<none>")),
        Row("Suspend", "string", lambda obj: str(bool(_dig(obj, "spec.suspend"))).capitalize()),
        Row("Active", "integer", _count("status.active")),
        Row("Last Schedule", "string", lambda obj: age(_dig(obj, "status.lastScheduleTime"), unknown="<none>")),
        _AGE,
    ),
    ("networking.k8s.io", "Ingress"): (
        Row("Class", "string", _at("spec.ingressClassName", "<none>")),
        Row("Hosts", "string", _hosts),
        Row("Address", "string", lambda obj: ""),
        Row("Ports", "string", lambda obj: "80, 443" if _dig(obj, "spec.tls") else "80"),
        _AGE,
    ),
    ("networking.k8s.io", "NetworkPolicy"): (
        Row("Pod-Selector", "string", lambda obj: _selector({"spec": {"selector": _dig(obj, "spec.podSelector", {})}})),
        _AGE,
    ),
    ("policy", "PodDisruptionBudget"): (
        Row("Min Available", "string", _at("spec.minAvailable", "N/A")),
        Row("Max Unavailable", "string", _at("spec.maxUnavailable", "N/A")),
        Row("Allowed Disruptions", "integer", _at("status.disruptionsAllowed", 0)),
        _AGE,
    ),
    ("autoscaling", "HorizontalPodAutoscaler"): (
        Row(
            "Reference",
            "string",
            lambda obj: f"{_dig(obj, 'spec.scaleTargetRef.kind')}/{_dig(obj, 'spec.scaleTargetRef.name')}",
        ),
        Row("Targets", "string", lambda obj: "<unknown>"),
        Row("MinPods", "string", _at("spec.minReplicas", "<unset>")),
        Row("MaxPods", "integer", _at("spec.maxReplicas", 0)),
        Row("Replicas", "integer", _at("status.currentReplicas", 0)),
        _AGE,
    ),
    ("apiextensions.k8s.io", "CustomResourceDefinition"): (_CREATED,),
}
