"""What the controller's own account may do by the authorizer of a real server, and what it may not.

tests/integration/test_rights.py leads the controller past everything that it does, and takes each right away in turn.
This is about what no journey shows: that there are no further rights, and what a real server composes from roles.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from controller.api import flux
from controller.api.environment import ENVIRONMENT_LABEL
from controller.api.rbac import RBAC_GROUP, ROLE_BINDINGS
from controller.apimachinery.errors import Forbidden
from controller.apimachinery.resources import NAMESPACES, SECRETS, Resource
from controller.client import Client
from hack.paths import MANIFESTS
from hack.yamlfiles import documents
from tests.integration.support.clusters import Cluster
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environments
from tests.integration.support.shared_config import SharedConfig, config_map
from tests.integration.support.waiting import eventually
from tests.real.support.accounts import as_user, binding, make_account

REVIEWS = Resource(
    "authorization.k8s.io", "v1", "selfsubjectaccessreviews", "SelfSubjectAccessReview", namespaced=False
)
CLUSTER_ROLES = Resource(RBAC_GROUP, "v1", "clusterroles", "ClusterRole", namespaced=False)
# One question: verb, group, resource[/subresource], namespace, name.
Question = tuple[str, str, str, str, str]
FORBIDDEN: tuple[Question, ...] = (
    ("get", "", "secrets", "kube-system", ""),
    ("list", "", "secrets", "", ""),
    ("watch", "", "secrets", "default", ""),
    ("create", "", "secrets", "tronador-system", ""),
    ("get", "", "configmaps", "kube-system", ""),
    ("create", "", "pods", "default", ""),
    ("create", "", "pods/exec", "kube-system", ""),
    ("create", "", "serviceaccounts/token", "kube-system", ""),
    ("create", "", "serviceaccounts/token", "tronador-system", "tronador-controller"),
    ("impersonate", "", "users", "", "admin"),
    ("impersonate", "", "serviceaccounts", "kube-system", ""),
    ("get", "", "nodes", "", ""),
    ("update", "", "namespaces/finalize", "", ""),
    ("patch", "", "namespaces/status", "", ""),
    ("create", "tronador.stakater.com", "environmentprovisioners", "", ""),
    ("update", "tronador.stakater.com", "environmentprovisioners", "", ""),
    ("delete", "tronador.stakater.com", "environmentprovisioners", "", ""),
    ("patch", "tronador.stakater.com", "tronadorconfigs", "tronador-system", "tronador-config"),
    ("list", "tronador.stakater.com", "tronadorconfigs", "", ""),
    ("list", RBAC_GROUP, "rolebindings", "", ""),
    ("bind", RBAC_GROUP, "clusterroles", "", "cluster-admin"),
    ("escalate", RBAC_GROUP, "clusterroles", "", "tronador-controller"),
    ("patch", RBAC_GROUP, "clusterroles", "", "tronador-controller"),
    ("create", RBAC_GROUP, "clusterrolebindings", "", ""),
    ("delete", "admissionregistration.k8s.io", "validatingadmissionpolicies", "", "tronador-namespaces"),
    ("patch", "admissionregistration.k8s.io", "validatingadmissionpolicybindings", "", "tronador-namespaces"),
    ("list", "apiextensions.k8s.io", "customresourcedefinitions", "", ""),
    ("get", "apiextensions.k8s.io", "customresourcedefinitions", "", "helmreleases.helm.fluxcd.io"),
    ("patch", "apiextensions.k8s.io", "customresourcedefinitions", "", "tronadorconfigs.tronador.stakater.com"),
    ("get", "coordination.k8s.io", "leases", "kube-system", "kube-controller-manager"),
    ("update", "coordination.k8s.io", "leases", "tronador-system", "another"),
    ("update", "coordination.k8s.io", "leases", "default", "tronador-controller"),
    ("create", "events.k8s.io", "events", "kube-system", ""),
)


def allowed(client: Client, question: Question) -> bool:
    """Whether the server says that the client's account may do it."""
    verb, group, resource, namespace, name = question
    plural, _, subresource = resource.partition("/")
    asked = {"verb": verb, "group": group, "resource": plural, "subresource": subresource}
    place = {"namespace": namespace, "name": name}
    review = {
        "apiVersion": REVIEWS.api_version,
        "kind": REVIEWS.kind,
        "spec": {"resourceAttributes": {key: value for key, value in (asked | place).items() if value}},
    }
    return bool(client.create(REVIEWS, review)["status"]["allowed"])


