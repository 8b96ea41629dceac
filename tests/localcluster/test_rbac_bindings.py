"""Which users a binding applies to, in which namespaces, and from what time."""

from __future__ import annotations

import pytest

from hack.localcluster import LocalCluster, Options
from tests.localcluster.rights import (
    CLUSTER_ROLE_BINDINGS,
    CLUSTER_ROLES,
    RBAC,
    ROLE_BINDINGS,
    ROLES,
    account,
    acting_as,
    binding,
    cluster_role,
    group,
    made,
    make_account,
    role,
    rule,
    token_of,
    user,
)
from tests.localcluster.samples import CONFIG_MAPS, NAMESPACES, namespace
from tests.localcluster.support import Api

ELSEWHERE = "/api/v1/namespaces/other/configmaps"


@pytest.fixture
def bindable(api: Api) -> Api:
    """The admin, with a namespace `other` and a ClusterRole `reader`."""
    made(api.post(NAMESPACES, namespace("other")))
    made(api.post(CLUSTER_ROLES, cluster_role("reader", rule("list", "configmaps"))))
    return api


def codes(caller: Api, *, token: str = "") -> tuple[int, int, int]:
    """Return the codes of lists in `default`, in `other` and in all namespaces."""
    paths = (CONFIG_MAPS, ELSEWHERE, "/api/v1/configmaps")
    return tuple(caller.get(path, token=token).code for path in paths)  # type: ignore[return-value]


def test_a_role_binding_gives_rights_in_its_namespace_only(bindable: Api, local_cluster: LocalCluster) -> None:
    made(bindable.post(ROLE_BINDINGS, binding("b", "ClusterRole/reader", user("alice"))))
    with acting_as(local_cluster, "alice") as alice, acting_as(local_cluster, "bob") as bob:
        assert codes(alice) == (200, 403, 403)
        assert codes(bob) == (403, 403, 403)


def test_a_cluster_role_binding_gives_rights_everywhere(bindable: Api, local_cluster: LocalCluster) -> None:
    bound = binding("b", "ClusterRole/reader", user("alice"), kind="ClusterRoleBinding")
    made(bindable.post(CLUSTER_ROLE_BINDINGS, bound))
    with acting_as(local_cluster, "alice") as alice:
        assert codes(alice) == (200, 200, 200)


def test_a_role_is_the_one_of_the_bindings_namespace(bindable: Api, local_cluster: LocalCluster) -> None:
    made(bindable.post(f"{RBAC}/namespaces/other/roles", role("local", rule("list", "configmaps"))))
    made(bindable.post(ROLE_BINDINGS, binding("b", "Role/local", user("alice"))))
    made(bindable.post(f"{RBAC}/namespaces/other/rolebindings", binding("b", "Role/local", user("alice"))))
    with acting_as(local_cluster, "alice") as alice:
        assert codes(alice) == (403, 200, 403)


def test_groups_are_bound(bindable: Api, local_cluster: LocalCluster) -> None:
    made(bindable.post(ROLE_BINDINGS, binding("b", "ClusterRole/reader", group("devs"))))
    with acting_as(local_cluster, "alice", "devs") as dev, acting_as(local_cluster, "alice", "ops") as other:
        assert codes(dev)[0] == 200
        assert codes(other)[0] == 403


def test_a_service_account_without_a_namespace_is_of_the_bindings(bindable: Api) -> None:
    make_account(bindable)
    make_account(bindable, namespace="other")
    made(bindable.post(ROLE_BINDINGS, binding("b", "ClusterRole/reader", account("robot"))))
    assert codes(bindable, token=token_of(bindable))[0] == 200
    assert codes(bindable, token=token_of(bindable, namespace="other"))[0] == 403


def test_a_service_account_of_another_namespace_is_bound_by_naming_it(bindable: Api) -> None:
    make_account(bindable, namespace="other")
    made(bindable.post(ROLE_BINDINGS, binding("b", "ClusterRole/reader", account("robot", "other"))))
    assert codes(bindable, token=token_of(bindable, namespace="other")) == (200, 403, 403)


@pytest.mark.parametrize("name", ["system:serviceaccounts", "system:serviceaccounts:other", "system:authenticated"])
def test_service_accounts_are_in_their_groups(bindable: Api, name: str) -> None:
    make_account(bindable, namespace="other")
    made(bindable.post(ROLE_BINDINGS, binding("b", "ClusterRole/reader", group(name))))
    assert codes(bindable, token=token_of(bindable, namespace="other"))[0] == 200


def test_every_change_counts_at_once(api: Api, local_cluster: LocalCluster) -> None:
    with acting_as(local_cluster, "alice") as alice:

        def sees() -> bool:
            return alice.get(CONFIG_MAPS).code == 200

        made(api.post(ROLE_BINDINGS, binding("b", "Role/reader", user("alice"))))
        assert not sees()
        made(api.post(ROLES, role("reader", rule("list", "configmaps"))))
        assert sees()
        api.merge(f"{ROLES}/reader", {"rules": [rule("get", "configmaps")]})
        assert not sees()
        api.merge(f"{ROLES}/reader", {"rules": [rule("list", "*")]})
        assert sees()
        api.merge(f"{ROLE_BINDINGS}/b", {"subjects": [user("bob")]})
        assert not sees()
        api.merge(f"{ROLE_BINDINGS}/b", {"subjects": [user("bob"), user("alice")]})
        assert sees()
        api.delete(f"{ROLE_BINDINGS}/b")
        assert not sees()


def test_the_rights_of_a_namespace_go_with_it(bindable: Api, local_cluster: LocalCluster) -> None:
    made(bindable.post(f"{RBAC}/namespaces/other/rolebindings", binding("b", "ClusterRole/reader", user("alice"))))
    with acting_as(local_cluster, "alice") as alice:
        assert codes(alice) == (403, 200, 403)
        bindable.delete(f"{NAMESPACES}/other")
        bindable.until(f"{NAMESPACES}/other", lambda answer: answer.code == 404)
        assert codes(alice) == (403, 403, 403)


def test_rights_survive_a_restart_with_the_state(bindable: Api, local_cluster: LocalCluster) -> None:
    make_account(bindable)
    token = token_of(bindable)
    made(bindable.post(ROLE_BINDINGS, binding("b", "ClusterRole/reader", account("robot"))))
    local_cluster.restart()
    with Api(local_cluster) as again:
        assert codes(again, token=token) == (200, 403, 403)


def test_rights_can_be_made_to_take_effect_late() -> None:
    with LocalCluster(Options(rights_delay=0.1)) as cluster, Api(cluster) as api:
        bound = binding("b", "ClusterRole/view", user("alice"), user("bob"))
        made(api.post(ROLE_BINDINGS, bound))
        with acting_as(cluster, "alice") as alice:
            assert alice.get(CONFIG_MAPS).code == 403
            alice.until(CONFIG_MAPS, lambda answer: answer.code == 200)
            api.delete(f"{ROLE_BINDINGS}/b")
            assert alice.get(CONFIG_MAPS).code == 200
            alice.until(CONFIG_MAPS, lambda answer: answer.code == 403)
