"""Roles, bindings and callers for the tests of the local cluster's access control."""

from __future__ import annotations

from typing import Any

from hack.localcluster import LocalCluster
from tests.localcluster.support import Answer, Api

GROUP = "rbac.authorization.k8s.io"
RBAC = f"/apis/{GROUP}/v1"
CLUSTER_ROLES = f"{RBAC}/clusterroles"
CLUSTER_ROLE_BINDINGS = f"{RBAC}/clusterrolebindings"
ROLES = f"{RBAC}/namespaces/default/roles"
ROLE_BINDINGS = f"{RBAC}/namespaces/default/rolebindings"
ACCOUNTS = "/api/v1/namespaces/default/serviceaccounts"


def rule(verbs: str, resources: str, group: str = "", names: str = "") -> dict[str, Any]:
    """A rule, its lists given as words."""
    found: dict[str, Any] = {"verbs": verbs.split(), "apiGroups": [group], "resources": resources.split()}
    return {**found, "resourceNames": names.split()} if names else found


def role(name: str, *rules: dict[str, Any], kind: str = "Role", **metadata: Any) -> dict[str, Any]:
    """A Role or ClusterRole."""
    metadata = {"name": name, **metadata}
    return {"apiVersion": f"{GROUP}/v1", "kind": kind, "metadata": metadata, "rules": list(rules)}


def cluster_role(name: str, *rules: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    """A ClusterRole."""
    return role(name, *rules, kind="ClusterRole", **metadata)


def binding(name: str, to: str, *subjects: dict[str, str], kind: str = "RoleBinding") -> dict[str, Any]:
    """A binding; `to` is `Role/name` or `ClusterRole/name`."""
    role_kind, _, role_name = to.partition("/")
    return {
        "apiVersion": f"{GROUP}/v1",
        "kind": kind,
        "metadata": {"name": name},
        "roleRef": {"apiGroup": GROUP, "kind": role_kind, "name": role_name},
        "subjects": list(subjects),
    }


def user(name: str) -> dict[str, str]:
    """A User as the subject of a binding."""
    return {"kind": "User", "apiGroup": GROUP, "name": name}


def group(name: str) -> dict[str, str]:
    """A Group."""
    return {"kind": "Group", "apiGroup": GROUP, "name": name}


def account(name: str, namespace: str = "") -> dict[str, str]:
    """A ServiceAccount, of the binding's own namespace unless one is given."""
    return {"kind": "ServiceAccount", "name": name, **({"namespace": namespace} if namespace else {})}


def made(answer: Answer) -> dict[str, Any]:
    """The object of a creation, which must have succeeded."""
    assert answer.code == 201, answer
    found: dict[str, Any] = answer.body
    return found


def allow(api: Api, name: str, *rules: dict[str, Any], namespace: str = "default") -> None:
    """Give the user `name` these rights in a namespace, or in the whole cluster ("")."""
    if not namespace:
        made(api.post(CLUSTER_ROLES, cluster_role(name, *rules)))
        bound = binding(name, f"ClusterRole/{name}", user(name), kind="ClusterRoleBinding")
        made(api.post(CLUSTER_ROLE_BINDINGS, bound))
        return
    made(api.post(f"{RBAC}/namespaces/{namespace}/roles", role(name, *rules)))
    bound = binding(name, f"Role/{name}", user(name))
    made(api.post(f"{RBAC}/namespaces/{namespace}/rolebindings", bound))


def acting_as(cluster: LocalCluster, name: str, group: str = "") -> Api:
    """Requests that the admin makes as somebody else."""
    headers = {"Impersonate-User": name, **({"Impersonate-Group": group} if group else {})}
    return Api(cluster, headers=headers)


def make_account(api: Api, name: str = "robot", namespace: str = "default") -> dict[str, Any]:
    """Create a service account."""
    body = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}
    return made(api.post(f"/api/v1/namespaces/{namespace}/serviceaccounts", body))


def token_of(api: Api, name: str = "robot", namespace: str = "default", **spec: Any) -> str:
    """A token of a service account."""
    return str(made(request_token(api, name, namespace, **spec))["status"]["token"])


def request_token(api: Api, name: str = "robot", namespace: str = "default", **spec: Any) -> Answer:
    """Ask for a token of a service account."""
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
    return api.post(f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token", body)
