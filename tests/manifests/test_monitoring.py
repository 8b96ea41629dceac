"""`manifests/monitoring` is what the Prometheus Operator and Grafana's sidecar read, and finds what it selects."""

import json
import re

import pytest

from controller.api.environment import SHARD_LABEL
from hack.localcluster.schema.structural import Structural
from hack.monitoring import dashboard
from tests.manifests.kustomize import rendered, with_components
from tests.manifests.prometheus_operator import SCHEMAS

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
def test_it_adds_one_monitor_the_alerts_and_the_dashboard_only(installed, monitor):
    objects = installed(monitor)
    added = [obj for obj in objects if obj not in rendered("default")]
    assert sorted(obj["kind"] for obj in added) == sorted([monitor, "PrometheusRule", "ConfigMap"])
    assert len(objects) == len(rendered("default")) + 3
    assert {obj["metadata"]["namespace"] for obj in added} == {"tronador-system"}


@pytest.mark.parametrize("monitor", MONITORS)
def test_the_operators_definitions_accept_every_object(installed, monitor):
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


def test_both_monitors_select_shards_and_label_them(installed):
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


def test_grafanas_sidecar_finds_the_generated_dashboard(installed):
    [config] = of_kind(installed("ServiceMonitor"), "ConfigMap")
    assert config["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert config["metadata"]["name"] == "tronador-dashboard"
    [(name, text)] = config["data"].items()
    assert name.endswith(".json")
    assert json.loads(text) == json.loads(dashboard.FILE.read_text())


def test_the_reporter_has_a_monitor_and_alerts_of_its_own():
    objects = with_components("report", "monitoring", "monitoring/report")
    found = [obj for obj in objects if obj["metadata"]["name"] == "tronador-report"]
    [monitor], [rule], [deployment] = (of_kind(found, kind) for kind in ("PodMonitor", "PrometheusRule", "Deployment"))
    for obj in (monitor, rule):
        schema = Structural(SCHEMAS[obj["kind"]])
        assert [*schema.unknown_fields(obj), *map(str, schema.validate(obj))] == []
        assert obj["metadata"]["namespace"] == "tronador-system"
    template = deployment["spec"]["template"]
    labels = template["metadata"]["labels"]
    assert monitor["spec"]["selector"] == {"matchLabels": labels}
    assert labels[monitor["spec"]["jobLabel"]] == "tronador-report"
    [endpoint] = monitor["spec"]["podMetricsEndpoints"]
    assert endpoint["port"] in {port["name"] for port in template["spec"]["containers"][0]["ports"]}
