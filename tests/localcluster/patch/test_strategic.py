"""Strategic merge patch on built-in kinds."""

from __future__ import annotations

from typing import Any

import pytest

from hack.localcluster.patch import PatchError, strategic_merge_patch
from hack.localcluster.schema import builtin_types

TYPES = builtin_types()
DEPLOYMENT = TYPES.typing("apps", "v1", "Deployment")
SERVICE = TYPES.typing("", "v1", "Service")
CONFIG_MAP = TYPES.typing("", "v1", "ConfigMap")
Json = dict[str, Any]


def deployment(*containers: Json, **pod: Any) -> Json:
    return {"spec": {"template": {"spec": {"containers": list(containers), **pod}}}}


def pod_spec(obj: Json) -> Json:
    return obj["spec"]["template"]["spec"]


def patched_pod(target: Json, patch: Json) -> Json:
    return pod_spec(strategic_merge_patch(target, patch, DEPLOYMENT))


def test_containers_are_merged_by_name_and_new_ones_come_first() -> None:
    target = deployment({"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1"})
    merged = patched_pod(target, deployment({"name": "b", "image": "b:2"}, {"name": "c", "image": "c:1"}))
    assert merged["containers"] == [
        {"name": "a", "image": "a:1"},
        {"name": "b", "image": "b:2"},
        {"name": "c", "image": "c:1"},
    ]
    merged = patched_pod(target, deployment({"name": "c", "image": "c:1"}))
    assert [container["name"] for container in merged["containers"]] == ["c", "a", "b"]


def test_an_item_is_deleted_by_its_key() -> None:
    target = deployment({"name": "a"}, {"name": "b"})
    assert patched_pod(target, deployment({"name": "a", "$patch": "delete"}))["containers"] == [{"name": "b"}]


def test_a_list_is_replaced_on_demand() -> None:
    target = deployment({"name": "a"}, {"name": "b"})
    assert patched_pod(target, deployment({"name": "z"}, {"$patch": "replace"}))["containers"] == [{"name": "z"}]


def test_a_map_is_replaced_or_emptied_on_demand() -> None:
    target = {"data": {"a": "1", "b": "2"}}
    assert strategic_merge_patch(target, {"data": {"$patch": "replace", "c": "3"}}, CONFIG_MAP) == {"data": {"c": "3"}}
    assert strategic_merge_patch(target, {"data": {"$patch": "delete"}}, CONFIG_MAP) == {"data": {}}


def test_finalizers_are_a_set_with_new_ones_in_front() -> None:
    target = {"metadata": {"finalizers": ["a", "b"]}}
    merged = strategic_merge_patch(target, {"metadata": {"finalizers": ["c", "b"]}}, CONFIG_MAP)
    assert merged["metadata"]["finalizers"] == ["c", "a", "b"]
    merged = strategic_merge_patch(target, {"metadata": {"$deleteFromPrimitiveList/finalizers": ["a"]}}, CONFIG_MAP)
    assert merged == {"metadata": {"finalizers": ["b"]}}


def test_the_set_element_order_puts_the_list_in_order() -> None:
    target = deployment({"name": "a"}, {"name": "b"}, {"name": "server-only"})
    patch = {
        "spec": {
            "template": {
                "spec": {
                    "$setElementOrder/containers": [{"name": "b"}, {"name": "c"}, {"name": "a"}],
                    "containers": [{"name": "c", "image": "c"}],
                }
            }
        }
    }
    names = [container["name"] for container in patched_pod(target, patch)["containers"]]
    assert names == ["b", "c", "a", "server-only"]


def test_an_order_that_contradicts_the_patch_is_refused() -> None:
    patch = deployment({"name": "a"}, {"name": "b"})
    pod_spec(patch)["$setElementOrder/containers"] = [{"name": "b"}, {"name": "a"}]
    with pytest.raises(PatchError, match="doesn't match"):
        strategic_merge_patch(deployment(), patch, DEPLOYMENT)


def test_retained_keys_drop_the_others() -> None:
    target = {"spec": {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}}}}
    patch = {"spec": {"strategy": {"$retainKeys": ["type"], "type": "Recreate"}}}
    assert strategic_merge_patch(target, patch, DEPLOYMENT) == {"spec": {"strategy": {"type": "Recreate"}}}
    with pytest.raises(PatchError) as caught:
        strategic_merge_patch(target, {"spec": {"strategy": {"$retainKeys": [], "type": "Recreate"}}}, DEPLOYMENT)
    assert caught.value.code == 400


def test_ports_of_a_service_are_merged_by_port_alone() -> None:
    target = {"spec": {"ports": [{"port": 80, "protocol": "TCP", "targetPort": 1}, {"port": 81}]}}
    merged = strategic_merge_patch(target, {"spec": {"ports": [{"port": 80, "targetPort": 2}]}}, SERVICE)
    assert merged["spec"]["ports"] == [{"port": 80, "protocol": "TCP", "targetPort": 2}, {"port": 81}]


def test_lists_without_a_merge_strategy_are_replaced() -> None:
    target = deployment({"name": "a", "args": ["1", "2"]})
    assert patched_pod(target, deployment({"name": "a", "args": ["3"]}))["containers"] == [{"name": "a", "args": ["3"]}]


def test_null_removes_a_field_and_is_dropped_from_new_objects() -> None:
    target = {"data": {"a": "1"}}
    merged = strategic_merge_patch(
        target, {"data": {"a": None, "b": "2"}, "metadata": {"labels": {"x": None}}}, CONFIG_MAP
    )
    assert merged == {"data": {"b": "2"}, "metadata": {"labels": {}}}


def test_a_missing_merge_key_is_named() -> None:
    with pytest.raises(PatchError, match="map: map\\[image:x\\] does not contain declared merge key: name"):
        strategic_merge_patch(deployment({"name": "a"}), deployment({"image": "x"}), DEPLOYMENT)


def test_target_and_patch_are_left_alone() -> None:
    target, patch = deployment({"name": "a", "env": [{"name": "x"}]}), deployment({"name": "a", "env": [{"name": "y"}]})
    strategic_merge_patch(target, patch, DEPLOYMENT)
    assert target == deployment({"name": "a", "env": [{"name": "x"}]})
    assert patch == deployment({"name": "a", "env": [{"name": "y"}]})


def test_a_patch_that_is_not_an_object_is_a_bad_request() -> None:
    with pytest.raises(PatchError) as caught:
        strategic_merge_patch({}, [], CONFIG_MAP)
    assert caught.value.code == 400
