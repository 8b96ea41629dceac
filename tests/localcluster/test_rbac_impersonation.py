"""Requests on behalf of another user, and who may make them."""

from __future__ import annotations

import pytest

from hack.localcluster import LocalCluster
from tests.kubectl import Kubectl
from tests.localcluster.rights import acting_as, allow, made, make_account, rule, token_of
from tests.localcluster.samples import CONFIG_MAPS
from tests.localcluster.support import Api

IDENTITY = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
REVIEW = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
ROBOT = "system:serviceaccount:default:robot"


def identity(caller: Api) -> dict[str, object]:
    """Return the user that the server sees."""
    found: dict[str, object] = made(caller.post(IDENTITY, REVIEW))["status"]["userInfo"]
    return found


@pytest.mark.parametrize(
    ("name", "groups"),
    [
        ("alice", ["system:authenticated"]),
        (ROBOT, ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"]),
    ],
)
def test_the_groups_that_every_user_has_are_added(local_cluster: LocalCluster, name: str, groups: list[str]) -> None:
    with acting_as(local_cluster, name) as caller:
        assert identity(caller) == {"username": name, "groups": groups}


def test_the_anonymous_user_is_in_no_other_group(local_cluster: LocalCluster) -> None:
    with acting_as(local_cluster, "system:anonymous") as caller:
        assert caller.post(IDENTITY, REVIEW).code == 403


def test_groups_that_are_given_are_taken(local_cluster: LocalCluster, kubectl: Kubectl) -> None:
    with acting_as(local_cluster, ROBOT, "devs") as caller:
        assert identity(caller)["groups"] == ["devs", "system:authenticated"]
    who = kubectl("auth", "whoami", "--as=alice", "--as-group=devs", "--as-group=ops")
    assert "[devs ops system:authenticated]" in who


def test_a_group_without_a_user_is_refused(local_cluster: LocalCluster) -> None:
    with Api(local_cluster, headers={"Impersonate-Group": "devs"}) as caller:
        answer = caller.get(CONFIG_MAPS)
    assert answer.code == 400
    assert answer.body["message"].endswith("without impersonating a user name")


@pytest.fixture
def token(api: Api) -> str:
    """The token of a service account that sends requests on behalf of others."""
    make_account(api)
    return token_of(api)


def acting(cluster: LocalCluster, token: str, name: str, group: str = "") -> Api:
    """Requests of the service account on behalf of another user."""
    headers = {"Impersonate-User": name, **({"Impersonate-Group": group} if group else {})}
    return Api(cluster, token=token, headers=headers)


def test_a_caller_without_the_right_is_refused(local_cluster: LocalCluster, token: str) -> None:
    with acting(local_cluster, token, "alice") as caller:
        answer = caller.get(f"{CONFIG_MAPS}/c")
    assert answer.code == 403
    what = 'cannot impersonate resource "users" in API group "" at the cluster scope'
    assert answer.body["message"] == f'users "alice" is forbidden: User "{ROBOT}" {what}'


def test_the_right_is_limited_to_the_users_that_it_names(api: Api, local_cluster: LocalCluster, token: str) -> None:
    allow(api, ROBOT, rule("impersonate", "users", names="alice"), namespace="")
    allow(api, "alice", rule("list", "configmaps"))
    with acting(local_cluster, token, "alice") as alice, acting(local_cluster, token, "bob") as bob:
        assert alice.get(CONFIG_MAPS).code == 200
        refused = alice.get("/api/v1/namespaces/default/secrets").body["message"]
        assert refused.startswith('secrets is forbidden: User "alice" cannot list')
        assert bob.get(CONFIG_MAPS).body["message"].startswith(f'users "bob" is forbidden: User "{ROBOT}" cannot')


def test_groups_need_a_right_of_their_own(api: Api, local_cluster: LocalCluster, token: str) -> None:
    allow(api, ROBOT, rule("impersonate", "users groups", names="alice devs"), namespace="")
    with acting(local_cluster, token, "alice", "devs") as caller:
        assert identity(caller)["groups"] == ["devs", "system:authenticated"]
    with acting(local_cluster, token, "alice", "system:masters") as caller:
        assert caller.get(CONFIG_MAPS).code == 403


def test_service_accounts_are_impersonated_in_their_namespace(api: Api, local_cluster: LocalCluster) -> None:
    allow(api, "admin", rule("impersonate", "serviceaccounts", names="robot"))
    make_account(api, "helper")
    with acting(local_cluster, token_of(api, "helper"), ROBOT) as caller:
        what = 'cannot impersonate resource "serviceaccounts" in API group "" in the namespace "default"'
        assert caller.get(CONFIG_MAPS).body["message"].endswith(what)
        subject = {"kind": "ServiceAccount", "name": "helper", "namespace": "default"}
        api.merge("/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings/admin", {"subjects": [subject]})
        assert identity(caller)["username"] == ROBOT
