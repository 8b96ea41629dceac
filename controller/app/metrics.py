"""Metrics of the writes that a dry run would make."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from controller.metrics import Registry


class DryRunMetrics(Collector):
    """Calls `count` at each scrape: it returns the number of planned writes by verb and resource."""

    def __init__(self, registry: Registry, count: Callable[[], Mapping[tuple[str, str], int]]) -> None:
        self._count = count
        registry.register(self)

    def collect(self) -> Iterable[Metric]:
        """Yield the current gauge."""
        family = GaugeMetricFamily(
            "tronador_dry_run_writes",
            "Writes that a dry run would make now, by verb and resource.",
            labels=["verb", "resource"],
        )
        for labels, number in sorted(self._count().items()):
            family.add_metric(labels, number)
        return [family]
