"""kubectl as a client: get in its formats, describe, watch, discovery."""

from __future__ import annotations

import json

import pytest
import yaml

from tests.kubectl import Kubectl
from tests.localcluster.samples import CONFIG_MAPS, CRDS, WIDGET_DEFINITION, WIDGETS, config_map, widget
from tests.localcluster.support import Api


@pytest.fixture
def widgets(api: Api) -> Api:
    assert api.post(CRDS, WIDGET_DEFINITION).code == 201
    assert api.post(WIDGETS, widget("one", 1, labels={"tier": "a"})).code == 201
    assert api.post(WIDGETS, widget("two", 2, labels={"tier": "b"})).code == 201
    status = {"status": {"conditions": [{"type": "Other", "status": "no"}, {"type": "Ready", "status": "True"}]}}
    assert api.merge(f"{WIDGETS}/one/status", status).code == 200
    return api


def test_get_shows_the_printer_columns_of_a_custom_resource(widgets: Api, kubectl: Kubectl) -> None:
    lines = [line.split() for line in kubectl("get", "widgets").splitlines()]
    assert lines == [["NAME", "SIZE", "READY"], ["one", "1", "True"], ["two", "2"]]


def test_get_wide_adds_the_columns_of_lower_priority(widgets: Api, kubectl: Kubectl) -> None:
    header, first, _ = kubectl("get", "wd", "-o", "wide").splitlines()
    assert header.split() == ["NAME", "SIZE", "READY", "COLOR"]
    assert first.split() == ["one", "1", "True", "red"]


def test_get_yaml_and_json_agree(widgets: Api, kubectl: Kubectl) -> None:
    from_yaml = yaml.safe_load(kubectl("get", "widget", "one", "-o", "yaml"))
    assert from_yaml == json.loads(kubectl("get", "widget", "one", "-o", "json"))
    assert from_yaml["spec"] == {"size": 1, "color": "red"}


def test_get_selects_by_label_and_by_field(widgets: Api, kubectl: Kubectl) -> None:
    assert kubectl("get", "widgets", "-l", "tier=b", "-o", "name") == "widget.tests.example.com/two\n"
    assert kubectl("get", "widgets", "-l", "tier in (a,b),tier!=b", "-o", "name").count("\n") == 1
    by_name = kubectl("get", "widgets", "--field-selector", "metadata.name=one", "-o", "name")
    assert by_name == "widget.tests.example.com/one\n"
    assert kubectl("get", "widgets", "--field-selector", "spec.size=2", "-o", "name").endswith("/two\n")


def test_get_across_namespaces_shows_them(api: Api, kubectl: Kubectl) -> None:
    kubectl("create", "namespace", "other")
    kubectl("create", "configmap", "a", "-n", "other", "--from-literal=k=v")
    assert ["other", "a", "1"] in [line.split()[:3] for line in kubectl("get", "cm", "-A").splitlines()]


def test_get_of_a_missing_object_and_of_an_unknown_kind_fail_in_known_words(kubectl: Kubectl) -> None:
    missing = kubectl.run("get", "configmap", "absent")
    assert missing.returncode == 1
    assert missing.stderr == 'Error from server (NotFound): configmaps "absent" not found\n'
    unknown = kubectl.run("get", "gizmos")
    assert unknown.stderr == 'error: the server doesn\'t have a resource type "gizmos"\n'


def test_get_in_chunks_shows_everything(api: Api, kubectl: Kubectl) -> None:
    for number in range(7):
        api.post(CONFIG_MAPS, config_map(f"c{number}"))
    assert kubectl("get", "cm", "--chunk-size=2", "-o", "name").count("configmap/") == 7


def test_describe_shows_the_events_of_the_object(widgets: Api, kubectl: Kubectl) -> None:
    uid = widgets.get(f"{WIDGETS}/one").body["metadata"]["uid"]
    event = {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": "one.1", "namespace": "default"},
        "eventTime": "2026-01-01T00:00:00.000000Z",
        "reportingController": "tests.example.com/widgets",
        "reportingInstance": "w-0",
        "action": "Paint",
        "reason": "Painted",
        "type": "Normal",
        "note": "the widget is red now",
        "regarding": {
            "apiVersion": "tests.example.com/v1",
            "kind": "Widget",
            "namespace": "default",
            "name": "one",
            "uid": uid,
        },
    }
    assert widgets.post("/apis/events.k8s.io/v1/namespaces/default/events", event).code == 201
    described = kubectl("describe", "widget", "one")
    assert "Painted" in described
    assert "the widget is red now" in described
    assert "Painted" not in kubectl("describe", "widget", "two")


def test_watching_prints_a_line_for_each_change(api: Api, kubectl: Kubectl) -> None:
    with kubectl.start("get", "cm", "--watch-only", "--output-watch-events", "--no-headers") as process:
        assert process.stdout is not None
        try:
            api.until("/_test/watches?resource=configmaps", lambda answer: answer.body == 1)
            api.post(CONFIG_MAPS, config_map("seen"))
            api.merge(f"{CONFIG_MAPS}/seen", {"data": {"a": "2"}})
            api.delete(f"{CONFIG_MAPS}/seen")
            lines = [process.stdout.readline().split()[:2] for _ in range(3)]
        finally:
            process.terminate()
    assert lines == [["ADDED", "seen"], ["MODIFIED", "seen"], ["DELETED", "seen"]]


def test_short_names_lead_to_the_core_group_first(api: Api, kubectl: Kubectl) -> None:
    definition = json.loads(json.dumps(WIDGET_DEFINITION).replace('"wd"', '"cm"'))
    assert api.post(CRDS, definition).code == 201
    api.post(CONFIG_MAPS, config_map("mine"))
    assert kubectl("get", "cm", "-o", "name") == "configmap/mine\n"


def test_api_resources_and_explain_know_custom_resources(widgets: Api, kubectl: Kubectl) -> None:
    row = next(line for line in kubectl("api-resources").splitlines() if line.startswith("widgets"))
    assert row.split() == ["widgets", "wd", "tests.example.com/v1", "true", "Widget"]
    explained = kubectl("explain", "widget.spec.size")
    assert "How big." in explained
    assert "<integer>" in explained


def test_explain_describes_the_common_fields_in_the_words_of_kubernetes(widgets: Api, kubectl: Kubectl) -> None:
    explained = " ".join(kubectl("explain", "widget").split())
    assert "kind <string> Kind is a string value representing the REST resource" in explained
    assert "metadata <ObjectMeta> Standard object's metadata." in explained
    metadata = " ".join(kubectl("explain", "widget.metadata").split())
    assert "Standard object's metadata." in metadata
    assert "ObjectMeta is metadata that all persisted resources must have" in metadata


def test_version_and_raw_paths_answer(kubectl: Kubectl) -> None:
    assert "Server Version: v1.36.0" in kubectl("version")
    assert kubectl("get", "--raw", "/readyz") == "ok"
