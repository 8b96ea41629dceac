"""The one registry of the process, which contains every metric from the start."""

from __future__ import annotations

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    PlatformCollector,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from controller.metrics.cache import CacheMetrics
from controller.metrics.client import ClientMetrics
from controller.metrics.controller import ControllerMetrics
from controller.metrics.dry_run import DryRunMetrics
from controller.metrics.environments import EnvironmentMetrics
from controller.metrics.events import EventMetrics
from controller.metrics.leaderelection import LeaderElectionMetrics
from controller.metrics.workqueue import WorkqueueMetrics


class Metrics:
    """All metrics of the process, one attribute for each measured package."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        # Otherwise every counter and histogram has a second series with its time of creation, which nothing uses.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry(auto_describe=True)
        self.client = ClientMetrics(self.registry)
        self.workqueue = WorkqueueMetrics(self.registry)
        self.controller = ControllerMetrics(self.registry)
        self.cache = CacheMetrics(self.registry)
        self.leader_election = LeaderElectionMetrics(self.registry)
        self.events = EventMetrics(self.registry)
        self.environments = EnvironmentMetrics(self.registry)
        self.dry_run = DryRunMetrics(self.registry)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def render(self) -> bytes:
        """Return the body of `/metrics`, which has the type `content_type`."""
        return bytes(generate_latest(self.registry))
