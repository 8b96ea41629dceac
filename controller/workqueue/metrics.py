"""Metrics of work queues, with controller-runtime's names and labels. `priority` is empty: there are no priorities."""

from __future__ import annotations

from controller.metrics import Registry, buckets


class QueueMetrics:
    """The metrics of the queue (and controller) `name`. To change one never blocks, so the queue may hold its lock."""

    def __init__(self, registry: Registry, name: str) -> None:
        labels = {"name": name, "controller": name}
        self.depth = registry.gauge("workqueue_depth", "Keys ready for a worker.", {**labels, "priority": ""})
        self.adds = registry.counter("workqueue_adds_total", "Adds of keys that were not waiting already.", labels)
        self.queue_duration = registry.histogram(
            "workqueue_queue_duration_seconds", "Seconds that keys waited for a worker.", buckets.WORKQUEUE, labels
        )
        self.work_duration = registry.histogram(
            "workqueue_work_duration_seconds", "Seconds for which workers processed a key.", buckets.WORKQUEUE, labels
        )
        self.unfinished = registry.gauge(
            "workqueue_unfinished_work_seconds",
            "Total seconds for which the keys in processing have been processed; grows if workers are stuck.",
            labels,
        )
        self.longest_running = registry.gauge(
            "workqueue_longest_running_processor_seconds",
            "Seconds for which the longest-running worker has processed its key.",
            labels,
        )
        self.retries = registry.counter(
            "workqueue_retries_total", "Adds with a delay, including rate-limited ones.", labels
        )
