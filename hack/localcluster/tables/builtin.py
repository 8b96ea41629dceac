"""The printer columns of the built-in kinds that people look at here; all others show their name and creation.

A description that begins with `@` is taken from the schema: `@ServiceSpec.type` is the description of that field in the
definition of that name, in the kind's own package.
"""

from __future__ import annotations

from dataclasses import dataclass

from .cells import (
    Cell,
    at,
    binding_role,
    containers,
    count,
    dig,
    event_object,
    event_seen,
    event_source,
    external,
    joined,
    pod_ready,
    port,
    ratio,
    seen,
    selector,
    subjects,
)


@dataclass(frozen=True, slots=True)
class Row:
    """One column of one kind."""

    name: str
    cell: Cell
    description: str = ""
    type: str = "string"
    priority: int = 0
    format: str = ""


NAME = Row("Name", at("metadata.name"), "@ObjectMeta.name", format="name")
CREATED = Row("Created At", at("metadata.creationTimestamp"), "@ObjectMeta.creationTimestamp", "date")
AGE = Row("Age", seen("metadata.creationTimestamp"), "@ObjectMeta.creationTimestamp")
_RBAC = "rbac.authorization.k8s.io"
_ADMISSION = "admissionregistration.k8s.io"


def _binding(kind: str) -> tuple[Row, ...]:
    shown = kind[0].lower() + kind[1:]
    return (
        Row("Role", binding_role, f"@{kind}.roleRef"),
        AGE,
        Row("Users", subjects("User"), f"Users in the {shown}", priority=1),
        Row("Groups", subjects("Group"), f"Groups in the {shown}", priority=1),
        Row("ServiceAccounts", subjects("ServiceAccount"), f"ServiceAccounts in the {shown}", priority=1),
    )


# Events are the only kind whose name is in the last column.
_EVENT = (
    Row("Last Seen", event_seen, "@core.v1.Event.lastTimestamp"),
    Row("Type", at("type"), "@core.v1.Event.type"),
    Row("Reason", at("reason"), "@core.v1.Event.reason"),
    Row("Object", event_object, "@core.v1.Event.involvedObject"),
    Row("Subobject", at("involvedObject.fieldPath"), "@core.v1.ObjectReference.fieldPath", priority=1),
    Row("Source", event_source, "@core.v1.Event.source", priority=1),
    Row("Message", lambda obj: str(obj.get("message") or obj.get("note") or "").strip(), "@core.v1.Event.message"),
    Row("First Seen", seen("metadata.creationTimestamp"), "@core.v1.Event.firstTimestamp", priority=1),
    Row(
        "Count", lambda obj: str(dig(obj, "series.count") or dig(obj, "count") or 1), "@core.v1.Event.count", priority=1
    ),
    Row("Name", at("metadata.name"), "@ObjectMeta.name", priority=1, format="name"),
)
COLUMNS: dict[tuple[str, str], tuple[Row, ...]] = {
    ("", "Namespace"): (NAME, Row("Status", at("status.phase"), "The status of the namespace"), AGE),
    ("", "ConfigMap"): (NAME, Row("Data", count("data", "binaryData"), "@ConfigMap.data"), AGE),
    ("", "Secret"): (NAME, Row("Type", at("type"), "@Secret.type"), Row("Data", count("data"), "@Secret.data"), AGE),
    ("", "ServiceAccount"): (NAME, Row("Secrets", count("secrets"), "@ServiceAccount.secrets"), AGE),
    ("", "Service"): (
        NAME,
        Row("Type", at("spec.type"), "@ServiceSpec.type"),
        Row("Cluster-IP", at("spec.clusterIP", "<none>"), "@ServiceSpec.clusterIP"),
        Row("External-IP", external, "@ServiceSpec.externalIPs"),
        Row("Port(s)", lambda obj: joined(dig(obj, "spec.ports"), port), "@ServiceSpec.ports"),
        AGE,
        Row("Selector", selector, "@ServiceSpec.selector", priority=1),
    ),
    ("", "Pod"): (
        NAME,
        Row("Ready", pod_ready, "The aggregate readiness state of this pod for accepting traffic."),
        Row("Status", at("status.phase"), "The aggregate status of the containers in this pod."),
        Row(
            "Restarts",
            lambda obj: "0",
            "The number of times the containers in this pod have been restarted and when the last container in this "
            "pod has restarted.",
        ),
        AGE,
        Row("IP", at("status.podIP", "<none>"), "@PodStatus.podIP", priority=1),
        Row("Node", at("spec.nodeName", "<none>"), "@PodSpec.nodeName", priority=1),
        Row("Nominated Node", at("status.nominatedNodeName", "<none>"), "@PodStatus.nominatedNodeName", priority=1),
        Row("Readiness Gates", lambda obj: "<none>", "@PodSpec.readinessGates", priority=1),
    ),
    ("", "Event"): _EVENT,
    ("events.k8s.io", "Event"): _EVENT,
    ("coordination.k8s.io", "Lease"): (
        NAME,
        Row("Holder", at("spec.holderIdentity"), "@LeaseSpec.holderIdentity"),
        AGE,
    ),
    (_RBAC, "RoleBinding"): (NAME, *_binding("RoleBinding")),
    (_RBAC, "ClusterRoleBinding"): (NAME, *_binding("ClusterRoleBinding")),
    ("apps", "Deployment"): (
        NAME,
        Row("Ready", ratio("status.readyReplicas", "spec.replicas"), "Number of the pod with ready state"),
        Row("Up-to-date", at("status.updatedReplicas", 0), "@DeploymentStatus.updatedReplicas"),
        Row("Available", at("status.availableReplicas", 0), "@DeploymentStatus.availableReplicas"),
        AGE,
        Row("Containers", containers("name"), "Names of each container in the template.", priority=1),
        Row("Images", containers("image"), "Images referenced by each container in the template.", priority=1),
        Row("Selector", selector, "@DeploymentSpec.selector", priority=1),
    ),
    (_ADMISSION, "ValidatingAdmissionPolicy"): (
        NAME,
        Row(
            "Validations", count("spec.validations"), "Validations indicates the number of validation rules", "integer"
        ),
        Row("ParamKind", at("spec.paramKind.kind", "<unset>"), "ParamKind specifies the kind of resources used"),
        AGE,
    ),
    (_ADMISSION, "ValidatingAdmissionPolicyBinding"): (
        NAME,
        Row("PolicyName", at("spec.policyName"), "PolicyName indicates the policy definition"),
        Row("ParamRef", at("spec.paramRef.name", "<unset>"), "ParamRef indicates the param resource used"),
        AGE,
    ),
}
DEFAULT = (NAME, CREATED)
