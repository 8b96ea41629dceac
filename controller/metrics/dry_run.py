"""Metrics of the writes that a dry run would make."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector


class DryRunMetrics(Collector):
    """Counted when scraped."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._count: Callable[[], Mapping[tuple[str, str], int]] = dict
        registry.register(self)

    def observe(self, count: Callable[[], Mapping[tuple[str, str], int]]) -> None:
        """Register a function that returns the number of writes by verb and resource. It is called at each scrape."""
        self._count = count

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
