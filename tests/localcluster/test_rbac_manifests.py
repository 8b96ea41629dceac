"""Our own RBAC manifests, applied to the local cluster: what the controller may, and what it may not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from hack.localcluster import LocalCluster
from hack.standins import crds
from tests.kubectl import Kubectl
from tests.localcluster.rights import ACCOUNTS, RBAC, binding, made, rule
from tests.localcluster.samples import CRDS, NAMESPACES, WIDGET_DEFINITION, namespace
from tests.localcluster.support import Api, kubeconfig_for

ROOT = Path(__file__).parents[2]
CONTROLLER = "system:serviceaccount:tronador-system:tronador-controller"
SUBJECT = {"kind": "ServiceAccount", "name": "tronador-controller", "namespace": "tronador-system"}
ENVIRONMENT = "/api/v1/namespaces/pr-74"


@pytest.fixture
def installed(kubectl: Kubectl, api: Api) -> Kubectl:
    """kubectl, on a cluster with our definitions and roles, and one environment's namespace."""
    kubectl("apply", "-k", str(ROOT / "manifests" / "crds"))
    kubectl("apply", "-k", str(ROOT / "manifests" / "rbac"))
    for definition in crds.definitions():
        made(api.post(CRDS, definition))
        api.until(f"/apis/{definition['spec']['group']}", lambda answer: answer.code == 200)
    made(api.post(NAMESPACES, namespace("pr-74")))
    return kubectl


@pytest.fixture
def controller(installed: Kubectl, local_cluster: LocalCluster) -> Iterator[Api]:
    """The controller's own hands: requests with its account's token."""
    kubeconfig = kubeconfig_for(local_cluster, "tronador-system", "tronador-controller")
    token = yaml.safe_load(kubeconfig.read_text())["users"][0]["user"]["token"]
    with Api(local_cluster, token=token) as caller:
        yield caller


def can(kubectl: Kubectl, *question: str) -> bool:
    """Return what the controller may do according to kubectl."""
    return kubectl.run("auth", "can-i", *question, f"--as={CONTROLLER}").stdout.startswith("yes")


# What `kubectl auth can-i` is asked about the controller, and what it answers.
QUESTIONS = {
    "list environmentprovisioners.tronador.stakater.com -A": True,
    "patch environmentprovisioners.tronador.stakater.com --subresource=status -A": True,
    "delete environmentprovisioners.tronador.stakater.com -A": False,
    "delete namespaces -A": True,
    "update namespaces -A": False,
    "list secrets -A": False,
    "list secrets -n pr-74": False,
    "create rolebindings.rbac.authorization.k8s.io -n pr-74": True,
    "bind clusterroles.rbac.authorization.k8s.io/tronador-environment -n pr-74": True,
    "bind clusterroles.rbac.authorization.k8s.io/tronador-release -n pr-74": True,
    "bind clusterroles.rbac.authorization.k8s.io/cluster-admin -n pr-74": False,
    "patch helmreleases.helm.toolkit.fluxcd.io -A": True,
    "update helmreleases.helm.toolkit.fluxcd.io -A": False,
    "delete gitrepositories.source.toolkit.fluxcd.io -A": True,
    "create helmreleases.helm.fluxcd.io -A": True,
    "create serviceaccounts -A": False,
    "list configmaps -A": False,
    "escalate roles.rbac.authorization.k8s.io -n pr-74": False,
    "create clusterrolebindings.rbac.authorization.k8s.io -A": False,
    "impersonate users -A": False,
    "create events.events.k8s.io -n default": True,
    "create events.events.k8s.io -n pr-74": False,
    "update leases.coordination.k8s.io/tronador-controller -n tronador-system": True,
    "update leases.coordination.k8s.io/other -n tronador-system": False,
}


def test_kubectl_shows_what_the_controller_may_do(installed: Kubectl) -> None:
    assert {question: can(installed, *question.split()) for question in QUESTIONS} == QUESTIONS


def test_its_binding_grants_access_to_the_secrets_of_one_environment_only(controller: Api) -> None:
    assert controller.get(f"{ENVIRONMENT}/secrets").code == 403
    bound = binding("tronador", "ClusterRole/tronador-environment", SUBJECT)
    made(controller.post(f"{RBAC}/namespaces/pr-74/rolebindings", bound))
    assert controller.get(f"{ENVIRONMENT}/secrets").code == 200
    answer = controller.get("/api/v1/secrets")
    why = f'User "{CONTROLLER}" cannot list resource "secrets" in API group "" at the cluster scope'
    assert answer.body["message"] == f"secrets is forbidden: {why}"
    for elsewhere in ("default", "kube-system"):
        assert controller.get(f"/api/v1/namespaces/{elsewhere}/secrets").code == 403


def test_of_its_own_namespace_it_reads_secrets_and_config_and_changes_neither(installed: Kubectl) -> None:
    for question in ("list secrets", "watch secrets", "list tronadorconfigs.tronador.stakater.com"):
        assert can(installed, *question.split(), "-n", "tronador-system"), question
    for question in (
        "create secrets",
        "patch secrets",
        "delete secrets",
        "patch tronadorconfigs.tronador.stakater.com",
    ):
        assert not can(installed, *question.split(), "-n", "tronador-system"), question


@pytest.mark.parametrize("role", ["cluster-admin", "admin", "view"])
def test_it_cannot_bind_another_role(controller: Api, role: str) -> None:
    answer = controller.post(f"{RBAC}/namespaces/pr-74/rolebindings", binding("b", f"ClusterRole/{role}", SUBJECT))
    assert answer.code == 403
    groups = '["system:serviceaccounts" "system:serviceaccounts:tronador-system" "system:authenticated"]'
    start = f'user "{CONTROLLER}" (groups={groups}) is attempting to grant RBAC permissions not currently held:\n'
    assert answer.body["message"].startswith(f'rolebindings.rbac.authorization.k8s.io "b" is forbidden: {start}')


def test_it_cannot_create_cluster_bindings(controller: Api) -> None:
    bound = binding("b", "ClusterRole/tronador-environment", SUBJECT, kind="ClusterRoleBinding")
    assert controller.post(f"{RBAC}/clusterrolebindings", bound).code == 403


def test_the_platform_team_adds_rights_by_a_label(installed: Kubectl, api: Api, controller: Api) -> None:
    made(api.post(CRDS, WIDGET_DEFINITION))
    api.until("/apis/tests.example.com/v1", lambda answer: answer.code == 200)
    widgets = rule("get list", "widgets", "tests.example.com")
    extra = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "rules": [widgets]}
    extra["metadata"] = {"name": "widgets", "labels": {"tronador.stakater.com/aggregate-to-environment": "true"}}
    installed("apply", "-f", "-", stdin=json.dumps(extra))
    bound = binding("tronador", "ClusterRole/tronador-environment", SUBJECT)
    made(controller.post(f"{RBAC}/namespaces/pr-74/rolebindings", bound))
    api.until(f"{RBAC}/clusterroles/tronador-environment", lambda answer: widgets in answer.body["rules"])
    assert can(installed, "list", "widgets.tests.example.com", "-n", "pr-74")
    assert not can(installed, "list", "widgets.tests.example.com", "-n", "default")


def test_a_deleted_account_ends_the_controllers_rights(controller: Api, api: Api) -> None:
    assert controller.get(NAMESPACES).code == 200
    account = f"{ACCOUNTS.replace('default', 'tronador-system')}/tronador-controller"
    assert api.delete(account).code == 200
    assert controller.get(NAMESPACES).code == 401