def granted() -> Iterator[Question]:
    """Everything that manifests/rbac/controller.yaml gives the controller."""
    for role in documents(MANIFESTS / "rbac" / "controller.yaml"):
        for rule in role.get("rules") or ():
            for group in rule["apiGroups"]:
                for resource in rule["resources"]:
                    for verb in rule["verbs"]:
                        for name in rule.get("resourceNames", [""]):
                            yield verb, group, resource, role["metadata"].get("namespace", ""), name


def test_the_controllers_account_may_do_what_the_manifests_say(us: Client) -> None:
    eventually(lambda: [question for question in granted() if not allowed(us, question)] == [], "all is allowed")


def test_the_controllers_account_may_do_nothing_else(us: Client) -> None:
    assert [question for question in FORBIDDEN if allowed(us, question)] == []


def test_the_controller_reads_secrets_in_its_environments_only(
    cluster: Cluster, us: Client, environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    # The controller binds its role in an environment only where it has to write something there.
    SharedConfig(cluster).apply([config_map("shared")])
    environment = environments.create()
    environment.deployed()
    environment.resources("True", "Applied")
    assert us.list(SECRETS, namespace=environment.name)["items"]
    for namespace in ("default", "kube-system", ""):
        with pytest.raises(Forbidden):
            us.list(SECRETS, namespace=namespace)

    environment.delete()
    environment.gone()
    with pytest.raises(Forbidden):
        us.list(SECRETS, namespace=environment.name)


def test_the_controller_cannot_bind_a_stronger_role_in_an_environment(
    cluster: Cluster, us: Client, environments: Environments, engine: Engine, controller: ThreadedController
) -> None:
    environment = environments.create()
    environment.deployed()
    stronger = binding(environment.name, "stronger", role="cluster-admin", account="default")
    with pytest.raises(Forbidden, match="attempting to grant RBAC permissions not currently held"):
        us.create(ROLE_BINDINGS, stronger, namespace=environment.name)


def test_a_release_cannot_make_objects_of_flux_that_its_roles_give_to_editors(
    cluster: Cluster, environments: Environments, tmp_path: Path
) -> None:
    aggregated = {f"{RBAC_GROUP}/aggregate-to-{role}": "true" for role in ("edit", "admin")}
    group = flux.HELM_RELEASES.group
    for_editors = {
        "apiVersion": CLUSTER_ROLES.api_version,
        "kind": CLUSTER_ROLES.kind,
        "metadata": {"name": cluster.name("flux-edit"), "labels": aggregated},
        "rules": [{"apiGroups": [group], "resources": ["helmreleases"], "verbs": ["create", "patch"]}],
    }
    cluster.put(CLUSTER_ROLES, for_editors)
    namespace = cluster.name("ours")
    cluster.create_namespace(namespace, labels={ENVIRONMENT_LABEL: namespace})
    account = partial(make_account, cluster, namespace, folder=tmp_path)
    nested: Question = ("create", group, "helmreleases", namespace, "")
    deployment: Question = ("create", "apps", "deployments", namespace, "")
    with as_user(account("editor", role="edit")) as editor, as_user(account("chart", role="tronador-release")) as chart:
        eventually(lambda: allowed(editor, nested), "an editor may make objects of Flux")
        eventually(lambda: allowed(chart, deployment), "a chart may make a Deployment")
        assert not allowed(chart, nested)
    cluster.client.delete(NAMESPACES, namespace)
