"""Kubernetes Events that we report (nobody else has names for this, so they are ours)."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter

_OUTCOMES = ("posted", "folded", "dropped", "failed")


class EventMetrics:
    """Implements `controller.events.recorder.EventMetrics`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._total = Counter(
            "tronador_events_total",
            "Events by what became of them: posted, folded into a series, dropped (spam, full queue) or failed.",
            ["outcome"],
            registry=registry,
        )
        for outcome in _OUTCOMES:
            self._total.labels(outcome)

    def event(self, outcome: str) -> None:
        """An Event was posted, folded, dropped or failed."""
        self._total.labels(outcome).inc()
