"""Metrics of work queues, with controller-runtime's names and labels. `priority` is empty: there are no priorities."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from controller.metrics import buckets

_LABELS = ["name", "controller"]


class WorkqueueMetrics:
    """The metrics of all queues. `queue` returns the part of one queue, which implements
    `controller.workqueue.QueueMetrics`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.depth = Gauge("workqueue_depth", "Keys ready for a worker.", [*_LABELS, "priority"], registry=registry)
        self.adds = Counter(
            "workqueue_adds_total", "Adds of keys that were not waiting already.", _LABELS, registry=registry
        )
        self.queue_duration = Histogram(
            "workqueue_queue_duration_seconds",
            "Seconds that keys waited for a worker.",
            _LABELS,
            buckets=buckets.WORKQUEUE,
            registry=registry,
        )
        self.work_duration = Histogram(
            "workqueue_work_duration_seconds",
            "Seconds for which workers processed a key.",
            _LABELS,
            buckets=buckets.WORKQUEUE,
            registry=registry,
        )
        self.unfinished = Gauge(
            "workqueue_unfinished_work_seconds",
            "Total seconds for which the keys in processing have been processed; grows if workers are stuck.",
            _LABELS,
            registry=registry,
        )
        self.longest_running = Gauge(
            "workqueue_longest_running_processor_seconds",
            "Seconds for which the longest-running worker has processed its key.",
            _LABELS,
            registry=registry,
        )
        self.retries = Counter(
            "workqueue_retries_total", "Adds with a delay, including rate-limited ones.", _LABELS, registry=registry
        )

    def queue(self, name: str) -> QueueMetrics:
        """Return the metrics of the queue (and controller) `name`. All its series exist from now on."""
        return QueueMetrics(self, name)


class QueueMetrics:
    """Implements `controller.workqueue.metrics.QueueMetrics`."""

    def __init__(self, families: WorkqueueMetrics, name: str) -> None:
        self._depth = families.depth.labels(name, name, "")
        self._adds = families.adds.labels(name, name)
        self._queue_duration = families.queue_duration.labels(name, name)
        self._work_duration = families.work_duration.labels(name, name)
        self._unfinished = families.unfinished.labels(name, name)
        self._longest_running = families.longest_running.labels(name, name)
        self._retries = families.retries.labels(name, name)

    def added(self) -> None:
        """See the protocol."""
        self._adds.inc()

    def retried(self) -> None:
        """See the protocol."""
        self._retries.inc()

    def taken(self, queue_seconds: float) -> None:
        """See the protocol."""
        self._queue_duration.observe(queue_seconds)

    def finished(self, work_seconds: float) -> None:
        """See the protocol."""
        self._work_duration.observe(work_seconds)

    def observe(
        self, *, depth: Callable[[], float], unfinished: Callable[[], float], longest_running: Callable[[], float]
    ) -> None:
        """See the protocol."""
        self._depth.set_function(depth)
        self._unfinished.set_function(unfinished)
        self._longest_running.set_function(longest_running)
