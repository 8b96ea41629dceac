"""The roles and bindings that every cluster starts with, as far as they are used here.

`admin`, `edit` and `view` get their rules from the aggregation controller. What belongs to nodes, the scheduler and
the controllers of a real cluster is left out: no client here uses those names.

Source: kubernetes, plugin/pkg/auth/authorizer/rbac/bootstrappolicy/policy.go.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..auth.users import AUTHENTICATED, MASTERS, UNAUTHENTICATED
from ..errors import StatusError
from ..objects import Object
from ..registry.context import WriteContext
from ..registry.registry import Registry
from ..storage.store import GroupPlural
from .policy import CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES, GROUP

_READ = ("get", "list", "watch")
_WRITE = ("create", "delete", "deletecollection", "patch", "update")
_LABELS = {"kubernetes.io/bootstrapping": "rbac-defaults"}
_ANNOTATIONS = {"rbac.authorization.kubernetes.io/autoupdate": "true"}
_AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-"
_PUBLIC_URLS = "/healthz /livez /readyz /version /version/"
_DISCOVERY_URLS = "/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/"
_BINDINGS = {
    "cluster-admin": (MASTERS,),
    "system:discovery": (AUTHENTICATED,),
    "system:basic-user": (AUTHENTICATED,),
    "system:public-info-viewer": (AUTHENTICATED, UNAUTHENTICATED),
}

Rules = list[dict[str, Any]]


def bootstrap(registry: Registry) -> None:
    """Create those that are missing."""
    for role in _roles():
        _make(registry, CLUSTER_ROLES, role)
    for name, groups in _BINDINGS.items():
        subjects = [{"kind": "Group", "apiGroup": GROUP, "name": group} for group in groups]
        reference = {"kind": "ClusterRole", "apiGroup": GROUP, "name": name}
        _make(registry, CLUSTER_ROLE_BINDINGS, {**_named(name), "subjects": subjects, "roleRef": reference})


def _make(registry: Registry, resource: GroupPlural, obj: Object) -> None:
    kind = registry.catalog.of_storage(resource)
    document = {"kind": kind.kind, "apiVersion": kind.api_version, **obj}
    try:
        registry.create(kind, "", document, WriteContext(manager="kube-apiserver"))
    except StatusError as error:
        if error.code != 409:
            raise


def _roles() -> Iterable[Object]:
    yield _role("cluster-admin", [_rule(["*"], "*", "*"), _url_rule(["*"], "*")])
    yield _role("system:discovery", [_url_rule(["get"], _DISCOVERY_URLS)])
    yield _role("system:public-info-viewer", [_url_rule(["get"], _PUBLIC_URLS)])
    yield _role(
        "system:basic-user",
        [
            _rule(["create"], "authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews"),
            _rule(["create"], "authentication.k8s.io", "selfsubjectreviews"),
        ],
    )
    yield _role("system:aggregate-to-view", _view_rules(), to="view")
    yield _role("system:aggregate-to-edit", _edit_rules(), to="edit")
    yield _role("system:aggregate-to-admin", _admin_rules(), to="admin")
    yield _aggregated("view", to="edit")
    yield _aggregated("edit", to="admin")
    yield _aggregated("admin")


def _admin_rules() -> Rules:
    return [
        _rule(["create"], "authorization.k8s.io", "localsubjectaccessreviews"),
        _rule([*_WRITE, *_READ], GROUP, "rolebindings roles"),
    ]


def _edit_rules() -> Rules:
    workloads = (
        "daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale "
        "statefulsets statefulsets/scale"
    )
    legacy = (
        "daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets "
        "replicasets/scale replicationcontrollers/scale"
    )
    inside = "pods/attach pods/exec pods/portforward pods/proxy"
    core = (
        "configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets "
        "serviceaccounts services services/proxy"
    )
    return [
        _rule(_READ, "", f"{inside} secrets services/proxy"),
        _rule(["impersonate"], "", "serviceaccounts"),
        _rule(_WRITE, "", f"pods {inside}"),
        _rule(["create"], "", "pods/eviction"),
        _rule(_WRITE, "", core),
        _rule(["create"], "", "serviceaccounts/token"),
        _rule(_WRITE, "apps", workloads),
        _rule(_WRITE, "autoscaling", "horizontalpodautoscalers"),
        _rule(_WRITE, "batch", "cronjobs jobs"),
        _rule(_WRITE, "extensions", legacy),
        _rule(_WRITE, "policy", "poddisruptionbudgets"),
        _rule(_WRITE, "networking.k8s.io", "ingresses networkpolicies"),
        _rule([*_WRITE, *_READ], "coordination.k8s.io", "leases"),
    ]


def _view_rules() -> Rules:
    core = (
        "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers "
        "replicationcontrollers/scale serviceaccounts services services/status"
    )
    core_states = (
        "bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status "
        "resourcequotas resourcequotas/status"
    )
    workloads = (
        "controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets "
        "replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status"
    )
    legacy = (
        "daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status "
        "networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale"
    )
    return [
        _rule(_READ, "", core),
        _rule(_READ, "", core_states),
        _rule(_READ, "", "namespaces"),
        _rule(_READ, "discovery.k8s.io", "endpointslices"),
        _rule(_READ, "apps", workloads),
        _rule(_READ, "autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status"),
        _rule(_READ, "batch", "cronjobs cronjobs/status jobs jobs/status"),
        _rule(_READ, "extensions", legacy),
        _rule(_READ, "policy", "poddisruptionbudgets poddisruptionbudgets/status"),
        _rule(_READ, "networking.k8s.io", "ingresses ingresses/status networkpolicies"),
    ]


def _rule(verbs: Iterable[str], group: str, resources: str) -> dict[str, Any]:
    return {"verbs": sorted(verbs), "apiGroups": [group], "resources": resources.split()}


def _url_rule(verbs: Iterable[str], urls: str) -> dict[str, Any]:
    return {"verbs": sorted(verbs), "nonResourceURLs": urls.split()}


def _named(name: str, *, to: str = "") -> Object:
    labels = {**_LABELS, f"{_AGGREGATE}{to}": "true"} if to else dict(_LABELS)
    return {"metadata": {"name": name, "labels": labels, "annotations": dict(_ANNOTATIONS)}}


def _role(name: str, rules: Rules, *, to: str = "") -> Object:
    return {**_named(name, to=to), "rules": rules}


def _aggregated(name: str, *, to: str = "") -> Object:
    """A role that selects by its own label, and carries that of the role above it."""
    selector = {"matchLabels": {f"{_AGGREGATE}{name}": "true"}}
    return {**_named(name, to=to), "aggregationRule": {"clusterRoleSelectors": [selector]}, "rules": []}
