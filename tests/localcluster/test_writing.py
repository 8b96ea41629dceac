"""Writes beyond the recorded conversations: names, versions, validation, patches, apply, subresources."""

from __future__ import annotations

from collections.abc import Callable
from http.client import HTTPException
from typing import Any

import pytest

from hack.localcluster import LocalCluster
from hack.localcluster.audit import AuditEntry
from tests.localcluster.samples import (
    CONFIG_MAPS,
    CRDS,
    NAMESPACES,
    WIDGET_DEFINITION,
    WIDGETS,
    config_map,
    namespace,
    widget,
)
from tests.localcluster.support import Answer, Api

_LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases"
_DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"


def _deployment(name: str) -> dict[str, Any]:
    labels = {"app": name}
    container = {"name": name, "image": f"{name}:1", "ports": [{"containerPort": 80}]}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [container]}}
    return {"metadata": {"name": name}, "spec": {"selector": {"matchLabels": labels}, "template": template}}


@pytest.fixture
def widgets(api: Api) -> Api:
    assert api.post(CRDS, WIDGET_DEFINITION).code == 201
    return api


def test_a_generated_name_begins_as_asked(api: Api) -> None:
    names = {api.post(CONFIG_MAPS, {"metadata": {"generateName": "run-"}}).body["metadata"]["name"] for _ in range(3)}
    assert len(names) == 3
    assert all(name.startswith("run-") and len(name) == len("run-") + 5 for name in names)


def test_an_unknown_token_is_unauthorized(api: Api) -> None:
    answer = api.get(CONFIG_MAPS, token="expired")
    assert (answer.code, answer.body["reason"], answer.body["message"]) == (401, "Unauthorized", "Unauthorized")


def test_a_version_on_create_is_refused(api: Api) -> None:
    answer = api.post(CONFIG_MAPS, config_map("a", resourceVersion="5"))
    assert (answer.code, answer.body["message"]) == (
        500,
        "resourceVersion should not be set on objects to be created",
    )


def test_the_request_decides_the_namespace(api: Api) -> None:
    answer = api.post(CONFIG_MAPS, config_map("a", namespace="other"))
    text = "the namespace of the provided object does not match the namespace sent on the request"
    assert (answer.code, answer.body["message"]) == (400, text)


def test_some_kinds_accept_a_put_without_a_version_and_some_create_by_put(api: Api) -> None:
    api.post(CONFIG_MAPS, config_map("a"))
    assert api.put(f"{CONFIG_MAPS}/a", config_map("a", {"b": "1"})).body["data"] == {"b": "1"}
    assert api.put(f"{CONFIG_MAPS}/absent", config_map("absent")).code == 404
    lease = {"metadata": {"name": "l"}, "spec": {"holderIdentity": "me"}}
    assert api.put(f"{_LEASES}/l", lease).code == 201
    assert api.put(f"{_LEASES}/l", lease).code == 422, "a lease is never replaced blindly"


@pytest.mark.parametrize("duration", [0, -1])
def test_a_lease_lasts_at_least_a_second(api: Api, duration: int) -> None:
    spec = {"leaseDurationSeconds": duration}
    text = f'"l" is invalid: spec.leaseDurationSeconds: Invalid value: {duration}: must be greater than 0'
    created = api.post(_LEASES, {"metadata": {"name": "l"}, "spec": spec})
    assert (created.code, created.body["message"]) == (422, f"Lease.coordination.k8s.io {text}")
    assert api.post(_LEASES, {"metadata": {"name": "l"}, "spec": {"leaseDurationSeconds": 1}}).code == 201
    assert api.merge(f"{_LEASES}/l", {"spec": spec}).code == 422


def test_a_post_to_a_named_custom_resource_creates_what_its_body_names(widgets: Api) -> None:
    created = widgets.post(f"{WIDGETS}/ignored", widget("one"))
    assert (created.code, created.body["metadata"]["name"]) == (201, "one")
    assert widgets.get(f"{WIDGETS}/ignored").code == 404
    assert widgets.post(f"{WIDGETS}/one/status", widget("one")).code == 405


