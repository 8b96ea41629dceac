"""Every metric with its type, labels and meaning, from the registry that the controller serves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from controller.apimachinery.resources import NAMESPACES
from controller.app.metrics import DryRunMetrics
from controller.cache.metrics import InformerMetrics
from controller.client.metrics import ClientMetrics
from controller.environment import counts
from controller.environment.metrics import EnvironmentMetrics
from controller.environment.options import LimitOptions
from controller.events.metrics import EventMetrics
from controller.leaderelection.metrics import LeaderElectionMetrics
from controller.metrics import Registry, of_process
from controller.report.metrics import ReportMetrics
from controller.runtime.metrics import ControllerMetrics
from controller.workqueue.metrics import QueueMetrics
from hack.reference.markdown import code, plain, table

# Of the process and of Python, as prometheus_client has them everywhere.
_OF_ALL_PROGRAMS: Final = ("process_", "python_")


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric by the name that Prometheus shows; `labels` without `le`."""

    name: str
    type: str
    labels: tuple[str, ...]
    meaning: str


def exercised() -> Registry:
    """Return a registry with every metric of every room, and at least one series of each, which shows its labels."""
    registry = of_process()
    QueueMetrics(registry, "c")
    ControllerMetrics(registry, "c")
    InformerMetrics(registry, NAMESPACES)
    client = ClientMetrics(registry)
    client.request(code="200", method="GET", host="h", seconds=0.1)
    client.retry(code="429", verb="GET", host="h")
    client.sizes(verb="GET", host="h", request=0, response=1)
    client.throttled(verb="GET", host="h", seconds=0)
    LeaderElectionMetrics(registry, "l")
    EventMetrics(registry)
    EnvironmentMetrics(registry).observe(
        limits=LimitOptions(), counted=lambda: counts.of({}), longest_wait=float, longest_teardown=float
    )
    DryRunMetrics(registry, lambda: {("patch", "namespaces"): 2})
    report = ReportMetrics(registry)
    report.request(host="h", method="GET", code="200", seconds=0.1)
    report.observe(ignored=int, waiting=int, longest=float, paused={"github.com/org": float})
    return registry


def of(registry: Registry) -> Iterator[Metric]:
    """Every metric that is declared in `controller`, by name."""
    for family in sorted(registry.collect(), key=lambda family: family.name):
        if not family.name.startswith(_OF_ALL_PROGRAMS):
            name = f"{family.name}_total" if family.type == "counter" else family.name
            labels = {label for sample in family.samples for label in sample.labels if label != "le"}
            yield Metric(name, family.type, tuple(sorted(labels)), family.documentation)


def of_controller() -> str:
    """The table of all metrics."""
    rows = [
        (code(metric.name), metric.type, ", ".join(map(code, metric.labels)), plain(metric.meaning))
        for metric in of(exercised())
    ]
    return table(("metric", "type", "labels", "meaning"), rows)
