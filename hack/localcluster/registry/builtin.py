"""The table of built-in resources: those that the product uses, and those that charts commonly create.

A row is (group, version, kind, plural, options). Options: `cluster` (not namespaced), `status`, `generation`, `orphan`
(dependents are orphaned unless asked), `returns` (DELETE answers with the object), `create` (PUT creates), `versioned`
(PUT demands a resourceVersion), `review` (answered, never stored).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..objects import Object
from ..schema.builtin import BuiltinTypes
from .kinds import bindings, core, crds, events, workloads
from .kinds.builtin import BuiltinStrategy
from .resource import ALL_VERBS, Face, ResourceType


@dataclass(frozen=True, slots=True)
class _Row:
    group: str
    version: str
    kind: str
    plural: str
    options: str = ""
    short: str = ""
    categories: str = ""
    subresources: str = ""
    strategy: type[BuiltinStrategy] = BuiltinStrategy


_RBAC = "rbac.authorization.k8s.io"
_ADMISSION = "admissionregistration.k8s.io"
_AUTHENTICATION, _AUTHORIZATION = "authentication.k8s.io", "authorization.k8s.io"
_ROWS = (
    _Row("", "v1", "Namespace", "namespaces", "cluster status", "ns", "", "finalize", core.NamespaceStrategy),
    _Row("", "v1", "ConfigMap", "configmaps", "", "cm", strategy=core.ConfigMapStrategy),
    _Row("", "v1", "Secret", "secrets", strategy=core.SecretStrategy),
    _Row("", "v1", "ServiceAccount", "serviceaccounts", "returns", "sa", "", "token", core.ServiceAccountStrategy),
    _Row("", "v1", "Service", "services", "status returns create", "svc", "all", strategy=workloads.ServiceStrategy),
    _Row("", "v1", "Endpoints", "endpoints", "create", "ep"),
    _Row("", "v1", "Event", "events", "", "ev", strategy=events.EventStrategy),
    _Row("", "v1", "Pod", "pods", "status returns generation", "po", "all", strategy=workloads.PodStrategy),
    _Row(
        "",
        "v1",
        "PersistentVolumeClaim",
        "persistentvolumeclaims",
        "status returns",
        "pvc",
        strategy=workloads.ClaimStrategy,
    ),
    _Row("", "v1", "PersistentVolume", "persistentvolumes", "cluster status returns", "pv"),
    _Row("", "v1", "ReplicationController", "replicationcontrollers", "status generation orphan", "rc", "all"),
    _Row("", "v1", "ResourceQuota", "resourcequotas", "status returns", "quota"),
    _Row("", "v1", "LimitRange", "limitranges", "create", "limits"),
    _Row("", "v1", "Node", "nodes", "cluster status", "no"),
    _Row("events.k8s.io", "v1", "Event", "events", "", "ev", strategy=events.EventStrategy),
    _Row("coordination.k8s.io", "v1", "Lease", "leases", strategy=core.LeaseStrategy),
    _Row(_AUTHENTICATION, "v1", "SelfSubjectReview", "selfsubjectreviews", "cluster review"),
    _Row(_AUTHENTICATION, "v1", "TokenReview", "tokenreviews", "cluster review"),
    _Row(_AUTHORIZATION, "v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", "cluster review"),
    _Row(_AUTHORIZATION, "v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", "cluster review"),
    _Row(_AUTHORIZATION, "v1", "SubjectAccessReview", "subjectaccessreviews", "cluster review"),
    _Row(_RBAC, "v1", "Role", "roles", strategy=core.RoleStrategy),
    _Row(_RBAC, "v1", "RoleBinding", "rolebindings", strategy=bindings.BindingStrategy),
    _Row(_RBAC, "v1", "ClusterRole", "clusterroles", "cluster", strategy=core.RoleStrategy),
    _Row(_RBAC, "v1", "ClusterRoleBinding", "clusterrolebindings", "cluster", strategy=bindings.BindingStrategy),
    _Row("apps", "v1", "Deployment", "deployments", "", "deploy", "all", strategy=workloads.DeploymentStrategy),
    _Row("apps", "v1", "StatefulSet", "statefulsets", "", "sts", "all", strategy=workloads.StatefulSetStrategy),
    _Row("apps", "v1", "DaemonSet", "daemonsets", "", "ds", "all", strategy=workloads.DaemonSetStrategy),
    _Row("apps", "v1", "ReplicaSet", "replicasets", "", "rs", "all", strategy=workloads.ReplicaSetStrategy),
    _Row("apps", "v1", "ControllerRevision", "controllerrevisions"),
    _Row("batch", "v1", "Job", "jobs", "orphan", "", "all", strategy=workloads.JobStrategy),
    _Row("batch", "v1", "CronJob", "cronjobs", "", "cj", "all", strategy=workloads.CronJobStrategy),
    _Row("autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "status", "hpa", "all"),
    _Row("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets", "status generation versioned", "pdb"),
    _Row("networking.k8s.io", "v1", "Ingress", "ingresses", "status generation", "ing"),
    _Row("networking.k8s.io", "v1", "IngressClass", "ingressclasses", "cluster generation"),
    _Row("networking.k8s.io", "v1", "NetworkPolicy", "networkpolicies", "generation", "netpol"),
    _Row("discovery.k8s.io", "v1", "EndpointSlice", "endpointslices", "generation"),
    _Row("scheduling.k8s.io", "v1", "PriorityClass", "priorityclasses", "cluster", "pc"),
    _Row("storage.k8s.io", "v1", "StorageClass", "storageclasses", "cluster returns", "sc"),
    _Row(_ADMISSION, "v1", "ValidatingAdmissionPolicy", "validatingadmissionpolicies", "cluster status generation"),
    _Row(_ADMISSION, "v1", "ValidatingAdmissionPolicyBinding", "validatingadmissionpolicybindings", "cluster"),
    _Row(_ADMISSION, "v1", "ValidatingWebhookConfiguration", "validatingwebhookconfigurations", "cluster generation"),
    _Row(_ADMISSION, "v1", "MutatingWebhookConfiguration", "mutatingwebhookconfigurations", "cluster generation"),
    _Row(
        "apiextensions.k8s.io",
        "v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        "cluster",
        "crd,crds",
        "api-extensions",
        strategy=crds.DefinitionStrategy,
    ),
)
_INITIAL_STATUS: Mapping[str, Object] = {
    "ingresses": {"loadBalancer": {}},
    "persistentvolumeclaims": {"phase": "Pending"},
    "persistentvolumes": {"phase": "Pending"},
    "replicasets": {"replicas": 0},
    "replicationcontrollers": {"replicas": 0},
    "statefulsets": {"replicas": 0, "availableReplicas": 0},
    "daemonsets": {
        "currentNumberScheduled": 0,
        "numberMisscheduled": 0,
        "desiredNumberScheduled": 0,
        "numberReady": 0,
    },
    "poddisruptionbudgets": {"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0},
    "horizontalpodautoscalers": {"desiredReplicas": 0, "currentMetrics": None},
}
_SCALED = ("deployments", "statefulsets", "replicasets", "replicationcontrollers")


def builtin_resources(types: BuiltinTypes) -> list[ResourceType]:
    """Every built-in resource, in the order of short-name precedence (core first)."""
    return [_resource(row, types) for row in _ROWS]


def _resource(row: _Row, types: BuiltinTypes) -> ResourceType:
    options = row.options.split()
    strategy = row.strategy(types, group=row.group, version=row.version, kind=row.kind)
    strategy.has_status = strategy.has_status or "status" in options
    strategy.has_generation = strategy.has_generation or "generation" in options
    strategy.returns_deleted = strategy.returns_deleted or "returns" in options
    strategy.create_on_update = strategy.create_on_update or "create" in options
    strategy.unconditional_update = strategy.unconditional_update and "versioned" not in options
    strategy.initial_status = _INITIAL_STATUS.get(row.plural, {})
    if "orphan" in options:
        strategy.garbage_collection = "orphan"
    subresources = [name for name in row.subresources.split(",") if name]
    if strategy.has_status:
        subresources.append("status")
    if row.plural in _SCALED:
        subresources.append("scale")
    is_event = row.strategy is events.EventStrategy
    return ResourceType(
        group=row.group,
        version=row.version,
        plural=row.plural,
        singular=row.kind.lower(),
        kind=row.kind,
        namespaced="cluster" not in options,
        strategy=strategy,
        list_kind=f"{row.kind}List",
        short_names=tuple(name for name in row.short.split(",") if name),
        categories=tuple(name for name in row.categories.split(",") if name),
        verbs=_verbs(row),
        subresources=tuple(sorted(subresources)),
        storage=("", "events") if is_event else (row.group, row.plural),
        face=_face(row),
    )


def token_requests(types: BuiltinTypes) -> ResourceType:
    """Return the kind of the subresource `serviceaccounts/token`, which has no path of its own."""
    return _resource(_Row(_AUTHENTICATION, "v1", "TokenRequest", "tokenrequests", "review"), types)


def _verbs(row: _Row) -> tuple[str, ...]:
    if "review" in row.options.split():
        return ("create",)
    return tuple(verb for verb in ALL_VERBS if verb != "deletecollection" or row.plural != "namespaces")


def _face(row: _Row) -> Face:
    if row.strategy is events.EventStrategy:
        return events.EventsFace() if row.group else events.CoreEventsFace()
    return core.RolesFace() if row.strategy is core.RoleStrategy else Face()