def test_an_update_or_patch_of_a_custom_collection_misses_the_name(widgets: Api) -> None:
    for answer in (widgets.put(WIDGETS, widget("one")), widgets.merge(WIDGETS, {}), widgets.apply(WIDGETS, {})):
        assert (answer.code, answer.body["message"]) == (400, "name must be provided")
    assert widgets.request("PATCH", WIDGETS, {}, content_type="text/plain").code == 415
    assert widgets.put(CONFIG_MAPS, config_map("a")).code == 405
    assert widgets.merge(CONFIG_MAPS, {}).code == 405


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        (None, "spec.selector"),
        ({"selector": None}, "spec.selector"),
        ({"template": None}, "spec.template.spec.containers"),
        ({"template": {"spec": {"containers": []}}}, "spec.template.spec.containers"),
        ({"template": {"spec": {"containers": [{"image": "web:1"}]}}}, "spec.template.spec.containers[0].name"),
        ({"template": {"spec": {"containers": [{"name": "web"}]}}}, "spec.template.spec.containers[0].image"),
    ],
)
def test_a_patch_cannot_empty_what_a_workload_must_have(api: Api, spec: object, field: str) -> None:
    assert api.post(_DEPLOYMENTS, _deployment("web")).code == 201
    answer = api.merge(f"{_DEPLOYMENTS}/web", {"spec": spec})
    assert answer.code == 422
    assert ("Required value", field) in {(c["message"], c["field"]) for c in answer.body["details"]["causes"]}


def test_a_pod_without_containers_is_refused(api: Api) -> None:
    answer = api.post("/api/v1/namespaces/default/pods", {"metadata": {"name": "p"}, "spec": {}})
    assert (answer.code, answer.body["message"]) == (422, 'Pod "p" is invalid: spec.containers: Required value')


def test_a_patch_cannot_take_the_required_fields_of_a_custom_resource(widgets: Api) -> None:
    widgets.post(WIDGETS, widget("one"))
    answer = widgets.merge(f"{WIDGETS}/one", {"spec": {"size": None}})
    text = 'Widget.tests.example.com "one" is invalid: spec.size: Required value'
    assert (answer.code, answer.body["message"]) == (422, text)
    answer = widgets.merge(f"{WIDGETS}/one", {"kind": None})
    assert (answer.code, answer.body["reason"]) == (422, "Invalid")
    assert "Object 'Kind' is missing in" in answer.body["message"]


def test_put_with_the_uid_of_another_life_conflicts(api: Api) -> None:
    uid = api.post(CONFIG_MAPS, config_map("a")).body["metadata"]["uid"]
    other = "00000000-0000-0000-0000-000000000000"
    answer = api.put(f"{CONFIG_MAPS}/a", config_map("a", uid=other))
    assert answer.code == 409
    found = f"Precondition failed: UID in precondition: {other}, UID in object meta: {uid}"
    assert answer.body["message"].endswith(
        f"Key: /registry/configmaps/default/a, ResourceVersion: 0, AdditionalErrorMsg: {found}"
    )


def test_a_write_without_a_change_keeps_version_and_history(api: Api) -> None:
    before = api.post(CONFIG_MAPS, config_map("a")).body
    assert api.merge(f"{CONFIG_MAPS}/a", {"data": {"a": "1"}}).body == before
    assert api.put(f"{CONFIG_MAPS}/a", before).body == before


