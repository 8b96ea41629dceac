"""Metrics of the Kubernetes Events that we post. There is no common name for them, so the name is our own."""

from __future__ import annotations

from controller.metrics import Registry


class EventMetrics:
    """One counter for each outcome of an Event."""

    def __init__(self, registry: Registry) -> None:
        outcomes = registry.counter(
            "tronador_events_total",
            "Events by outcome: posted, folded into a series, dropped (spam, full queue) or failed.",
            ["outcome"],
        )
        self.posted = outcomes.labels("posted")
        self.folded = outcomes.labels("folded")
        self.dropped = outcomes.labels("dropped")
        self.failed = outcomes.labels("failed")
