"""Metrics of reconciles, with controller-runtime's names."""

from __future__ import annotations

from controller.metrics import Registry, buckets

_RESULTS = ("success", "error", "requeue", "requeue_after")


class ControllerMetrics:
    """The metrics of the controller `name`."""

    def __init__(self, registry: Registry, name: str) -> None:
        labels = {"controller": name}
        self.results = {
            result: registry.counter(
                "controller_runtime_reconcile_total", "Reconciles by result.", {**labels, "result": result}
            )
            for result in _RESULTS
        }
        self.errors = registry.counter("controller_runtime_reconcile_errors_total", "Reconciles that failed.", labels)
        self.terminal_errors = registry.counter(
            "controller_runtime_terminal_reconcile_errors_total", "Failed reconciles that are not retried.", labels
        )
        self.panics = registry.counter(
            "controller_runtime_reconcile_panics_total",
            "Reconciles that ended with an unexpected exception.",
            labels,
        )
        self.timeouts = registry.counter(
            "controller_runtime_reconcile_timeouts_total",
            "Reconciles that failed because they exceeded their timeout.",
            labels,
        )
        self.duration = registry.histogram(
            "controller_runtime_reconcile_time_seconds",
            "Duration of reconciles in seconds.",
            buckets.RECONCILE,
            labels,
        )
        self.workers = registry.gauge(
            "controller_runtime_max_concurrent_reconciles", "Workers of the controller.", labels
        )
        self.active_workers = registry.gauge(
            "controller_runtime_active_workers", "Workers that are processing a key now.", labels
        )
        self.stale = registry.counter(
            "tronador_stale_reconcile_skips_total",
            "Reconciles postponed because a cache had not caught up with the controller's own writes.",
        )
