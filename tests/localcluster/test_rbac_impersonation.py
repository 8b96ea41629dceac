"""Acting as somebody else, and who may."""

from __future__ import annotations

import pytest

from hack.localcluster import LocalCluster
from tests.localcluster.rights import acting_as, allow, made, make_account, rule, token_of
from tests.localcluster.samples import CONFIG_MAPS
from tests.localcluster.support import Api, Kubectl

IDENTITY = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
REVIEW = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
ROBOT = "system:serviceaccount:default:robot"
PLACE = 'in API group "" in the namespace "default"'


def identity(caller: Api) -> dict[str, object]:
    """Whom the server takes the caller for."""
    found: dict[str, object] = made(caller.post(IDENTITY, REVIEW))["status"]["userInfo"]
    return found


@pytest.mark.parametrize(
    ("name", "groups"),
    [
        ("alice", ["system:authenticated"]),
        ("system:anonymous", ["system:unauthenticated"]),
        (ROBOT, ["system:serviceaccounts", "system:serviceaccounts:default", "system:authenticated"]),
    ],
)
def test_groups_that_go_without_saying_are_added(local_cluster: LocalCluster, name: str, groups: list[str]) -> None:
    with acting_as(local_cluster, name, "") as caller:
        if name == "system:anonymous":
            assert caller.post(IDENTITY, REVIEW).code == 403
        else:
            assert identity(caller) == {"username": name, "groups": groups}


def test_groups_that_are_given_are_taken(local_cluster: LocalCluster, kubectl: Kubectl) -> None:
    with acting_as(local_cluster, ROBOT, "devs") as caller:
        assert identity(caller)["groups"] == ["devs", "system:authenticated"]
    who = kubectl("auth", "whoami", "--as=alice", "--as-group=devs", "--as-group=ops", "--as-uid=7")
    assert "[devs ops system:authenticated]" in who
    assert "UID" in who


def test_extra_values_are_passed_on(local_cluster: LocalCluster) -> None:
    headers = {"Impersonate-User": "alice", "Impersonate-Extra-Acme.com%2Fproject": "one"}
    with Api(local_cluster, headers=headers) as caller:
        assert identity(caller)["extra"] == {"acme.com/project": ["one"]}


def test_a_group_alone_is_nobody(local_cluster: LocalCluster) -> None:
    with Api(local_cluster, headers={"Impersonate-Group": "devs"}) as caller:
        answer = caller.get(CONFIG_MAPS)
    assert answer.code == 400
    value = '&user.DefaultInfo{Name:"", UID:"", Groups:[]string{"devs"}, Extra:map[string][]string(nil)}'
    assert answer.body["message"] == f"requested {value} without impersonating a user name"


@pytest.fixture
def token(api: Api) -> str:
    """The token of a service account that acts as others."""
    make_account(api)
    return token_of(api)


def acting(cluster: LocalCluster, token: str, name: str, group: str = "") -> Api:
    """Requests of the service account as somebody else."""
    headers = {"Impersonate-User": name, **({"Impersonate-Group": group} if group else {})}
    return Api(cluster, token=token, headers=headers)


def test_a_refused_impersonation_names_the_first_mode_that_failed(local_cluster: LocalCluster, token: str) -> None:
    with acting(local_cluster, token, "alice") as caller:
        answer = caller.get(f"{CONFIG_MAPS}/c")
    assert answer.code == 403
    what = f'cannot impersonate-on:user-info:get resource "configmaps" {PLACE}'
    assert answer.body["message"] == f'configmaps "c" is forbidden: User "{ROBOT}" {what}'


def test_the_plain_verb_lets_one_act_as_those_named(api: Api, local_cluster: LocalCluster, token: str) -> None:
    allow(api, ROBOT, rule("impersonate", "users", names="alice"), namespace="")
    allow(api, "alice", rule("list", "configmaps"))
    with acting(local_cluster, token, "alice") as alice, acting(local_cluster, token, "bob") as bob:
        assert alice.get(CONFIG_MAPS).code == 200
        refused = alice.get("/api/v1/namespaces/default/secrets").body["message"]
        assert refused.startswith('secrets is forbidden: User "alice" cannot list')
        assert bob.get(CONFIG_MAPS).body["message"].startswith(f'configmaps is forbidden: User "{ROBOT}" cannot')


def test_groups_need_a_right_of_their_own(api: Api, local_cluster: LocalCluster, token: str) -> None:
    allow(api, ROBOT, rule("impersonate", "users groups", names="alice devs"), namespace="")
    with acting(local_cluster, token, "alice", "devs") as caller:
        assert identity(caller)["groups"] == ["devs", "system:authenticated"]
    with acting(local_cluster, token, "alice", "system:masters") as caller:
        assert caller.get(CONFIG_MAPS).code == 403


def test_the_limited_verbs_let_one_act_as_others_for_some_requests(
    api: Api, local_cluster: LocalCluster, token: str
) -> None:
    rules = (
        rule("impersonate:user-info", "users", "authentication.k8s.io", names="alice"),
        rule("impersonate:user-info", "groups", "authentication.k8s.io"),
        rule("impersonate-on:user-info:list", "configmaps"),
    )
    allow(api, ROBOT, *rules, namespace="")
    allow(api, "alice", rule("get list", "configmaps"))
    with acting(local_cluster, token, "alice") as caller:
        assert caller.get(CONFIG_MAPS).code == 200
        assert caller.get(f"{CONFIG_MAPS}/c").code == 403
    with acting(local_cluster, token, "alice", "system:masters") as caller:
        why = "impersonating the system:masters group is not allowed"
        assert caller.get(CONFIG_MAPS).body["message"].endswith(why)


def test_service_accounts_are_impersonated_in_their_namespace(api: Api, local_cluster: LocalCluster) -> None:
    allow(api, "admin", rule("impersonate", "serviceaccounts", names="robot"))
    headers = {"Impersonate-User": ROBOT}
    make_account(api, "helper")
    from_helper = "system:serviceaccount:default:helper"
    token = token_of(api, "helper")
    with Api(local_cluster, token=token, headers=headers) as caller:
        answer = caller.get(CONFIG_MAPS)
        what = f'cannot impersonate-on:serviceaccount:list resource "configmaps" {PLACE}'
        assert answer.body["message"] == f'configmaps is forbidden: User "{from_helper}" {what}'
        subject = {"kind": "ServiceAccount", "name": "helper", "namespace": "default"}
        api.merge("/apis/rbac.authorization.k8s.io/v1/namespaces/default/rolebindings/admin", {"subjects": [subject]})
        assert identity(caller)["username"] == ROBOT
