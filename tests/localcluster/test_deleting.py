"""Deletion: finalizers, owners, collections, namespaces, definitions."""

from __future__ import annotations

import pytest

from hack.localcluster import LocalCluster
from hack.localcluster.http.protobuf import MAGIC, MEDIA_TYPE
from tests.localcluster.samples import (
    CONFIG_MAPS,
    CRDS,
    NAMESPACES,
    WIDGET_DEFINITION,
    WIDGETS,
    config_map,
    namespace,
    owner,
    widget,
)
from tests.localcluster.support import Api

_HOLD = "tests.example.com/hold"


@pytest.fixture
def widgets(api: Api) -> Api:
    assert api.post(CRDS, WIDGET_DEFINITION).code == 201
    return api


def test_foreground_deletion_waits_for_blocking_dependents(widgets: Api) -> None:
    parent = widgets.post(WIDGETS, widget("parent")).body
    widgets.post(CONFIG_MAPS, config_map("child", ownerReferences=[owner(parent, block=True)], finalizers=[_HOLD]))
    answer = widgets.delete(f"{WIDGETS}/parent", {"propagationPolicy": "Foreground"})
    assert answer.body["metadata"]["finalizers"] == ["foregroundDeletion"]
    widgets.until(f"{CONFIG_MAPS}/child", lambda child: "deletionTimestamp" in child.body["metadata"])
    assert widgets.get(f"{WIDGETS}/parent").code == 200
    widgets.merge(f"{CONFIG_MAPS}/child", {"metadata": {"finalizers": None}})
    widgets.until(f"{WIDGETS}/parent", lambda found: found.code == 404)


def test_foreground_deletion_does_not_wait_for_dependents_that_do_not_block(widgets: Api) -> None:
    parent = widgets.post(WIDGETS, widget("parent")).body
    widgets.post(CONFIG_MAPS, config_map("child", ownerReferences=[owner(parent)], finalizers=[_HOLD]))
    widgets.delete(f"{WIDGETS}/parent", {"propagationPolicy": "Foreground"})
    widgets.until(f"{WIDGETS}/parent", lambda found: found.code == 404)
    assert widgets.get(f"{CONFIG_MAPS}/child").code == 200


def test_a_dependent_of_two_owners_outlives_the_first(widgets: Api) -> None:
    first, second = (widgets.post(WIDGETS, widget(name)).body for name in ("first", "second"))
    widgets.post(CONFIG_MAPS, config_map("child", ownerReferences=[owner(first), owner(second)]))
    widgets.delete(f"{WIDGETS}/first")
    child = widgets.until(f"{CONFIG_MAPS}/child", lambda one: len(one.body["metadata"]["ownerReferences"]) == 1)
    assert child.body["metadata"]["ownerReferences"][0]["name"] == "second"
    widgets.delete(f"{WIDGETS}/second")
    widgets.until(f"{CONFIG_MAPS}/child", lambda found: found.code == 404)


def test_options_in_protobuf_as_helms_storage_sends_them_are_heeded(api: Api) -> None:
    def field(number: int, content: bytes) -> bytes:
        return bytes([number << 3 | 2, len(content)]) + content

    def delete(uid: str) -> int:
        options = field(2, field(1, uid.encode()))
        body = MAGIC + field(1, field(1, b"v1") + field(2, b"DeleteOptions")) + field(2, options)
        return api.request("DELETE", f"{CONFIG_MAPS}/one", body, content_type=MEDIA_TYPE).code

    made = api.post(CONFIG_MAPS, config_map("one")).body
    assert delete("another") == 409
    assert delete(made["metadata"]["uid"]) == 200


def test_grandchildren_go_too(widgets: Api) -> None:
    parent = widgets.post(WIDGETS, widget("parent")).body
    child = widgets.post(WIDGETS, widget("child", ownerReferences=[owner(parent)])).body
    widgets.post(CONFIG_MAPS, config_map("grandchild", ownerReferences=[owner(child)]))
    widgets.delete(f"{WIDGETS}/parent")
    widgets.until(f"{CONFIG_MAPS}/grandchild", lambda found: found.code == 404)


def test_an_object_with_another_uid_is_not_the_owner(widgets: Api) -> None:
    earlier = widgets.post(WIDGETS, widget("parent")).body
    widgets.delete(f"{WIDGETS}/parent")
    widgets.post(WIDGETS, widget("parent"))
    widgets.post(CONFIG_MAPS, config_map("child", ownerReferences=[owner(earlier)]))
    widgets.until(f"{CONFIG_MAPS}/child", lambda found: found.code == 404)


def test_an_owner_of_a_kind_that_is_not_served_is_given_the_benefit_of_the_doubt(api: Api) -> None:
    stranger = {"apiVersion": "strange.example.com/v1", "kind": "Stranger", "name": "s", "uid": "u"}
    api.post(CONFIG_MAPS, config_map("kept", ownerReferences=[stranger]))
    missing = {"apiVersion": "v1", "kind": "ConfigMap", "name": "missing", "uid": "v"}
    api.post(CONFIG_MAPS, config_map("collected", ownerReferences=[missing]))
    api.until(f"{CONFIG_MAPS}/collected", lambda found: found.code == 404)
    assert api.get(f"{CONFIG_MAPS}/kept").code == 200