@pytest.mark.parametrize(
    ("metadata", "message"),
    [
        ({"labels": {"-bad": "1"}}, 'metadata.labels: Invalid value: "-bad": name part must consist of'),
        ({"labels": {"good": "-bad"}}, 'metadata.labels: Invalid value: "-bad": a valid label must be an empty string'),
        (
            {"annotations": {"a/b/c": ""}},
            'metadata.annotations: Invalid value: "a/b/c": a valid label key must consist',
        ),
        (
            {"finalizers": ["bare"]},
            'metadata.finalizers[0]: Invalid value: "bare": name is neither a standard finalizer',
        ),
        ({"ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "x"}]}, "metadata.ownerReferences[0].uid: "),
        ({"generateName": "Bad-", "name": ""}, '[metadata.generateName: Invalid value: "Bad-": a lowercase RFC 1123'),
    ],
)
def test_metadata_is_checked(api: Api, metadata: dict[str, object], message: str) -> None:
    answer = api.post(CONFIG_MAPS, {"metadata": {"name": "c", **metadata}})
    assert answer.code == 422
    assert answer.body["message"].partition(" is invalid: ")[2].startswith(message)


def test_values_of_the_wrong_type_are_named_as_go_does(api: Api) -> None:
    answer = api.post(CONFIG_MAPS, {"metadata": {"name": "c"}, "data": {"a": 1}})
    text = "json: cannot unmarshal number into Go struct field ConfigMap.data of type string"
    assert (answer.code, answer.body["message"]) == (
        400,
        f'ConfigMap in version "v1" cannot be handled as a ConfigMap: {text}',
    )


def test_unknown_and_repeated_fields_warn_or_fail(api: Api) -> None:
    body = '{"metadata":{"name":"c"},"data":{"a":"1","a":"2"},"extra":1}'
    strict = api.request("POST", f"{CONFIG_MAPS}?fieldValidation=Strict", body, content_type="application/json")
    problems = 'duplicate field "data.a", unknown field "extra"'
    assert strict.body["message"].endswith(f"strict decoding error: {problems}")
    warned = api.request("POST", CONFIG_MAPS, body, content_type="application/json")
    assert warned.code == 201
    assert '299 - "unknown field \\"extra\\""' in warned.headers["warning"]
    assert "extra" not in warned.body


def test_bodies_may_be_yaml(api: Api) -> None:
    answer = api.request(
        "POST", CONFIG_MAPS, "metadata: {name: c}\ndata: {day: '1'}\n", content_type="application/yaml"
    )
    assert (answer.code, answer.body["data"]) == (201, {"day": "1"})


def test_content_types_that_are_not_understood_are_listed(widgets: Api) -> None:
    widgets.post(WIDGETS, widget("one"))
    answer = widgets.request("PATCH", f"{WIDGETS}/one", {}, content_type="application/strategic-merge-patch+json")
    accepted = "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml"
    assert (answer.code, answer.body["reason"]) == (415, "UnsupportedMediaType")
    assert answer.body["message"].endswith(f"accepted media types include: {accepted}")


def test_a_patch_of_a_missing_object_fails_and_an_apply_creates_it(widgets: Api) -> None:
    assert widgets.merge(f"{WIDGETS}/one", {}).code == 404
    assert widgets.apply(f"{WIDGETS}/one?fieldManager=m", widget("one")).code == 201


def test_a_field_that_a_manager_no_longer_applies_is_removed(api: Api) -> None:
    path = f"{CONFIG_MAPS}/c?fieldManager=m"
    api.apply(path, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "1", "b": "1"}})
    applied = api.apply(path, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": "1"}})
    assert applied.body["data"] == {"a": "1"}


def test_the_status_of_a_built_in_kind_is_written_through_its_subresource(api: Api) -> None:
    api.post(NAMESPACES, namespace("n"))
    assert api.merge(f"{NAMESPACES}/n", {"status": {"phase": "Odd"}}).body["status"]["phase"] == "Active"
    condition = {"type": "Checked", "status": "True"}
    changed = api.merge(f"{NAMESPACES}/n/status", {"status": {"conditions": [condition]}, "spec": {"finalizers": []}})
    assert changed.body["status"]["conditions"][0]["type"] == "Checked"
    assert changed.body["spec"]["finalizers"] == ["kubernetes"]


def test_a_subresource_that_does_not_exist_is_not_found(widgets: Api) -> None:
    widgets.post(WIDGETS, widget("one"))
    assert widgets.get(f"{WIDGETS}/one/scale").body == "404 page not found\n"
    answer = widgets.get(f"{CONFIG_MAPS}/a/status")
    assert (answer.code, answer.body["message"]) == (404, "the server could not find the requested resource")


def test_methods_that_a_path_does_not_have(api: Api) -> None:
    answer = api.delete(NAMESPACES)
    assert (answer.code, answer.body["reason"]) == (405, "MethodNotAllowed")


def test_defaults_of_workloads_are_filled_in(api: Api) -> None:
    created = api.post(_DEPLOYMENTS, _deployment("web")).body
    assert created["spec"]["replicas"] == 1
    assert created["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] == "IfNotPresent"
    assert created["spec"]["template"]["spec"]["containers"][0]["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    assert created["metadata"]["generation"] == 1


def test_only_an_image_that_is_never_ready_keeps_a_deployment_from_rolling_out(api: Api) -> None:
    def replicas(field: str) -> Callable[[Answer], bool]:
        return lambda found: found.body.get("status", {}).get(field) == 1

    deployment = _deployment("web")
    deployment["spec"]["template"]["spec"]["containers"][0]["image"] = "web:never-ready"
    api.post(_DEPLOYMENTS, deployment)
    found = api.until(f"{_DEPLOYMENTS}/web", replicas("unavailableReplicas"))
    assert "availableReplicas" not in found.body["status"]
    deployment["spec"]["template"]["spec"]["containers"][0]["image"] = "web:2"
    api.merge(f"{_DEPLOYMENTS}/web", deployment)
    found = api.until(f"{_DEPLOYMENTS}/web", replicas("availableReplicas"))
    assert "unavailableReplicas" not in found.body["status"]


def test_an_aggregated_role_gathers_the_rules_of_others(api: Api) -> None:
    roles = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
    rule = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
    selector = {"matchLabels": {"to": "sum"}}
    api.post(roles, {"metadata": {"name": "sum"}, "aggregationRule": {"clusterRoleSelectors": [selector]}})
    api.post(roles, {"metadata": {"name": "part", "labels": {"to": "sum"}}, "rules": [rule]})
    api.until(f"{roles}/sum", lambda found: found.body.get("rules") == [rule])
    api.delete(f"{roles}/part")
    api.until(f"{roles}/sum", lambda found: not found.body.get("rules"))


def test_the_gate_of_the_audit_log_decides_which_requests_are_performed(
    local_cluster: LocalCluster, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str, int]] = []

    def gate(entry: AuditEntry) -> bool:
        asked.append((entry.verb, entry.name, entry.code))
        return entry.name != "refused"

    monkeypatch.setattr(local_cluster.audit, "gate", gate)
    assert api.post(CONFIG_MAPS, config_map("let-in")).code == 201
    with pytest.raises((ConnectionError, HTTPException)):
        api.post(CONFIG_MAPS, config_map("refused"))
    assert asked == [("create", "let-in", 0), ("create", "refused", 0)]
    monkeypatch.undo()
    assert api.get(f"{CONFIG_MAPS}/refused").code == 404


def test_the_audit_log_says_who_asked_for_what(local_cluster: LocalCluster, api: Api) -> None:
    local_cluster.audit.clear()
    api.post(CONFIG_MAPS, config_map("c"))
    api.get(f"{CONFIG_MAPS}/c")
    api.merge(f"{CONFIG_MAPS}/absent", {"data": {}})
    seen = [(e.verb, e.resource, e.namespace, e.name, e.code) for e in local_cluster.audit.entries()]
    assert seen == [
        ("create", "configmaps", "default", "c", 201),
        ("get", "configmaps", "default", "c", 200),
        ("patch", "configmaps", "default", "absent", 404),
    ]
    assert local_cluster.audit.writes()[0].body["data"] == {"a": "1"}
    assert {e.user for e in local_cluster.audit.entries()} == {"kubernetes-admin"}
