"""Granting rights: users can grant only rights that they have, unless they have `escalate` or `bind`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hack.localcluster import LocalCluster
from tests.localcluster.rights import (
    CLUSTER_ROLE_BINDINGS,
    CLUSTER_ROLES,
    GROUP,
    ROLE_BINDINGS,
    ROLES,
    acting_as,
    allow,
    binding,
    cluster_role,
    made,
    role,
    rule,
    user,
)
from tests.localcluster.samples import CONFIG_MAPS, config_map
from tests.localcluster.support import Answer, Api

WRITES = "create update patch delete"
ALL_ROLES = rule(WRITES, "roles rolebindings clusterroles clusterrolebindings", GROUP)
READS_SECRETS = rule("get list", "secrets")
START = 'user "alice" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:\n'
MISSING = '{APIGroups:[""], Resources:["secrets"], Verbs:["get" "list"]}'


@pytest.fixture
def alice(local_cluster: LocalCluster, api: Api) -> Iterator[Api]:
    """Somebody who may write every role and binding, and list ConfigMaps."""
    allow(api, "alice", ALL_ROLES, rule("list", "configmaps"), namespace="")
    with acting_as(local_cluster, "alice") as caller:
        yield caller


def refused(answer: Answer, what: str, why: str) -> None:
    """Check that the answer is a refusal with this message."""
    assert answer.code == 403, answer
    assert answer.body["message"] == f"{what} is forbidden: {why}"
    assert answer.body["reason"] == "Forbidden"


def test_a_role_must_not_hold_more_than_its_writer(alice: Api) -> None:
    refused(alice.post(ROLES, role("r", READS_SECRETS)), f'roles.{GROUP} "r"', START + MISSING)
    refused(alice.post(CLUSTER_ROLES, cluster_role("r", READS_SECRETS)), f'clusterroles.{GROUP} "r"', START + MISSING)
    made(alice.post(ROLES, role("r", rule("list", "configmaps"))))


def test_a_role_must_not_grow_beyond_its_writer(alice: Api) -> None:
    made(alice.post(ROLES, role("r", rule("list", "configmaps"))))
    grown = {"rules": [rule("list", "configmaps"), READS_SECRETS]}
    refused(alice.merge(f"{ROLES}/r", grown), f'roles.{GROUP} "r"', START + MISSING)
    refused(alice.put(f"{ROLES}/r", role("r", READS_SECRETS)), f'roles.{GROUP} "r"', START + MISSING)
    refused(
        alice.apply(f"{ROLES}/r?fieldManager=a&force=true", role("r", READS_SECRETS)),
        f'roles.{GROUP} "r"',
        START + MISSING,
    )
    refused(alice.apply(f"{ROLES}/s?fieldManager=a", role("s", READS_SECRETS)), f'roles.{GROUP} "s"', START + MISSING)


def test_every_missing_right_is_named_once_and_in_order(alice: Api) -> None:
    rules = (rule("list watch", "configmaps"), rule("get", "secrets", names="one two"), rule("*", "pods"))
    lines = (
        '{APIGroups:[""], Resources:["configmaps"], Verbs:["watch"]}',
        '{APIGroups:[""], Resources:["pods"], Verbs:["*"]}',
        '{APIGroups:[""], Resources:["secrets"], ResourceNames:["one"], Verbs:["get"]}',
        '{APIGroups:[""], Resources:["secrets"], ResourceNames:["two"], Verbs:["get"]}',
    )
    refused(alice.post(ROLES, role("r", *rules)), f'roles.{GROUP} "r"', START + "\n".join(lines))


def test_the_message_names_roles_that_are_not_found(api: Api, alice: Api) -> None:
    made(api.post(ROLE_BINDINGS, binding("b", "Role/gone", user("alice"))))
    errors = f'; resolution errors: [roles.{GROUP} "gone" not found]'
    refused(alice.post(ROLES, role("r", READS_SECRETS)), f'roles.{GROUP} "r"', START + MISSING + errors)


def test_rights_in_one_namespace_can_be_given_there_only(api: Api, alice: Api) -> None:
    allow(api, "readers", READS_SECRETS)
    api.merge(f"{ROLE_BINDINGS}/readers", {"subjects": [user("alice")]})
    made(alice.post(ROLES, role("r", READS_SECRETS)))
    assert alice.post(CLUSTER_ROLES, cluster_role("r", READS_SECRETS)).code == 403
    assert alice.post(f"{ROLES.replace('default', 'kube-public')}", role("r", READS_SECRETS)).code == 403


def test_escalate_lets_anything_be_written(api: Api, alice: Api) -> None:
    allow(api, "escalator", rule("escalate", "roles", GROUP))
    api.merge(f"{ROLE_BINDINGS}/escalator", {"subjects": [user("alice")]})
    made(alice.post(ROLES, role("r", READS_SECRETS)))
    assert alice.merge(f"{ROLES}/r", {"rules": [rule("*", "*", "*")]}).code == 200
    assert alice.post(CLUSTER_ROLES, cluster_role("r", READS_SECRETS)).code == 403


def test_a_binding_must_not_give_more_than_its_writer_has(api: Api, alice: Api) -> None:
    made(api.post(CLUSTER_ROLES, cluster_role("secret-reader", READS_SECRETS)))
    made(api.post(CLUSTER_ROLES, cluster_role("lister", rule("list", "configmaps"))))
    bound = binding("b", "ClusterRole/secret-reader", user("bob"))
    refused(alice.post(ROLE_BINDINGS, bound), f'rolebindings.{GROUP} "b"', START + MISSING)
    wide = {**bound, "kind": "ClusterRoleBinding"}
    refused(alice.post(CLUSTER_ROLE_BINDINGS, wide), f'clusterrolebindings.{GROUP} "b"', START + MISSING)
    made(alice.post(ROLE_BINDINGS, binding("c", "ClusterRole/lister", user("bob"))))


def test_a_subject_must_not_be_added_to_what_one_could_not_bind(api: Api, alice: Api) -> None:
    made(api.post(CLUSTER_ROLES, cluster_role("secret-reader", READS_SECRETS)))
    made(api.post(ROLE_BINDINGS, binding("b", "ClusterRole/secret-reader", user("bob"))))
    answer = alice.merge(f"{ROLE_BINDINGS}/b", {"subjects": [user("bob"), user("alice")]})
    refused(answer, f'rolebindings.{GROUP} "b"', START + MISSING)


def test_finalizers_owners_and_nothing_at_all_may_be_changed(api: Api, alice: Api) -> None:
    made(api.post(CLUSTER_ROLES, cluster_role("secret-reader", READS_SECRETS)))
    made(api.post(ROLE_BINDINGS, binding("b", "ClusterRole/secret-reader", user("bob"))))
    made(api.post(ROLES, role("r", READS_SECRETS)))
    for path in (f"{ROLE_BINDINGS}/b", f"{ROLES}/r"):
        assert alice.merge(path, {"metadata": {"finalizers": ["example.com/hold"]}}).code == 200
        assert alice.merge(path, {}).code == 200
        assert alice.merge(path, {"metadata": {"finalizers": None}}).code == 200
        assert alice.merge(path, {"metadata": {"labels": {"a": "b"}}}).code == 403


def test_the_bind_verb_allows_binding_one_role_only(api: Api, alice: Api) -> None:
    for name in ("secret-reader", "other"):
        made(api.post(CLUSTER_ROLES, cluster_role(name, READS_SECRETS)))
    allow(api, "binder", rule("bind", "clusterroles", GROUP, names="secret-reader"))
    api.merge(f"{ROLE_BINDINGS}/binder", {"subjects": [user("alice")]})
    made(alice.post(ROLE_BINDINGS, binding("b", "ClusterRole/secret-reader", user("alice"))))
    refused_binding = binding("c", "ClusterRole/cluster-admin", user("alice"))
    assert alice.post(ROLE_BINDINGS, refused_binding).code == 403
    wide = binding("d", "ClusterRole/secret-reader", user("alice"), kind="ClusterRoleBinding")
    assert alice.post(CLUSTER_ROLE_BINDINGS, wide).code == 403, "bind is held in the namespace only"
    local = role("secret-reader", READS_SECRETS)
    made(api.post(ROLES, local))
    assert alice.post(ROLE_BINDINGS, binding("e", "Role/other", user("alice"))).code == 404


def test_a_role_that_does_not_exist_is_bound_only_by_who_may_bind_it(api: Api, alice: Api) -> None:
    answer = alice.post(ROLE_BINDINGS, binding("b", "ClusterRole/gone", user("bob")))
    assert (answer.code, answer.body["message"]) == (404, f'rolebindings.{GROUP} "gone" not found')
    made(api.post(ROLE_BINDINGS, binding("b", "ClusterRole/gone", user("bob"))))


def test_only_an_administrator_can_create_an_aggregated_role(api: Api, alice: Api) -> None:
    selector = {"clusterRoleSelectors": [{"matchLabels": {"gather": "me"}}]}
    gathering = {**cluster_role("g"), "aggregationRule": selector}
    why = "must have cluster-admin privileges to use the aggregationRule"
    refused(alice.post(CLUSTER_ROLES, gathering), f'clusterroles.{GROUP} "g"', why)
    made(api.post(CLUSTER_ROLES, gathering))
    refused(alice.merge(f"{CLUSTER_ROLES}/g", {"aggregationRule": None}), f'clusterroles.{GROUP} "g"', why)
    bound = binding("root", "ClusterRole/cluster-admin", user("alice"), kind="ClusterRoleBinding")
    made(api.post(CLUSTER_ROLE_BINDINGS, bound))
    assert alice.merge(f"{CLUSTER_ROLES}/g", {"aggregationRule": None}).code == 200


def test_the_rules_of_an_aggregated_role_count_as_held(api: Api, local_cluster: LocalCluster) -> None:
    made(api.post(ROLE_BINDINGS, binding("b", "ClusterRole/admin", user("bob"))))
    with acting_as(local_cluster, "bob") as bob:
        made(bob.post(ROLE_BINDINGS, binding("c", "ClusterRole/edit", user("carol"))))
        made(bob.post(ROLES, role("r", rule("get list delete", "deployments", "apps"))))
        answer = bob.post(ROLES, role("s", rule("get", "widgets", "tests.example.com")))
    missing = '{APIGroups:["tests.example.com"], Resources:["widgets"], Verbs:["get"]}'
    assert answer.body["message"].endswith(missing)


def test_the_controllers_of_the_cluster_are_never_refused(api: Api, alice: Api) -> None:
    made(api.post(CLUSTER_ROLES, {**cluster_role("g"), "aggregationRule": {"clusterRoleSelectors": [
        {"matchLabels": {"gather": "me"}}]}}))  # fmt: skip
    made(alice.post(CLUSTER_ROLES, cluster_role("part", rule("list", "configmaps"), labels={"gather": "me"})))
    api.until(f"{CLUSTER_ROLES}/g", lambda answer: answer.body["rules"] == [rule("list", "configmaps")])
    made(api.post(CONFIG_MAPS, config_map("c")))
