"""Every write of the controller is one that manifests/policies let through.

All tests here are watched for that (see `any_cluster`); these see to it that the watching is awake, and go where the
policies are close: bindings, and namespaces on their way to us and from us.
"""

from __future__ import annotations

from typing import Any

import pytest

from controller.api.environment import ADOPT_ANNOTATION, ENVIRONMENT_LABEL
from controller.api.rbac import ENVIRONMENT_BINDING, ENVIRONMENT_ROLE, RBAC_GROUP, ROLE_BINDINGS
from controller.apimachinery.resources import NAMESPACES
from controller.client import Client
from controller.client.config import load
from tests.integration.support.clusters import Cluster, running_cluster
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environments, manifest
from tests.integration.support.judge import judging


def test_the_policies_refuse_what_the_controllers_account_must_not_do() -> None:
    with running_cluster() as cluster:
        if cluster.local is None:
            pytest.skip("a real cluster enforces the policies itself")
        cluster.create_namespace("theirs", labels={"owner": "somebody"})
        us = Client(connection=load(kubeconfig=str(cluster.controller_kubeconfig)), user_agent="compromised")
        with judging(cluster.local) as judge:
            us.create(ROLE_BINDINGS, _binding("theirs", role=ENVIRONMENT_ROLE), namespace="theirs")
            us.patch(NAMESPACES, "theirs", {"metadata": {"labels": {ENVIRONMENT_LABEL: "theirs"}}})
        us.close()

    assert [why.split(" by ")[0] for why in judge.refused] == [
        "create /apis/rbac.authorization.k8s.io/v1/namespaces/theirs/rolebindings",
        "patch /api/v1/namespaces/theirs",
    ]


def test_the_policies_allow_each_write_from_adoption_to_the_end(
    cluster: Cluster, environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    name = cluster.name("pr-74")
    cluster.create_namespace(name, labels={"owner": "somebody"}, annotations={ADOPT_ANNOTATION: name})
    environment = environments.apply(manifest(name, spec={"namespaceLabels": {"kind": "pr"}}))
    environment.deployed()
    environment.patch({"namespaceLabels": {"kind": None, "team": "gabbar"}})
    environment.deployed()
    environment.delete()
    environment.gone()

    assert environment.labels().get("owner") == "somebody"
    assert cluster.list(ROLE_BINDINGS, name) == []


def test_the_policies_let_the_controller_repair_a_binding(
    cluster: Cluster, environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    environment = environments.create()
    environment.deployed()
    cluster.client.create(ROLE_BINDINGS, _binding(environment.name, role="view"), namespace=environment.name)
    environment.delete()
    environment.gone()
    assert environment.namespace() is None


def _binding(namespace: str, *, role: str) -> dict[str, Any]:
    return {
        "apiVersion": ROLE_BINDINGS.api_version,
        "kind": ROLE_BINDINGS.kind,
        "metadata": {"name": ENVIRONMENT_BINDING, "namespace": namespace},
        "roleRef": {"apiGroup": RBAC_GROUP, "kind": "ClusterRole", "name": role},
        "subjects": [{"kind": "ServiceAccount", "name": "default", "namespace": namespace}],
    }
