"""Objects as text: what a test's own client, or Python, cannot write."""

from __future__ import annotations

from kubernetes.client import ApiClient

from controller.apimachinery.resources import Resource
from controller.client.config import load
from controller.client.request import collection_path, object_path
from tests.integration.support.clusters import Cluster


def nested(levels: int, inner: str = "1") -> str:
    """JSON of so many maps within each other."""
    return '{"a":' * levels + inner + "}" * levels


def create(cluster: Cluster, resource: Resource, text: str, namespace: str = "") -> None:
    """Have the object in the JSON `text` made."""
    _send(cluster, "POST", collection_path(resource, namespace), text, "application/json")


def merge(cluster: Cluster, resource: Resource, name: str, text: str, namespace: str = "") -> None:
    """Merge the JSON `text` into an object."""
    _send(cluster, "PATCH", object_path(resource, namespace, name), text, "application/merge-patch+json")


def _send(cluster: Cluster, method: str, path: str, text: str, content_type: str) -> None:
    _, configuration = load(kubeconfig=str(cluster.kubeconfig)).current()
    headers = {"Content-Type": content_type}
    with ApiClient(configuration) as api:
        _, url, headers, _, _ = api.param_serialize(method, path, header_params=headers, auth_settings=["BearerToken"])
        answer = api.rest_client.pool_manager.request(method, url, body=text.encode(), headers=headers)
    assert answer.status in (200, 201), answer.data[:1000]
