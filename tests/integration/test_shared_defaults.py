"""`spec.defaults` of the TronadorConfig: limits and isolation, with the rights of the manifests."""

from __future__ import annotations

import pytest
import yaml

from controller.api.rbac import RBAC_GROUP
from controller.apimachinery.resources import Resource
from tests.integration.support.clusters import ROOT, Cluster
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environments
from tests.integration.support.fixtures import StartController
from tests.integration.support.shared_config import SharedConfig
from tests.integration.support.waiting import eventually

CLUSTER_ROLES = Resource(RBAC_GROUP, "v1", "clusterroles", "ClusterRole", namespaced=False)
KINDS = {
    Resource("", "v1", "resourcequotas", "ResourceQuota", namespaced=True): "tronador-defaults",
    Resource("", "v1", "limitranges", "LimitRange", namespaced=True): "tronador-defaults",
    Resource("networking.k8s.io", "v1", "networkpolicies", "NetworkPolicy", namespaced=True): "tronador-isolation",
}
QUOTA = {"hard": {"pods": "20"}}
LIMITS = {"limits": [{"type": "Container", "default": {"memory": "256Mi"}}]}


@pytest.mark.slow
def test_every_environment_is_limited_and_isolated(
    cluster: Cluster, environments: Environments, engine: Engine, start_controller: StartController
) -> None:
    start_controller(recheck_interval=0.2)
    shared = SharedConfig(cluster)
    # Nothing but isolation works without the component for quotas.
    shared.apply(defaults={"isolate": True})
    shared.known()
    first = environments.create("first")
    first.deployed()

    def held(namespace: str) -> list[str]:
        found = {resource.kind: cluster.get(resource, name, namespace) for resource, name in KINDS.items()}
        return [kind for kind, obj in found.items() if obj is not None]

    assert held(first.name) == ["NetworkPolicy"]
    shared.apply(defaults={"isolate": True, "resourceQuota": QUOTA, "limitRange": LIMITS})
    message = first.resources("False", "Forbidden")["message"]
    assert "tronador.stakater.com/aggregate-to-environment" in message

    cluster.put(CLUSTER_ROLES, yaml.safe_load((ROOT / "manifests" / "quotas" / "role.yaml").read_text()))
    first.resources("True", "Applied")
    assert held(first.name) == ["ResourceQuota", "LimitRange", "NetworkPolicy"]
    shared.apply(defaults={"resourceQuota": QUOTA})
    eventually(lambda: held(first.name) == ["ResourceQuota"], lambda: f"the others are gone: {held(first.name)}")