def test_a_cluster_scoped_object_is_not_collected_for_a_namespaced_owner(api: Api) -> None:
    pod = {"apiVersion": "v1", "kind": "ConfigMap", "name": "missing", "uid": "u"}
    api.post(NAMESPACES, namespace("kept", ownerReferences=[pod]))
    api.post(CONFIG_MAPS, config_map("collected", ownerReferences=[pod]))
    api.until(f"{CONFIG_MAPS}/collected", lambda found: found.code == 404)
    assert "deletionTimestamp" not in api.get(f"{NAMESPACES}/kept").body["metadata"]


def test_a_collection_is_deleted_by_selector(api: Api) -> None:
    for name in ("a", "b"):
        api.post(CONFIG_MAPS, config_map(name, labels={"name": name}))
    answer = api.delete(f"{CONFIG_MAPS}?labelSelector=name=a")
    assert [item["metadata"]["name"] for item in answer.body["items"]] == ["a"]
    assert (api.get(f"{CONFIG_MAPS}/a").code, api.get(f"{CONFIG_MAPS}/b").code) == (404, 200)


def test_a_dry_run_deletes_nothing(api: Api) -> None:
    api.post(CONFIG_MAPS, config_map("a"))
    assert api.delete(f"{CONFIG_MAPS}/a?dryRun=All").code == 200
    assert api.get(f"{CONFIG_MAPS}/a").code == 200


def test_a_policy_that_does_not_exist_is_refused(api: Api) -> None:
    api.post(CONFIG_MAPS, config_map("a"))
    answer = api.delete(f"{CONFIG_MAPS}/a", {"propagationPolicy": "Sideways"})
    values = 'supported values: "Foreground", "Background", "Orphan", "nil"'
    assert answer.code == 422
    assert answer.body["message"].endswith(f'propagationPolicy: Unsupported value: "Sideways": {values}')


def test_namespaces_that_a_cluster_needs_stay(api: Api) -> None:
    answer = api.delete(f"{NAMESPACES}/default")
    assert answer.code == 403
    assert answer.body["message"] == 'namespaces "default" is forbidden: this namespace may not be deleted'


def test_a_namespace_takes_its_content_along_custom_resources_too(widgets: Api) -> None:
    widgets.post(NAMESPACES, namespace("brief"))
    widgets.post(WIDGETS.replace("default", "brief"), widget("one"))
    widgets.delete(f"{NAMESPACES}/brief")
    widgets.until(f"{NAMESPACES}/brief", lambda found: found.code == 404)
    assert widgets.get("/apis/tests.example.com/v1/widgets").body["items"] == []


def test_a_deleted_namespace_can_be_created_again(api: Api) -> None:
    first = api.post(NAMESPACES, namespace("phoenix")).body["metadata"]["uid"]
    api.delete(f"{NAMESPACES}/phoenix")
    api.until(f"{NAMESPACES}/phoenix", lambda found: found.code == 404)
    assert api.post(NAMESPACES, namespace("phoenix")).body["metadata"]["uid"] != first
    api.until(f"{NAMESPACES}/phoenix/serviceaccounts/default", lambda found: found.code == 200)


def test_a_deleted_default_service_account_comes_back(api: Api) -> None:
    path = f"{NAMESPACES}/default/serviceaccounts/default"
    uid = api.until(path, lambda found: found.code == 200).body["metadata"]["uid"]
    assert api.delete(path).body["kind"] == "ServiceAccount"
    api.until(path, lambda found: found.code == 200 and found.body["metadata"]["uid"] != uid)


def test_an_object_that_is_going_cannot_be_created_again(widgets: Api) -> None:
    widgets.post(WIDGETS, widget("one", finalizers=[_HOLD]))
    widgets.delete(f"{WIDGETS}/one")
    answer = widgets.post(WIDGETS, widget("one"))
    assert answer.code == 409
    assert answer.body["message"] == 'object is being deleted: widgets.tests.example.com "one" already exists'


def test_deleting_a_definition_deletes_its_objects_first(local_cluster: LocalCluster, widgets: Api) -> None:
    path = f"{CRDS}/widgets.tests.example.com"
    widgets.post(WIDGETS, widget("free"))
    widgets.post(WIDGETS, widget("held", finalizers=[_HOLD]))
    widgets.delete(path)
    widgets.until(WIDGETS, lambda found: [one["metadata"]["name"] for one in found.body["items"]] == ["held"])
    conditions = widgets.get(path).body["status"]["conditions"]
    assert {one["type"]: one["status"] for one in conditions}["Terminating"] == "True"
    widgets.merge(f"{WIDGETS}/held", {"metadata": {"finalizers": None}})
    widgets.until(path, lambda found: found.code == 404)
    assert widgets.get(WIDGETS).code == 404


def test_nothing_is_created_while_its_definition_is_deleted(widgets: Api) -> None:
    widgets.post(WIDGETS, widget("held", finalizers=[_HOLD]))
    widgets.delete(f"{CRDS}/widgets.tests.example.com")
    why = "create not allowed while custom resource definition is terminating"
    for answer in (widgets.post(WIDGETS, widget("new")), widgets.apply(f"{WIDGETS}/new?fieldManager=m", widget("new"))):
        assert (answer.code, answer.body["reason"]) == (403, "Forbidden")
        assert answer.body["message"] == f'widgets.tests.example.com "new" is forbidden: {why}'
    changed = widgets.merge(f"{WIDGETS}/held", {"metadata": {"labels": {"a": "b"}}})
    assert changed.code == 200
