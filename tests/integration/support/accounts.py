"""The controller's own account, installed from the manifests: every test runs with the rights that users grant."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from controller.apimachinery.resources import NAMESPACES, Resource
from controller.app.options import Options
from controller.client import Client
from hack.serviceaccounts import write_kubeconfig
from hack.yamlfiles import documents
from tests.integration.support.waiting import eventually

MANIFESTS = Path(__file__).parents[3] / "manifests"
Put = Callable[[Resource, Mapping[str, Any]], None]
_FOLDERS = ("rbac", "policies")
_ROLES = ("tronador-environment", "tronador-release")
_ADMISSION = "admissionregistration.k8s.io"
_GROUP = "rbac.authorization.k8s.io"
_CLUSTER_ROLES = Resource(_GROUP, "v1", "clusterroles", "ClusterRole", namespaced=False)
RESOURCES = {
    resource.kind: resource
    for resource in (
        NAMESPACES,
        Resource("", "v1", "serviceaccounts", "ServiceAccount", namespaced=True),
        _CLUSTER_ROLES,
        Resource(_GROUP, "v1", "clusterrolebindings", "ClusterRoleBinding", namespaced=False),
        Resource(_GROUP, "v1", "roles", "Role", namespaced=True),
        Resource(_GROUP, "v1", "rolebindings", "RoleBinding", namespaced=True),
        Resource(_ADMISSION, "v1", "validatingadmissionpolicies", "ValidatingAdmissionPolicy", namespaced=False),
        Resource(
            _ADMISSION, "v1", "validatingadmissionpolicybindings", "ValidatingAdmissionPolicyBinding", namespaced=False
        ),
    )
}


def install(put: Put, client: Client, *, admin: Path, folder: Path) -> Path:
    """Apply manifests/rbac and manifests/policies as an administrator.

    Gives the kubeconfig, written to `folder`, of the account that they make.
    """
    for document in _documents():
        put(RESOURCES[document["kind"]], document)
    for name in _ROLES:
        eventually(lambda name=name: client.get(_CLUSTER_ROLES, name).get("rules"), f"{name} is composed")
    options = Options()
    return write_kubeconfig(
        folder / "controller.kubeconfig",
        admin=admin,
        namespace=options.namespace,
        name=options.environment.service_account,
    )


def _documents() -> list[dict[str, Any]]:
    files = [
        MANIFESTS / folder / name
        for folder in _FOLDERS
        for kustomization in documents(MANIFESTS / folder / "kustomization.yaml")
        for name in kustomization["resources"]
    ]
    return [document for file in files for document in documents(file)]
