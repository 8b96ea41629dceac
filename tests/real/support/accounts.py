"""Service accounts as programs use them: made, bound to a role, given a token that can be taken back."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from controller.api.rbac import RBAC_GROUP, ROLE_BINDINGS
from controller.apimachinery.resources import SECRETS, SERVICE_ACCOUNTS, Resource
from controller.client import Client
from controller.client.config import load
from hack.serviceaccounts import write_kubeconfig
from tests.integration.support.clusters import Cluster

# In seconds: no server issues tokens that are shorter.
SHORTEST_LIFETIME = 600


@contextmanager
def as_user(kubeconfig: Path) -> Iterator[Client]:
    """A client for what the kubeconfig leads to."""
    client = Client(connection=load(kubeconfig=str(kubeconfig)), user_agent="tests-other-user")
    try:
        yield client
    finally:
        client.close()


def make_account(cluster: Cluster, namespace: str, name: str, *, role: str, folder: Path) -> Path:
    """Make a service account that has the ClusterRole `role` in its own namespace. Returns its kubeconfig."""
    metadata = {"name": name, "namespace": namespace}
    cluster.put(SERVICE_ACCOUNTS, {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata})
    cluster.put(ROLE_BINDINGS, binding(namespace, name, role=role, account=name))
    return write_kubeconfig(folder / f"{name}.{namespace}", admin=cluster.kubeconfig, namespace=namespace, name=name)


def binding(namespace: str, name: str, *, role: str, account: str, account_namespace: str = "") -> dict[str, Any]:
    """A RoleBinding that gives a service account a ClusterRole. The account is in `namespace` if no other is named."""
    return {
        "apiVersion": ROLE_BINDINGS.api_version,
        "kind": ROLE_BINDINGS.kind,
        "metadata": {"name": name, "namespace": namespace},
        "roleRef": {"apiGroup": RBAC_GROUP, "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": account_namespace or namespace}],
    }


def revocable_token(cluster: Cluster, namespace: str, account: str, secret: str) -> str:
    """A token of a service account that is valid for as long as the Secret `secret`, which is made, exists."""
    metadata = {"name": secret, "namespace": namespace}
    cluster.put(SECRETS, {"apiVersion": "v1", "kind": "Secret", "metadata": metadata})
    uid = cluster.client.get(SECRETS, secret, namespace=namespace)["metadata"]["uid"]
    bound = {"kind": "Secret", "apiVersion": "v1", "name": secret, "uid": uid}
    tokens = Resource("", "v1", f"serviceaccounts/{account}/token", "TokenRequest", namespaced=True)
    wanted = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": SHORTEST_LIFETIME, "boundObjectRef": bound},
    }
    return str(cluster.client.create(tokens, wanted, namespace=namespace)["status"]["token"])


def write_user(path: Path, like: Path, **user: str) -> Path:
    """Write a kubeconfig that leads where `like` does, as another user (`token`, `tokenFile`). Returns `path`."""
    document = yaml.safe_load(like.read_text())
    document["users"][0]["user"] = user
    draft = path.with_suffix(".draft")
    draft.write_text(yaml.safe_dump(document))
    return draft.replace(path)


def authority_of(kubeconfig: Path) -> bytes:
    """The certificate authority that a kubeconfig trusts (PEM)."""
    cluster = yaml.safe_load(kubeconfig.read_text())["clusters"][0]["cluster"]
    if "certificate-authority-data" in cluster:
        return base64.b64decode(cluster["certificate-authority-data"])
    return Path(kubeconfig.parent / cluster["certificate-authority"]).read_bytes()
