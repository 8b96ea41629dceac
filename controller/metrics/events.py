"""Metrics of the Kubernetes Events that we post. There is no common name for them, so the names are our own."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter

_OUTCOMES = ("posted", "folded", "dropped", "failed")


class EventMetrics:
    """Implements `controller.events.recorder.EventMetrics`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._total = Counter(
            "tronador_events_total",
            "Events by outcome: posted, folded into a series, dropped (spam, full queue) or failed.",
            ["outcome"],
            registry=registry,
        )
        for outcome in _OUTCOMES:
            self._total.labels(outcome)

    def event(self, outcome: str) -> None:
        """An Event was posted, folded, dropped or failed."""
        self._total.labels(outcome).inc()
