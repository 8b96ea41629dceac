"""Objects as text: what a test's own client, or Python, cannot write."""

from __future__ import annotations

from kubernetes.client import ApiClient

from controller.apimachinery.resources import Resource
from controller.client.config import load
from controller.client.request import collection_path
from tests.integration.support.clusters import Cluster


def nested(levels: int, inner: str = "1") -> str:
    """JSON of so many maps within each other."""
    return '{"a":' * levels + inner + "}" * levels


def create(cluster: Cluster, resource: Resource, text: str, namespace: str = "") -> None:
    """Have the object in the JSON `text` made."""
    _, configuration = load(kubeconfig=str(cluster.kubeconfig)).current()
    headers = {"Content-Type": "application/json"}
    with ApiClient(configuration) as api:
        _, url, headers, _, _ = api.param_serialize(
            "POST", collection_path(resource, namespace), header_params=headers, auth_settings=["BearerToken"]
        )
        answer = api.rest_client.pool_manager.request("POST", url, body=text.encode(), headers=headers)
    assert answer.status == 201, answer.data[:1000]
