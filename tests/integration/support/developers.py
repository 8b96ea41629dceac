"""An account of a developer: it has the role of manifests/users, and nothing else."""

from __future__ import annotations

from pathlib import Path

from controller.api.environment import ENVIRONMENTS
from controller.api.rbac import RBAC_GROUP
from controller.apimachinery.errors import Forbidden
from controller.client import Client, config
from hack.paths import MANIFESTS
from hack.serviceaccounts import write_kubeconfig
from hack.yamlfiles import documents
from tests.integration.support.accounts import RESOURCES
from tests.integration.support.clusters import Cluster
from tests.integration.support.waiting import eventually


def make_developer(cluster: Cluster, folder: Path) -> Path:
    """Make the account, and wait until it has its rights. Returns its kubeconfig, a file in `folder`."""
    name = f"{cluster.beginning}developer{cluster.ending}"
    [role] = documents(MANIFESTS / "users" / "role.yaml")
    binding = {
        "apiVersion": f"{RBAC_GROUP}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": name},
        "roleRef": {"apiGroup": RBAC_GROUP, "kind": "ClusterRole", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": name}],
    }
    for obj in (
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}},
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": name}},
        {**role, "metadata": {"name": name}},
        binding,
    ):
        cluster.put(RESOURCES[obj["kind"]], obj)
    kubeconfig = write_kubeconfig(folder / "developer", admin=cluster.kubeconfig, namespace=name, name=name)
    client = Client(connection=config.load(kubeconfig=str(kubeconfig)))

    def has_rights() -> bool:
        try:
            client.list(ENVIRONMENTS)
        except Forbidden:
            return False
        return True

    eventually(has_rights, "the role is in force")
    client.close()
    return kubeconfig
