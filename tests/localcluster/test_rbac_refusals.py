"""Which requests are refused, and with which messages."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hack.localcluster import LocalCluster
from tests.localcluster.rights import RBAC, ROLE_BINDINGS, acting_as, allow, binding, made, rule, user
from tests.localcluster.samples import CONFIG_MAPS, NAMESPACES, config_map, namespace
from tests.localcluster.support import Api

DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


@pytest.fixture
def alice(local_cluster: LocalCluster) -> Iterator[Api]:
    """A user without any rights of her own."""
    with acting_as(local_cluster, "alice") as caller:
        yield caller


@pytest.mark.parametrize(
    ("method", "path", "subject", "what"),
    [
        ("GET", CONFIG_MAPS, "configmaps", 'list resource "configmaps" in API group "" in the namespace "default"'),
        (
            "GET",
            f"{CONFIG_MAPS}/c",
            'configmaps "c"',
            'get resource "configmaps" in API group "" in the namespace "default"',
        ),
        ("GET", "/api/v1/configmaps", "configmaps", 'list resource "configmaps" in API group "" at the cluster scope'),
        (
            "GET",
            f"{CONFIG_MAPS}?watch=1",
            "configmaps",
            'watch resource "configmaps" in API group "" in the namespace "default"',
        ),
        (
            "DELETE",
            CONFIG_MAPS,
            "configmaps",
            'deletecollection resource "configmaps" in API group "" in the namespace "default"',
        ),
        (
            "GET",
            f"{NAMESPACES}/other",
            'namespaces "other"',
            'get resource "namespaces" in API group "" in the namespace "other"',
        ),
        (
            "PUT",
            f"{DEPLOYMENTS}/d/scale",
            'deployments.apps "d"',
            'update resource "deployments/scale" in API group "apps" in the namespace "default"',
        ),
        (
            "GET",
            "/apis/unserved.example.com/v1/things/t",
            'things.unserved.example.com "t"',
            'get resource "things" in API group "unserved.example.com" at the cluster scope',
        ),
    ],
)
def test_a_refusal_names_user_verb_resource_and_place(
    alice: Api, method: str, path: str, subject: str, what: str
) -> None:
    answer = alice.request(method, path)
    assert answer.code == 403
    assert answer.body["message"] == f'{subject} is forbidden: User "alice" cannot {what}'
    assert answer.body["reason"] == "Forbidden"


def test_the_details_name_the_object(alice: Api) -> None:
    assert alice.get(f"{DEPLOYMENTS}/d").body["details"] == {"name": "d", "group": "apps", "kind": "deployments"}
    assert alice.get(CONFIG_MAPS).body["details"] == {"kind": "configmaps"}


def test_a_refused_non_resource_request_names_its_path(alice: Api) -> None:
    answer = alice.get("/metrics")
    assert (answer.code, answer.body["details"]) == (403, {})
    assert answer.body["message"] == 'forbidden: User "alice" cannot get path "/metrics"'


def test_a_refusal_does_not_look_like_html(local_cluster: LocalCluster) -> None:
    with acting_as(local_cluster, "<b>&") as caller:
        assert 'User "&lt;b&gt;&amp;" cannot list' in caller.get(CONFIG_MAPS).body["message"]


def test_a_refusal_comes_before_anything_is_looked_up(alice: Api) -> None:
    assert alice.request("POST", CONFIG_MAPS, "no JSON at all").code == 403
    assert alice.request("PATCH", "/no/such/path").code == 403


def test_a_refusal_names_bound_roles_that_do_not_exist(api: Api, alice: Api) -> None:
    made(api.post(ROLE_BINDINGS, binding("one", "ClusterRole/gone", user("alice"))))
    start = 'configmaps is forbidden: User "alice" cannot list resource "configmaps" in API group "" '
    missing = 'clusterrole.rbac.authorization.k8s.io "gone" not found'
    text = f'{start}in the namespace "default": RBAC: {missing}'
    assert alice.get(CONFIG_MAPS).body["message"] == text
    made(api.post(ROLE_BINDINGS, binding("two", "Role/lost", user("alice"))))
    made(api.post(ROLE_BINDINGS, binding("three", "ClusterRole/gone", user("alice"))))
    both = f'[{missing}, role.rbac.authorization.k8s.io "lost" not found]'
    assert alice.get(CONFIG_MAPS).body["message"] == f'{start}in the namespace "default": RBAC: {both}'
    assert alice.get("/api/v1/configmaps").body["message"] == f"{start}at the cluster scope"


def test_discovery_is_for_everybody_who_is_somebody(alice: Api) -> None:
    for path in ("/api", "/apis", "/apis/apps/v1", "/openapi/v3", "/version", "/healthz"):
        assert alice.get(path).code == 200, path


def test_a_verb_does_not_grant_another_verb(api: Api, alice: Api) -> None:
    allow(api, "alice", rule("get create patch", "configmaps"))
    made(alice.post(CONFIG_MAPS, config_map("c")))
    assert alice.get(f"{CONFIG_MAPS}/c").code == 200
    assert alice.merge(f"{CONFIG_MAPS}/c", {"data": {"b": "2"}}).code == 200
    assert alice.get(CONFIG_MAPS).code == 403
    assert alice.get(f"{CONFIG_MAPS}?watch=1").code == 403
    assert alice.put(f"{CONFIG_MAPS}/c", config_map("c")).code == 403
    assert alice.delete(f"{CONFIG_MAPS}/c").code == 403


def test_names_limit_what_names_an_object(api: Api, alice: Api) -> None:
    allow(api, "alice", rule("*", "configmaps", names="mine"))
    assert alice.post(CONFIG_MAPS, config_map("mine")).code == 403
    made(api.post(CONFIG_MAPS, config_map("mine")))
    assert alice.get(f"{CONFIG_MAPS}/mine").code == 200
    assert alice.get(f"{CONFIG_MAPS}/other").code == 403
    assert alice.get(CONFIG_MAPS).code == 403
    assert len(alice.get(f"{CONFIG_MAPS}?fieldSelector=metadata.name%3Dmine").body["items"]) == 1
    assert alice.get(f"{CONFIG_MAPS}?fieldSelector=metadata.name%3Dother").code == 403


def test_an_apply_that_creates_needs_the_right_to_create(api: Api, alice: Api) -> None:
    allow(api, "alice", rule("patch update", "configmaps"))
    answer = alice.apply(f"{CONFIG_MAPS}/c?fieldManager=alice", config_map("c"))
    why = 'User "alice" cannot create resource "configmaps" in API group "" in the namespace "default"'
    assert (answer.code, answer.body["message"]) == (403, f'configmaps "c" is forbidden: {why}')
    made(api.post(CONFIG_MAPS, config_map("c")))
    assert alice.apply(f"{CONFIG_MAPS}/c?fieldManager=alice&force=true", config_map("c")).code == 200


def test_a_put_that_creates_needs_the_right_to_create(api: Api, alice: Api) -> None:
    allow(api, "alice", rule("update", "leases", "coordination.k8s.io"))
    path = "/apis/coordination.k8s.io/v1/namespaces/default/leases/l"
    lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": {"name": "l"}}
    answer = alice.put(path, lease)
    assert answer.code == 403
    assert 'cannot create resource "leases" in API group "coordination.k8s.io"' in answer.body["message"]


def test_rights_in_a_namespace_are_rights_on_the_namespace_itself(api: Api, alice: Api) -> None:
    made(api.post(NAMESPACES, namespace("other")))
    allow(api, "alice", rule("get", "namespaces"), namespace="other")
    assert alice.get(f"{NAMESPACES}/other").code == 200
    assert alice.get(f"{NAMESPACES}/default").code == 403
    assert alice.get(NAMESPACES).code == 403


def test_a_subresource_is_a_right_of_its_own(api: Api, alice: Api) -> None:
    allow(api, "alice", rule("get patch", "*/scale", "apps"))
    labels = {"app": "web"}
    spec = {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}}}
    spec["template"]["spec"] = {"containers": [{"name": "web", "image": "web"}]}  # type: ignore[index]
    made(
        api.post(DEPLOYMENTS, {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec})
    )
    assert alice.merge(f"{DEPLOYMENTS}/d/scale", {"spec": {"replicas": 3}}).code == 200
    assert alice.get(f"{DEPLOYMENTS}/d").code == 403
    assert alice.merge(f"{DEPLOYMENTS}/d/status", {}).code == 403


def test_urls_are_granted_by_cluster_roles(api: Api, alice: Api) -> None:
    allow(api, "alice", {"verbs": ["get"], "nonResourceURLs": ["/_test/*"]}, namespace="")
    assert alice.get("/_test/watches").code == 200
    assert alice.request("POST", "/_test/compact").code == 403
    assert api.get(f"{RBAC}/clusterroles/alice").code == 200
