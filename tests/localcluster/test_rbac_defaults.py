"""The roles and bindings every cluster starts with."""

from __future__ import annotations

from typing import Any

import pytest

from hack.localcluster import LocalCluster
from tests.kubectl import Kubectl
from tests.localcluster.rights import (
    CLUSTER_ROLE_BINDINGS,
    CLUSTER_ROLES,
    ROLE_BINDINGS,
    acting_as,
    binding,
    cluster_role,
    made,
    rule,
    user,
)
from tests.localcluster.support import Api

AGGREGATE = "rbac.authorization.k8s.io/aggregate-to-"


@pytest.mark.parametrize(
    ("name", "carries"),
    [
        ("cluster-admin", None),
        ("admin", None),
        ("edit", "admin"),
        ("view", "edit"),
        ("system:aggregate-to-admin", "admin"),
        ("system:aggregate-to-edit", "edit"),
        ("system:aggregate-to-view", "view"),
        ("system:discovery", None),
        ("system:basic-user", None),
        ("system:public-info-viewer", None),
    ],
)
def test_default_roles_are_labelled_as_a_real_cluster_does(api: Api, name: str, carries: str | None) -> None:
    metadata = api.get(f"{CLUSTER_ROLES}/{name}").body["metadata"]
    wanted = {"kubernetes.io/bootstrapping": "rbac-defaults"}
    assert metadata["labels"] == ({**wanted, f"{AGGREGATE}{carries}": "true"} if carries else wanted)
    assert metadata["annotations"] == {"rbac.authorization.kubernetes.io/autoupdate": "true"}


@pytest.mark.parametrize(
    ("name", "groups"),
    [
        ("cluster-admin", ["system:masters"]),
        ("system:discovery", ["system:authenticated"]),
        ("system:basic-user", ["system:authenticated"]),
        ("system:public-info-viewer", ["system:authenticated", "system:unauthenticated"]),
    ],
)
def test_default_bindings_bind_groups(api: Api, name: str, groups: list[str]) -> None:
    found = api.get(f"{CLUSTER_ROLE_BINDINGS}/{name}").body
    assert [subject["name"] for subject in found["subjects"]] == groups
    assert found["roleRef"]["name"] == name


# What admin, edit and view may in a namespace: a letter for each that may.
RIGHTS: dict[tuple[str, str, str], str] = {
    ("list", "", "configmaps"): "aev",
    ("list", "", "pods/log"): "aev",
    ("list", "", "secrets"): "ae",
    ("create", "", "secrets"): "ae",
    ("create", "", "serviceaccounts/token"): "ae",
    ("impersonate", "", "serviceaccounts"): "ae",
    ("patch", "apps", "deployments"): "ae",
    ("update", "apps", "deployments/scale"): "ae",
    ("update", "apps", "deployments/status"): "",
    ("get", "apps", "deployments/status"): "aev",
    ("delete", "networking.k8s.io", "ingresses"): "ae",
    ("update", "coordination.k8s.io", "leases"): "ae",
    ("get", "coordination.k8s.io", "leases"): "ae",
    ("get", "", "resourcequotas"): "aev",
    ("create", "", "resourcequotas"): "",
    ("create", "", "endpoints"): "",
    ("create", "", "events"): "ae",
    ("get", "", "namespaces"): "aev",
    ("delete", "", "namespaces"): "",
    ("create", "rbac.authorization.k8s.io", "rolebindings"): "a",
    ("get", "rbac.authorization.k8s.io", "roles"): "a",
    ("get", "rbac.authorization.k8s.io", "clusterroles"): "",
    ("create", "authorization.k8s.io", "localsubjectaccessreviews"): "a",
    ("get", "helm.fluxcd.io", "helmreleases"): "",
}


def test_admin_edit_and_view_may_what_they_may_on_a_real_cluster(api: Api) -> None:
    for role in ("admin", "edit", "view"):
        made(api.post(ROLE_BINDINGS, binding(role, f"ClusterRole/{role}", user(role))))
    found = {}
    for verb, group, resource in RIGHTS:
        plural, _, subresource = resource.partition("/")
        attributes = {"verb": verb, "group": group, "resource": plural, "subresource": subresource}
        attributes["namespace"] = "default"
        may = [role for role in ("admin", "edit", "view") if allowed(api, role, attributes)]
        found[(verb, group, resource)] = "".join(role[0] for role in may)
    assert found == RIGHTS


def allowed(api: Api, who: str, attributes: dict[str, str]) -> bool:
    """Whether a user may."""
    kind = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview"}
    body: dict[str, Any] = {**kind, "spec": {"user": who, "resourceAttributes": attributes}}
    return bool(made(api.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", body))["status"]["allowed"])


def test_a_role_that_is_labelled_for_view_reaches_edit_and_admin(api: Api) -> None:
    shared = rule("get", "helmreleases", "helm.fluxcd.io")
    made(api.post(CLUSTER_ROLES, cluster_role("extra", shared, labels={f"{AGGREGATE}view": "true"})))
    for role in ("view", "edit", "admin"):
        api.until(f"{CLUSTER_ROLES}/{role}", lambda answer: shared in answer.body["rules"])
    api.delete(f"{CLUSTER_ROLES}/extra")
    for role in ("view", "edit", "admin"):
        api.until(f"{CLUSTER_ROLES}/{role}", lambda answer: shared not in answer.body["rules"])


def test_the_built_in_rules_of_edit_are_kept_apart_from_added_ones(api: Api) -> None:
    """Flux adds its kinds to `edit`; a role composed of the labelled defaults must not have them."""
    flux = rule("*", "helmreleases", "helm.toolkit.fluxcd.io")
    labels = {f"{AGGREGATE}edit": "true", f"{AGGREGATE}admin": "true"}
    made(api.post(CLUSTER_ROLES, cluster_role("flux-edit", flux, labels=labels)))
    defaults = {"kubernetes.io/bootstrapping": "rbac-defaults"}
    selectors = [{"matchLabels": {**defaults, f"{AGGREGATE}{role}": "true"}} for role in ("edit", "view")]
    release = {**cluster_role("release"), "aggregationRule": {"clusterRoleSelectors": selectors}}
    made(api.post(CLUSTER_ROLES, release))
    api.until(f"{CLUSTER_ROLES}/edit", lambda answer: flux in answer.body["rules"])
    deployments = "deployments/scale"
    rules = api.until(f"{CLUSTER_ROLES}/release", lambda answer: deployments in str(answer.body["rules"])).body["rules"]
    assert flux not in rules


def test_manual_changes_are_kept_after_a_restart(api: Api, local_cluster: LocalCluster) -> None:
    api.merge(f"{CLUSTER_ROLE_BINDINGS}/system:discovery", {"subjects": []})
    local_cluster.restart()
    with acting_as(local_cluster, "alice") as alice:
        assert alice.get("/apis").code == 403


def test_kubectl_describes_a_default_role(kubectl: Kubectl) -> None:
    lines = kubectl("describe", "clusterrole", "edit").splitlines()
    assert any(line.split()[:1] == ["deployments.apps"] for line in lines)
