"""Pods for Deployments: what the local cluster makes, deletes and reports with the option `pods`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from hack.localcluster import LocalCluster, Options
from tests.localcluster.support import Answer, Api

NAMESPACE = "/api/v1/namespaces/default"
APPS = "/apis/apps/v1/namespaces/default"
DEPLOYMENT = f"{APPS}/deployments/web"


@pytest.fixture
def pods_api() -> Iterator[Api]:
    with LocalCluster(Options(pods=True)) as cluster, Api(cluster) as api:
        yield api


def deployment(replicas: int) -> dict[str, Any]:
    labels = {"app": "web"}
    container = {"name": "web", "image": "example.com/web:1"}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    spec = {"replicas": replicas, "selector": {"matchLabels": labels}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec}


def create(api: Api, replicas: int) -> list[dict[str, Any]]:
    assert api.post(f"{APPS}/deployments", deployment(replicas)).code == 201
    return pods(api, replicas)


def pods(api: Api, count: int) -> list[dict[str, Any]]:
    """Wait until there are so many Pods."""
    return list(api.until(f"{NAMESPACE}/pods", lambda answer: len(answer.body["items"]) == count).body["items"])


def report(api: Api, pod: dict[str, Any]) -> None:
    """Report a Pod as ready, as a kubelet does."""
    status = {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}}
    assert api.merge(f"{NAMESPACE}/pods/{pod['metadata']['name']}/status", status).code == 200


def ready(answer: Answer) -> int:
    return int((answer.body.get("status") or {}).get("readyReplicas") or 0)


def test_a_deployment_gets_a_replica_set_and_its_pods(pods_api: Api) -> None:
    found = create(pods_api, 2)
    [replica_set] = pods_api.get(f"{APPS}/replicasets").body["items"]

    assert [owner["name"] for owner in replica_set["metadata"]["ownerReferences"]] == ["web"]
    assert {pod["metadata"]["ownerReferences"][0]["uid"] for pod in found} == {replica_set["metadata"]["uid"]}
    selector = replica_set["spec"]["selector"]["matchLabels"]
    assert all(selector.items() <= pod["metadata"]["labels"].items() for pod in found)


def test_a_deployment_is_available_when_all_its_pods_are_ready(pods_api: Api) -> None:
    first, second = create(pods_api, 2)
    report(pods_api, first)
    assert ready(pods_api.until(f"{APPS}/replicasets/{owner(first)}", lambda answer: ready(answer) == 1)) == 1
    assert ready(pods_api.get(DEPLOYMENT)) == 0
    report(pods_api, second)

    status = pods_api.until(DEPLOYMENT, lambda answer: ready(answer) == 2).body["status"]

    assert [each["status"] for each in status["conditions"] if each["type"] == "Available"] == ["True"]


def test_another_template_replaces_the_replica_set_and_its_pods(pods_api: Api) -> None:
    [before] = create(pods_api, 1)
    changed = deployment(1)["spec"]["template"]
    changed["spec"]["containers"][0]["image"] = "example.com/web:2"
    pods_api.merge(DEPLOYMENT, {"spec": {"template": changed}})

    pods_api.until(f"{NAMESPACE}/pods/{before['metadata']['name']}", lambda answer: answer.code == 404)

    [after] = pods(pods_api, 1)
    assert after["spec"]["containers"][0]["image"] == "example.com/web:2"
    assert [each["metadata"]["name"] for each in pods_api.get(f"{APPS}/replicasets").body["items"]] == [owner(after)]


def test_scaling_and_deleted_pods_lead_to_the_wanted_number(pods_api: Api) -> None:
    create(pods_api, 1)
    pods_api.merge(DEPLOYMENT, {"spec": {"replicas": 3}})
    pods(pods_api, 3)
    pods_api.merge(DEPLOYMENT, {"spec": {"replicas": 2}})
    pods(pods_api, 2)
    lost, kept = pods(pods_api, 2)
    pods_api.delete(f"{NAMESPACE}/pods/{lost['metadata']['name']}")
    pods_api.until(f"{NAMESPACE}/pods/{lost['metadata']['name']}", lambda answer: answer.code == 404)

    assert kept["metadata"]["name"] in [pod["metadata"]["name"] for pod in pods(pods_api, 2)]


def owner(pod: dict[str, Any]) -> str:
    return str(pod["metadata"]["ownerReferences"][0]["name"])
