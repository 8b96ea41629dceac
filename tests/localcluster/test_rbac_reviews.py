"""Questions about rights: access reviews, and kubectl's ways of asking them."""

from __future__ import annotations

from typing import Any

import pytest

from hack.localcluster import LocalCluster
from tests.kubectl import Kubectl
from tests.localcluster.rights import (
    CLUSTER_ROLE_BINDINGS,
    ROLE_BINDINGS,
    account,
    acting_as,
    allow,
    binding,
    group,
    made,
    rule,
    user,
)
from tests.localcluster.support import Api

V1 = "/apis/authorization.k8s.io/v1"
PODS = {"verb": "list", "resource": "pods", "namespace": "default"}


def review(kind: str, **spec: Any) -> dict[str, Any]:
    """A review object."""
    return {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}


def own(**attributes: str) -> dict[str, Any]:
    """A question about one's own rights."""
    return review("SelfSubjectAccessReview", resourceAttributes=attributes)


def test_an_allowed_review_names_the_binding(api: Api, local_cluster: LocalCluster) -> None:
    made(api.post(ROLE_BINDINGS, binding("b", "ClusterRole/view", user("alice"))))
    with acting_as(local_cluster, "alice") as alice:
        answer = made(alice.post(f"{V1}/selfsubjectaccessreviews", own(**PODS)))
    why = 'RBAC: allowed by RoleBinding "b/default" of ClusterRole "view" to User "alice"'
    assert answer["status"] == {"allowed": True, "reason": why}
    assert answer["spec"] == {"resourceAttributes": PODS}


@pytest.mark.parametrize(
    ("subject", "who", "named"),
    [
        (group("devs"), {"user": "x", "groups": ["a", "devs"]}, 'Group "devs"'),
        (account("robot"), {"user": "system:serviceaccount:default:robot"}, 'ServiceAccount "robot/default"'),
        (user("x"), {"user": "x"}, 'User "x"'),
    ],
)
def test_others_are_asked_about_by_name_and_groups(
    api: Api, subject: dict[str, str], who: dict[str, Any], named: str
) -> None:
    made(api.post(ROLE_BINDINGS, binding("b", "ClusterRole/view", subject)))
    answer = made(api.post(f"{V1}/subjectaccessreviews", review("SubjectAccessReview", resourceAttributes=PODS, **who)))
    assert answer["status"]["allowed"]
    assert answer["status"]["reason"].endswith(f"to {named}")


def test_an_allowed_review_names_a_cluster_binding_as_such(api: Api) -> None:
    made(api.post(CLUSTER_ROLE_BINDINGS, binding("b", "ClusterRole/view", user("x"), kind="ClusterRoleBinding")))
    question = review("SubjectAccessReview", resourceAttributes=PODS, user="x")
    status = made(api.post(f"{V1}/subjectaccessreviews", question))["status"]
    assert status["reason"] == 'RBAC: allowed by ClusterRoleBinding "b" of ClusterRole "view" to User "x"'


def test_a_denied_review_says_what_is_missing(api: Api) -> None:
    question = review("SubjectAccessReview", resourceAttributes=PODS, user="x")
    assert made(api.post(f"{V1}/subjectaccessreviews", question))["status"] == {"allowed": False}
    made(api.post(ROLE_BINDINGS, binding("b", "Role/gone", user("x"))))
    reason = 'RBAC: role.rbac.authorization.k8s.io "gone" not found'
    answer = made(api.post(f"{V1}/subjectaccessreviews", question))
    assert answer["status"] == {"allowed": False, "reason": reason}


def test_masters_may_everything_without_a_reason(api: Api) -> None:
    answer = made(api.post(f"{V1}/selfsubjectaccessreviews", own(verb="anything", resource="whatever")))
    assert answer["status"] == {"allowed": True}


