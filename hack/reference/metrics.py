"""Every metric with its type, labels and meaning, from the registry that the controller serves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from controller.apimachinery.resources import NAMESPACES
from controller.metrics import Metrics
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


def exercised() -> Metrics:
    """Metrics with every series made at least once, because a metric has no labels before."""
    metrics = Metrics()
    metrics.controller.configured(controller="c", workers=1)
    metrics.workqueue.queue("c")
    metrics.cache.observe(NAMESPACES, queued=float, version=lambda: "5", stale=float)
    metrics.client.request(code="200", method="GET", host="h", seconds=0.1)
    metrics.client.retry(code="429", verb="GET", host="h")
    metrics.client.sizes(verb="GET", host="h", request=0, response=1)
    metrics.client.throttled(verb="GET", host="h", seconds=0)
    metrics.leader_election.leading(name="l", leading=False)
    metrics.environments.prepare(phases=["release"], outcomes=["continue"], reasons=["ReleaseFailed"])
    metrics.environments.observe_environments(
        statuses=["deployed"], count=dict, abnormal=lambda: {"Stalled": 0}, lacking=int
    )
    metrics.dry_run.observe(lambda: {("patch", "namespaces"): 2})
    return metrics


def of(metrics: Metrics) -> Iterator[Metric]:
    """Every metric that is declared in `controller.metrics`, by name."""
    for family in sorted(metrics.registry.collect(), key=lambda family: family.name):
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
