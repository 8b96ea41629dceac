"""Metrics of reconciles, with controller-runtime's names."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from controller.metrics import buckets

_RESULTS = ("success", "error", "requeue", "requeue_after")


class ControllerMetrics:
    """Implements `controller.runtime.metrics.ControllerMetrics`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._total = Counter(
            "controller_runtime_reconcile_total", "Reconciles by result.", ["controller", "result"], registry=registry
        )
        self._errors = _counter("reconcile_errors", "Reconciles that failed.", registry)
        self._terminal = _counter("terminal_reconcile_errors", "Failed reconciles that are not retried.", registry)
        self._panics = _counter("reconcile_panics", "Reconciles that ended with an unexpected exception.", registry)
        self._timeouts = _counter(
            "reconcile_timeouts", "Reconciles that failed because they exceeded their timeout.", registry
        )
        self._time = Histogram(
            "controller_runtime_reconcile_time_seconds",
            "Duration of reconciles in seconds.",
            ["controller"],
            buckets=buckets.RECONCILE,
            registry=registry,
        )
        self._workers = _gauge("max_concurrent_reconciles", "Workers of the controller.", registry)
        self._active = _gauge("active_workers", "Workers that are processing a key now.", registry)
        self._stale = Counter(
            "tronador_stale_reconcile_skips_total",
            "Reconciles postponed because a cache had not caught up with the controller's own writes.",
            registry=registry,
        )

    def configured(self, *, controller: str, workers: int) -> None:
        """See the protocol."""
        for result in _RESULTS:
            self._total.labels(controller, result)
        for counter in (self._errors, self._terminal, self._panics, self._timeouts):
            counter.labels(controller)
        self._time.labels(controller)
        self._active.labels(controller).set(0)
        self._workers.labels(controller).set(workers)

    def active(self, *, controller: str, change: int) -> None:
        """See the protocol."""
        self._active.labels(controller).inc(change)

    def reconciled(self, *, controller: str, result: str, seconds: float) -> None:
        """See the protocol."""
        self._total.labels(controller, result).inc()
        self._time.labels(controller).observe(seconds)

    def failed(self, *, controller: str, terminal: bool, panic: bool, timeout: bool) -> None:
        """See the protocol."""
        self._errors.labels(controller).inc()
        for counter, happened in ((self._terminal, terminal), (self._panics, panic), (self._timeouts, timeout)):
            if happened:
                counter.labels(controller).inc()

    def stale(self, *, controller: str) -> None:
        """See the protocol."""
        self._stale.inc()


def _counter(name: str, text: str, registry: CollectorRegistry) -> Counter:
    return Counter(f"controller_runtime_{name}_total", text, ["controller"], registry=registry)


def _gauge(name: str, text: str, registry: CollectorRegistry) -> Gauge:
    return Gauge(f"controller_runtime_{name}", text, ["controller"], registry=registry)
