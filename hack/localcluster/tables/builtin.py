"""The printer columns of built-in kinds.

A description that begins with `@` is taken from the schema: `@ServiceSpec.type` is the description of that field in the
definition of that name, in the kind's own package.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..clock import age
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
    hosts,
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


def _template(spec: str) -> tuple[Row, ...]:
    return (
        Row("Containers", containers("name"), "Names of each container in the template.", priority=1),
        Row("Images", containers("image"), "Images referenced by each container in the template.", priority=1),
        Row("Selector", selector, f"@{spec}.selector", priority=1),
    )


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
    ("", "Endpoints"): (NAME, Row("Endpoints", lambda obj: "<none>", "@Endpoints.subsets"), AGE),
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
    ("", "PersistentVolumeClaim"): (
        NAME,
        Row("Status", at("status.phase"), "@PersistentVolumeClaimStatus.phase"),
        Row("Volume", at("spec.volumeName"), "@PersistentVolumeClaimSpec.volumeName"),
        Row("Capacity", at("status.capacity.storage"), "@PersistentVolumeClaimStatus.capacity"),
        Row(
            "Access Modes",
            lambda obj: joined(dig(obj, "status.accessModes"), str, ""),
            "@PersistentVolumeClaimStatus.accessModes",
        ),
        Row("StorageClass", at("spec.storageClassName"), "StorageClass of the pvc"),
        Row(
            "VolumeAttributesClass",
            at("spec.volumeAttributesClassName", "<unset>"),
            "VolumeAttributesClass of the pvc",
        ),
        AGE,
        Row("VolumeMode", at("spec.volumeMode", "<unset>"), "@PersistentVolumeClaimSpec.volumeMode", priority=1),
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
        *_template("DeploymentSpec"),
    ),
    ("apps", "StatefulSet"): (
        NAME,
        Row("Ready", ratio("status.readyReplicas", "spec.replicas"), "Number of the pod with ready state"),
        AGE,
        *_template("StatefulSetSpec")[:2],
    ),
    ("apps", "DaemonSet"): (
        NAME,
        Row("Desired", at("status.desiredNumberScheduled", 0), "@DaemonSetStatus.desiredNumberScheduled", "integer"),
        Row("Current", at("status.currentNumberScheduled", 0), "@DaemonSetStatus.currentNumberScheduled", "integer"),
        Row("Ready", at("status.numberReady", 0), "@DaemonSetStatus.numberReady", "integer"),
        Row("Up-to-date", at("status.updatedNumberScheduled", 0), "@DaemonSetStatus.updatedNumberScheduled", "integer"),
        Row("Available", at("status.numberAvailable", 0), "@DaemonSetStatus.numberAvailable", "integer"),
        Row("Node Selector", lambda obj: "<none>", "@core.v1.PodSpec.nodeSelector"),
        AGE,
        *_template("DaemonSetSpec"),
    ),
    ("apps", "ReplicaSet"): (
        NAME,
        Row("Desired", at("spec.replicas", 0), "@ReplicaSetSpec.replicas", "integer"),
        Row("Current", at("status.replicas", 0), "@ReplicaSetStatus.replicas", "integer"),
        Row("Ready", at("status.readyReplicas", 0), "@ReplicaSetStatus.readyReplicas", "integer"),
        AGE,
        *_template("ReplicaSetSpec"),
    ),
    ("batch", "Job"): (
        NAME,
        Row("Status", lambda obj: "Complete" if dig(obj, "status.succeeded") else "Running", "Status of the job."),
        Row("Completions", ratio("status.succeeded", "spec.completions", 1), "@JobStatus.succeeded"),
        Row("Duration", lambda obj: "", "Time required to complete the job."),
        AGE,
        *_template("JobSpec"),
    ),
    ("batch", "CronJob"): (
        NAME,
        Row("Schedule", at("spec.schedule"), "@CronJobSpec.schedule"),
        Row("Timezone", at("spec.timeZone", "<none>"), "@CronJobSpec.timeZone"),
        Row("Suspend", lambda obj: str(bool(dig(obj, "spec.suspend"))), "@CronJobSpec.suspend", "boolean"),
        Row("Active", count("status.active"), "@CronJobStatus.active", "integer"),
        Row(
            "Last Schedule",
            lambda obj: age(dig(obj, "status.lastScheduleTime"), unknown="<none>"),
            "@CronJobStatus.lastScheduleTime",
        ),
        AGE,
    ),
    ("networking.k8s.io", "Ingress"): (
        NAME,
        Row(
            "Class",
            at("spec.ingressClassName", "<none>"),
            "The name of the IngressClass resource that should be used for additional configuration",
        ),
        Row("Hosts", hosts, "Hosts that incoming requests are matched against before the ingress rule"),
        Row("Address", lambda obj: "", "Address is a list containing ingress points for the load-balancer"),
        Row("Ports", lambda obj: "80, 443" if dig(obj, "spec.tls") else "80", "Ports of TLS configurations that open"),
        AGE,
    ),
    ("networking.k8s.io", "NetworkPolicy"): (
        NAME,
        Row(
            "Pod-Selector",
            lambda obj: selector({"spec": {"selector": dig(obj, "spec.podSelector", {})}}),
            "@NetworkPolicySpec.podSelector",
        ),
        AGE,
    ),
    ("policy", "PodDisruptionBudget"): (
        NAME,
        Row("Min Available", at("spec.minAvailable", "N/A"), "The minimum number of pods that must be available."),
        Row("Max Unavailable", at("spec.maxUnavailable", "N/A"), "The maximum number of pods that may be unavailable."),
        Row(
            "Allowed Disruptions",
            at("status.disruptionsAllowed", 0),
            "Calculated number of pods that may be disrupted at this time.",
            "integer",
        ),
        AGE,
    ),
    ("autoscaling", "HorizontalPodAutoscaler"): (
        NAME,
        Row(
            "Reference",
            lambda obj: f"{dig(obj, 'spec.scaleTargetRef.kind')}/{dig(obj, 'spec.scaleTargetRef.name')}",
            "@HorizontalPodAutoscalerSpec.scaleTargetRef",
        ),
        Row("Targets", lambda obj: "<unknown>", "@HorizontalPodAutoscalerSpec.metrics"),
        Row("MinPods", at("spec.minReplicas", "<unset>"), "@HorizontalPodAutoscalerSpec.minReplicas"),
        Row("MaxPods", at("spec.maxReplicas", 0), "@HorizontalPodAutoscalerSpec.maxReplicas"),
        Row("Replicas", at("status.currentReplicas", 0), "@HorizontalPodAutoscalerStatus.currentReplicas"),
        AGE,
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
