"""Server-side apply."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from hack.localcluster.fieldmanager import ApplyConflict, TypingError, apply, track_update
from hack.localcluster.schema import Structural, builtin_types

Json = dict[str, Any]

TYPES = builtin_types()
CONFIG_MAP = TYPES.typing("", "v1", "ConfigMap")
DEPLOYMENT = TYPES.typing("apps", "v1", "Deployment")
SERVICE = TYPES.typing("", "v1", "Service")
START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


def at(seconds: int) -> dt.datetime:
    return START + dt.timedelta(seconds=seconds)


def config_map(data: Json) -> Json:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": data}


def applied(
    live: Json | None, intent: Json, manager: str, *, force: bool = False, seconds: int = 0, **options: Any
) -> Json:
    settings = {"api_version": intent["apiVersion"], "typing": CONFIG_MAP, **options}
    return apply(live, intent, manager=manager, force=force, now=at(seconds), **settings)


def updated(live: Json | None, new: Json, manager: str, *, seconds: int = 0) -> Json:
    return track_update(live, new, manager=manager, api_version="v1", now=at(seconds), typing=CONFIG_MAP)


def owned(obj: Json) -> Json:
    return {entry["manager"]: entry["fieldsV1"] for entry in obj["metadata"].get("managedFields") or []}


def test_apply_creates_and_owns_exactly_what_it_names() -> None:
    created = applied(None, config_map({"a": "1"}), "m")
    assert created["data"] == {"a": "1"}
    assert created["metadata"]["managedFields"] == [
        {
            "manager": "m",
            "operation": "Apply",
            "apiVersion": "v1",
            "time": "2024-01-01T00:00:00Z",
            "fieldsType": "FieldsV1",
            "fieldsV1": {"f:data": {"f:a": {}}},
        }
    ]


def test_a_second_applier_adds_beside_the_first() -> None:
    live = applied(None, config_map({"a": "1"}), "m")
    live = applied(live, config_map({"b": "1"}), "n")
    assert live["data"] == {"a": "1", "b": "1"}
    assert owned(live) == {"m": {"f:data": {"f:a": {}}}, "n": {"f:data": {"f:b": {}}}}


def test_a_field_that_its_applier_no_longer_applies_is_removed() -> None:
    live = applied(None, config_map({"a": "1", "b": "1"}), "m")
    live = applied(live, config_map({"a": "1"}), "m", seconds=5)
    assert live["data"] == {"a": "1"}
    assert live["metadata"]["managedFields"][0]["time"] == "2024-01-01T00:00:05Z"


def test_a_field_with_another_owner_stays() -> None:
    live = applied(None, config_map({"a": "1", "b": "1"}), "m")
    live = applied(live, config_map({"b": "1"}), "n")
    live = applied(live, config_map({"a": "1"}), "m")
    assert live["data"] == {"a": "1", "b": "1"}
    assert owned(live) == {"m": {"f:data": {"f:a": {}}}, "n": {"f:data": {"f:b": {}}}}


def test_a_field_of_an_updater_stays_when_the_applier_drops_it() -> None:
    live = applied(None, config_map({"a": "1", "b": "1"}), "m")
    live = updated(live, {**live, "data": {"a": "1", "b": "2"}}, "n")
    live = applied(live, config_map({"a": "1"}), "m")
    assert live["data"] == {"a": "1", "b": "2"}


def test_a_field_without_an_owner_stays_when_its_neighbour_is_removed() -> None:
    live = applied(None, config_map({"a": "1", "b": "1"}), "m")
    live["metadata"]["managedFields"][0]["fieldsV1"] = {"f:data": {"f:a": {}}}
    live = applied(live, config_map({"c": "1"}), "m")
    assert live["data"] == {"b": "1", "c": "1"}
    assert owned(live) == {"m": {"f:data": {"f:c": {}}}}


def test_applying_the_same_again_changes_nothing() -> None:
    live = applied(None, config_map({"a": "1"}), "m")
    assert applied(live, config_map({"a": "1"}), "m", seconds=5) == live


def test_agreeing_with_another_owner_shares_the_field() -> None:
    live = applied(None, config_map({"a": "1"}), "m")
    live = applied(live, config_map({"a": "1"}), "n", seconds=5)
    assert owned(live) == {"m": {"f:data": {"f:a": {}}}, "n": {"f:data": {"f:a": {}}}}


def test_one_conflict_is_reported_in_one_line() -> None:
    live = applied(None, config_map({"a": "1"}), "m")
    with pytest.raises(ApplyConflict) as caught:
        applied(live, config_map({"a": "2"}), "n")
    assert caught.value.message == 'Apply failed with 1 conflict: conflict with "m": .data.a'
    assert caught.value.causes == [
        {"reason": "FieldManagerConflict", "message": 'conflict with "m"', "field": ".data.a"}
    ]


def test_many_conflicts_are_listed_by_manager() -> None:
    live = applied(None, config_map({"a": "1", "b": "1"}), "m")
    live = updated(live, {**live, "data": {"a": "1", "b": "1", "c": "1"}}, "kubectl-edit")
    with pytest.raises(ApplyConflict) as caught:
        applied(live, config_map({"a": "2", "b": "2", "c": "2"}), "n")
    assert caught.value.message == (
        "Apply failed with 3 conflicts: "
        'conflicts with "kubectl-edit" using v1:\n- .data.c\n'
        'conflicts with "m":\n- .data.a\n- .data.b'
    )
    assert [cause["field"] for cause in caught.value.causes] == [".data.c", ".data.a", ".data.b"]


def test_a_subresource_is_named_in_the_conflict() -> None:
    schema = Structural(
        {"type": "object", "properties": {"spec": {"type": "object", "properties": {"n": {"type": "integer"}}}}}
    )
    widget = {"apiVersion": "e.com/v1", "kind": "W", "metadata": {"name": "w"}, "spec": {"n": 1}}
    live = track_update(
        None, widget, manager="hpa", api_version="e.com/v1", subresource="scale", now=START, typing=schema.typing
    )
    with pytest.raises(ApplyConflict) as caught:
        applied(live, {**widget, "spec": {"n": 2}}, "m", typing=schema.typing)
    assert caught.value.causes[0]["message"] == 'conflict with "hpa" with subresource "scale" using e.com/v1'


def test_force_takes_the_field_over() -> None:
    live = applied(None, config_map({"a": "1", "b": "1"}), "m")
    live = applied(live, config_map({"a": "2"}), "n", force=True)
    assert live["data"] == {"a": "2", "b": "1"}
    assert owned(live) == {"m": {"f:data": {"f:b": {}}}, "n": {"f:data": {"f:a": {}}}}


def test_an_update_takes_fields_from_an_applier_which_then_conflicts() -> None:
    live = applied(None, config_map({"a": "1"}), "m")
    live = updated(live, {**live, "data": {"a": "2"}}, "m", seconds=5)
    assert [entry["operation"] for entry in live["metadata"]["managedFields"]] == ["Update"]
    with pytest.raises(ApplyConflict) as caught:
        applied(live, config_map({"a": "3"}), "m")
    assert caught.value.message == 'Apply failed with 1 conflict: conflict with "m" using v1: .data.a'


def test_the_first_apply_on_an_untracked_object_protects_what_was_there() -> None:
    live = {**config_map({"a": "1", "b": "1"}), "metadata": {"name": "c", "uid": "u"}}
    with pytest.raises(ApplyConflict) as caught:
        applied(live, config_map({"a": "2"}), "m")
    assert caught.value.message == 'Apply failed with 1 conflict: conflict with "before-first-apply" using v1: .data.a'
    assert set(owned(applied(live, config_map({"c": "1"}), "m"))) == {"before-first-apply", "m"}


def test_kubectl_takes_over_what_it_applied_from_the_client_before() -> None:
    annotation = '{"apiVersion":"v1","data":{"a":"1"},"kind":"ConfigMap","metadata":{"name":"c"}}\n'
    live = config_map({"a": "1"})
    live["metadata"] = {"name": "c", "annotations": {"kubectl.kubernetes.io/last-applied-configuration": annotation}}
    live = updated(None, live, "kubectl-client-side-apply")
    taken = applied(live, config_map({"a": "2"}), "kubectl")
    assert taken["data"] == {"a": "2"}
    kept = taken["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"]
    assert kept == annotation.replace('"1"', '"2"')
    with pytest.raises(ApplyConflict):
        applied(live, config_map({"a": "2"}), "somebody-else")


def deployment(*containers: Json) -> Json:
    spec = {"template": {"spec": {"containers": list(containers)}}}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec}


def containers_of(obj: Json) -> list[Json]:
    found: list[Json] = obj["spec"]["template"]["spec"]["containers"]
    return found


def test_items_of_a_list_map_are_owned_one_by_one() -> None:
    live = applied(None, deployment({"name": "a", "image": "a:1"}), "m", typing=DEPLOYMENT)
    live = applied(live, deployment({"name": "b", "image": "b:1"}), "n", typing=DEPLOYMENT)
    assert [item["name"] for item in containers_of(live)] == ["a", "b"]
    fields = owned(live)["n"]["f:spec"]["f:template"]["f:spec"]["f:containers"]
    assert fields == {'k:{"name":"b"}': {".": {}, "f:image": {}, "f:name": {}}}
    live = applied(live, deployment(), "n", typing=DEPLOYMENT)
    assert [item["name"] for item in containers_of(live)] == ["a"]


def test_new_items_stand_where_the_intent_puts_them() -> None:
    live = applied(None, deployment({"name": "a"}, {"name": "b"}), "m", typing=DEPLOYMENT)
    live = applied(live, deployment({"name": "x"}, {"name": "b"}, {"name": "y"}), "n", typing=DEPLOYMENT)
    assert [item["name"] for item in containers_of(live)] == ["a", "x", "b", "y"]


def test_shared_items_follow_the_order_of_the_intent() -> None:
    live = applied(None, deployment({"name": "a"}, {"name": "b"}, {"name": "c"}), "m", typing=DEPLOYMENT)
    live = applied(live, deployment({"name": "c"}, {"name": "x"}, {"name": "a"}), "n", typing=DEPLOYMENT)
    assert [item["name"] for item in containers_of(live)] == ["b", "c", "x", "a"]


def test_a_defaulted_key_belongs_to_the_identity_of_an_item() -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}, "spec": {"ports": [{"port": 80}]}}
    created = applied(None, service, "m", typing=SERVICE)
    assert owned(created)["m"]["f:spec"]["f:ports"] == {'k:{"port":80,"protocol":"TCP"}': {".": {}, "f:port": {}}}


def test_finalizers_are_a_set() -> None:
    first = {**config_map({}), "metadata": {"name": "c", "finalizers": ["a/1"]}}
    second = {**config_map({}), "metadata": {"name": "c", "finalizers": ["b/2"]}}
    live = applied(applied(None, first, "m"), second, "n")
    assert live["metadata"]["finalizers"] == ["a/1", "b/2"]
    assert owned(live)["n"]["f:metadata"] == {"f:finalizers": {'v:"b/2"': {}}}
    live = applied(live, config_map({}), "m")
    assert live["metadata"]["finalizers"] == ["b/2"]


def widget_typing(field: Json) -> Any:
    spec = {"type": "object", "properties": {"f": field}}
    return Structural({"type": "object", "properties": {"spec": spec}}).typing


def widget(value: Any) -> Json:
    return {"apiVersion": "e.com/v1", "kind": "W", "metadata": {"name": "w"}, "spec": {"f": value}}


def test_lists_without_a_type_are_one_value() -> None:
    typing = widget_typing({"type": "array", "items": {"type": "string"}})
    live = applied(None, widget(["a"]), "m", typing=typing)
    assert owned(live) == {"m": {"f:spec": {"f:f": {}}}}
    with pytest.raises(ApplyConflict, match=r"\.spec\.f"):
        applied(live, widget(["a", "b"]), "n", typing=typing)
    assert applied(live, widget(["b"]), "m", typing=typing)["spec"]["f"] == ["b"]


def test_atomic_maps_are_one_value_and_granular_ones_are_not() -> None:
    map_schema: Json = {"type": "object", "additionalProperties": {"type": "string"}}
    granular, atomic = widget_typing(map_schema), widget_typing({**map_schema, "x-kubernetes-map-type": "atomic"})
    live = applied(None, widget({"a": "1"}), "m", typing=granular)
    assert applied(live, widget({"b": "1"}), "n", typing=granular)["spec"]["f"] == {"a": "1", "b": "1"}
    live = applied(None, widget({"a": "1"}), "m", typing=atomic)
    with pytest.raises(ApplyConflict):
        applied(live, widget({"b": "1"}), "n", typing=atomic)
    assert applied(live, widget({"b": "1"}), "n", typing=atomic, force=True)["spec"]["f"] == {"b": "1"}


def test_free_form_values_are_granular_maps_and_atomic_lists() -> None:
    typing = widget_typing({"type": "object", "x-kubernetes-preserve-unknown-fields": True})
    live = applied(None, widget({"a": {"b": 1}, "l": [{"x": 1}]}), "m", typing=typing)
    assert owned(live)["m"]["f:spec"] == {"f:f": {"f:a": {".": {}, "f:b": {}}, "f:l": {}}}
    assert applied(live, widget({"a": {"c": 2}}), "n", typing=typing)["spec"]["f"]["a"] == {"b": 1, "c": 2}


@pytest.mark.parametrize(
    ("intent", "problem"),
    [
        (
            deployment({"name": "a"}, {"name": "a"}),
            '.spec.template.spec.containers: duplicate entries for key [name="a"]',
        ),
        (
            deployment({"image": "x"}),
            ".spec.template.spec.containers: element 0: associative list with keys has an element that omits all key "
            'fields ["name"] (and doesn\'t have default values for any key fields)',
        ),
        (
            deployment({"name": "a", "imagee": "x"}),
            '.spec.template.spec.containers[name="a"].imagee: field not declared in schema',
        ),
        ({**deployment(), "spec": {"replicas": "1"}}, ".spec.replicas: expected numeric (int or float), got string"),
    ],
)
def test_an_intent_that_does_not_fit_its_type_is_refused(intent: Json, problem: str) -> None:
    with pytest.raises(TypingError) as caught:
        applied(None, intent, "m", typing=DEPLOYMENT)
    assert str(caught.value) == problem


def test_fields_that_the_endpoint_discards_are_not_owned() -> None:
    typing = Structural(
        {"type": "object", "properties": {"status": {"type": "object", "properties": {"x": {"type": "string"}}}}}
    ).typing
    intent = {
        "apiVersion": "e.com/v1",
        "kind": "W",
        "metadata": {"name": "w", "labels": {"a": "b"}},
        "status": {"x": "1"},
    }
    created = applied(None, intent, "m", typing=typing, reset_fields=[("f:status",)])
    assert owned(created) == {"m": {"f:metadata": {"f:labels": {"f:a": {}}}}}


def test_inputs_are_left_alone() -> None:
    live, intent = applied(None, config_map({"a": "1", "b": "1"}), "m"), config_map({"a": "2"})
    before = repr(live), repr(intent)
    applied(live, intent, "m")
    assert (repr(live), repr(intent)) == before