def test_paths_can_be_asked_about(api: Api, local_cluster: LocalCluster) -> None:
    with acting_as(local_cluster, "alice") as alice:
        for path, allowed in (("/version", True), ("/metrics", False)):
            question = review("SelfSubjectAccessReview", nonResourceAttributes={"verb": "get", "path": path})
            status = made(alice.post(f"{V1}/selfsubjectaccessreviews", question))["status"]
            assert status["allowed"] is allowed


@pytest.mark.parametrize(
    ("kind", "spec", "field"),
    [
        ("SelfSubjectAccessReview", {}, "spec.resourceAttributes"),
        (
            "SelfSubjectAccessReview",
            {"resourceAttributes": PODS, "nonResourceAttributes": {"verb": "get", "path": "/"}},
            "spec.nonResourceAttributes",
        ),
        ("SubjectAccessReview", {"resourceAttributes": PODS}, "spec.user"),
    ],
)
def test_invalid_reviews_are_refused(api: Api, kind: str, spec: dict[str, Any], field: str) -> None:
    answer = api.post(f"{V1}/{kind.lower()}s", review(kind, **spec))
    assert answer.code == 422
    assert [cause["field"] for cause in answer.body["details"]["causes"]] == [field]


def test_reviews_can_only_be_created(api: Api) -> None:
    assert api.get(f"{V1}/selfsubjectaccessreviews").code == 405
    resources = {one["name"]: one for one in api.get(V1).body["resources"]}
    assert resources["selfsubjectaccessreviews"]["verbs"] == ["create"]


def test_asking_about_others_is_a_right(local_cluster: LocalCluster) -> None:
    with acting_as(local_cluster, "alice") as alice:
        question = review("SubjectAccessReview", resourceAttributes=PODS, user="bob")
        assert alice.post(f"{V1}/subjectaccessreviews", question).code == 403


def test_kubectl_asks_whether_one_can(api: Api, kubectl: Kubectl) -> None:
    allow(api, "alice", rule("get list", "configmaps"), rule("create", "deployments/scale", "apps"))
    assert kubectl("auth", "can-i", "list", "configmaps", "--as=alice") == "yes\n"
    assert kubectl("auth", "can-i", "create", "deployments.apps", "--subresource=scale", "--as=alice") == "yes\n"
    assert kubectl("auth", "can-i", "*", "*") == "yes\n"
    refused = kubectl.run("auth", "can-i", "list", "configmaps", "-n", "kube-system", "--as=alice")
    assert (refused.returncode, refused.stdout) == (1, "no\n")


def test_kubectl_lists_what_one_can(api: Api, kubectl: Kubectl) -> None:
    allow(api, "alice", rule("get list", "configmaps", names="one"), rule("create", "deployments/scale", "apps"))
    allow(api, "alice", rule("watch", "nodes"), namespace="")
    rows = [line.split("  ") for line in kubectl("auth", "can-i", "--list", "--as=alice").splitlines()]
    cells = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    for row in (
        ["configmaps", "[]", "[one]", "[get list]"],
        ["deployments.apps/scale", "[]", "[]", "[create]"],
        ["nodes", "[]", "[]", "[watch]"],
        ["[/version]", "[]", "[get]"],
    ):
        assert row in cells


def test_a_review_of_rules_names_missing_roles_and_returns_no_spec(api: Api, local_cluster: LocalCluster) -> None:
    made(api.post(ROLE_BINDINGS, binding("b", "ClusterRole/absent", user("alice"))))
    with acting_as(local_cluster, "alice") as alice:
        question = review("SelfSubjectRulesReview", namespace="default")
        answer = made(alice.post(f"{V1}/selfsubjectrulesreviews", question))
        assert alice.post(f"{V1}/selfsubjectrulesreviews", review("SelfSubjectRulesReview")).code == 400
    assert answer["spec"] == {}
    assert answer["status"]["evaluationError"] == 'clusterrole.rbac.authorization.k8s.io "absent" not found'
    assert answer["status"]["resourceRules"]
    assert not answer["status"]["incomplete"]
