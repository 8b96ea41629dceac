"""`manifests/monitoring` is what the Prometheus Operator and Grafana's sidecar read, and finds what it selects."""

import json
import re

import pytest

from controller.api.environment import SHARD_LABEL
from hack.localcluster.schema.structural import Structural
from hack.monitoring import dashboard
from tests.manifests.kustomize import rendered, with_components

MONITORS = ("ServiceMonitor", "PodMonitor")
COMPONENTS = {"ServiceMonitor": ["monitoring"], "PodMonitor": ["monitoring", "monitoring/podmonitor"]}
GROUP = "monitoring.coreos.com"


@pytest.fixture
def installed():
    """What `kubectl apply -k` sends, by the kind of monitor that was chosen."""
    return lambda monitor: with_components(*COMPONENTS[monitor])


def of_kind(objects, *kinds):
    return [obj for obj in objects if obj["kind"] in kinds]


@pytest.mark.parametrize("monitor", MONITORS)
def test_it_adds_one_monitor_the_alerts_and_the_dashboard_and_changes_nothing(installed, monitor):
    objects = installed(monitor)
    added = [obj for obj in objects if obj not in rendered("default")]
    assert sorted(obj["kind"] for obj in added) == sorted([monitor, "PrometheusRule", "ConfigMap"])
    assert len(objects) == len(rendered("default")) + 3
    assert {obj["metadata"]["namespace"] for obj in added} == {"tronador-system"}


@pytest.mark.parametrize("monitor", MONITORS)
def test_the_operator_s_definitions_accept_every_object(installed, monitor):
    found = [obj for obj in installed(monitor) if obj["apiVersion"].startswith(f"{GROUP}/")]
    assert len(found) == 2
    for obj in found:
        schema = Structural(SCHEMAS[obj["kind"]])
        assert obj["apiVersion"] == f"{GROUP}/v1"
        assert [*schema.unknown_fields(obj), *map(str, schema.validate(obj))] == []


def test_the_service_monitor_selects_the_service_and_a_port_of_it(installed):
    objects = installed("ServiceMonitor")
    [monitor], [service] = of_kind(objects, "ServiceMonitor"), of_kind(objects, "Service")
    labels = service["metadata"]["labels"]
    assert monitor["metadata"]["namespace"] == service["metadata"]["namespace"]
    assert _selects(monitor, labels)
    assert labels[monitor["spec"]["jobLabel"]] == "tronador"
    [endpoint] = monitor["spec"]["endpoints"]
    assert endpoint["port"] in {port["name"] for port in service["spec"]["ports"]}


def test_the_pod_monitor_selects_the_pods_and_a_port_of_theirs(installed):
    objects = installed("PodMonitor")
    [monitor], [deployment] = of_kind(objects, "PodMonitor"), of_kind(objects, "Deployment")
    template = deployment["spec"]["template"]
    labels = template["metadata"]["labels"]
    assert _selects(monitor, labels)
    assert labels[monitor["spec"]["jobLabel"]] == "tronador"
    [endpoint] = monitor["spec"]["podMetricsEndpoints"]
    assert endpoint["port"] in {port["name"] for port in template["spec"]["containers"][0]["ports"]}


def test_both_monitors_select_shards_and_say_which_one_it_is(installed):
    [by_service], [by_pod] = (of_kind(installed(monitor), monitor) for monitor in MONITORS)
    [service] = [o for o in of_kind(rendered("shards"), "Service") if SHARD_LABEL in o["metadata"]["labels"]]
    [deployment] = [o for o in of_kind(rendered("shards"), "Deployment") if SHARD_LABEL in o["metadata"]["labels"]]
    assert _selects(by_service, service["metadata"]["labels"])
    assert _selects(by_pod, deployment["spec"]["template"]["metadata"]["labels"])
    # As Prometheus writes the name of that label.
    label = re.sub(r"[^a-z0-9]", "_", SHARD_LABEL)
    [of_service], [of_pod] = by_service["spec"]["endpoints"], by_pod["spec"]["podMetricsEndpoints"]
    for endpoint, role in ((of_service, "service"), (of_pod, "pod")):
        source = f"__meta_kubernetes_{role}_label_{label}"
        assert endpoint["relabelings"] == [{"sourceLabels": [source], "targetLabel": dashboard.SHARD}]


def _selects(monitor, labels):
    selector = monitor["spec"]["selector"]
    [expression] = selector["matchExpressions"]
    assert expression["operator"] == "In"
    return selector["matchLabels"].items() <= labels.items() and labels[expression["key"]] in expression["values"]


def test_grafana_s_sidecar_finds_the_dashboard_as_it_was_generated(installed):
    [config] = of_kind(installed("ServiceMonitor"), "ConfigMap")
    assert config["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert config["metadata"]["name"] == "tronador-dashboard"
    [(name, text)] = config["data"].items()
    assert name.endswith(".json")
    assert json.loads(text) == json.loads(dashboard.FILE.read_text())


# Those definitions, reduced to the fields that are used: another field is refused as a typing error would be.
def _object(properties, required=()):
    return {"type": "object", "properties": properties, "required": list(required)}


def _map():
    return {"type": "object", "additionalProperties": {"type": "string"}}


def _kind(spec):
    return _object(
        {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}, "spec": spec},
        ["apiVersion", "kind", "metadata", "spec"],
    )


DURATION = {
    "type": "string",
    "pattern": r"^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?)$",
}
_TEXTS = {"type": "array", "items": {"type": "string"}}
_RELABELING = _object({"sourceLabels": _TEXTS, "targetLabel": {"type": "string"}})
_ENDPOINT = _object(
    {"port": {"type": "string"}, "interval": DURATION, "relabelings": {"type": "array", "items": _RELABELING}}
)
_EXPRESSION = _object({"key": {"type": "string"}, "operator": {"enum": ["In"], "type": "string"}, "values": _TEXTS})
_SELECTOR = _object({"matchLabels": _map(), "matchExpressions": {"type": "array", "items": _EXPRESSION}})
_RULE = _object(
    {
        "alert": {"type": "string"},
        "record": {"type": "string"},
        "expr": {"type": "string"},
        "for": DURATION,
        "labels": _map(),
        "annotations": _map(),
    },
    ["expr"],
)
_GROUP = _object({"name": {"type": "string", "minLength": 1}, "rules": {"type": "array", "items": _RULE}}, ["name"])


def _monitor(endpoints):
    fields = {
        "jobLabel": {"type": "string"},
        "selector": _SELECTOR,
        endpoints: {"type": "array", "items": _ENDPOINT},
    }
    return _kind(_object(fields, ["selector", endpoints]))


SCHEMAS = {
    "ServiceMonitor": _monitor("endpoints"),
    "PodMonitor": _monitor("podMetricsEndpoints"),
    "PrometheusRule": _kind(_object({"groups": {"type": "array", "items": _GROUP}})),
}
