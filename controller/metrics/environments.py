"""Metrics for users of the product: the state of environments, and how long operations take."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from controller.metrics import buckets

_OTHER: Final = "Other"


class EnvironmentMetrics:
    """Implements the measurements of `controller.environment`. Labels never contain the name of an environment."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._phase = Histogram(
            "tronador_reconcile_phase_seconds",
            "Duration of the phases of a reconcile in seconds.",
            ["phase", "outcome"],
            buckets=buckets.PHASE,
            registry=registry,
        )
        self._ready = Histogram(
            "tronador_environment_ready_seconds",
            "Seconds from first seeing a new generation until its release is deployed.",
            buckets=buckets.JOURNEY,
            registry=registry,
        )
        self._teardown = Histogram(
            "tronador_teardown_seconds",
            "Seconds from first seeing a deletion until the teardown is complete.",
            buckets=buckets.JOURNEY,
            registry=registry,
        )
        self._ready_wait = Gauge(
            "tronador_environment_longest_wait_seconds",
            "Age in seconds of the oldest generation that is not yet deployed, failed or suspended; 0 if none.",
            registry=registry,
        )
        self._teardown_wait = Gauge(
            "tronador_teardown_longest_wait_seconds",
            "Age in seconds of the oldest teardown that is not complete; 0 if none.",
            registry=registry,
        )
        self._release_failures = Counter(
            "tronador_release_failures_total", "Releases that failed, by reason.", ["reason"], registry=registry
        )
        self._reasons: frozenset[str] = frozenset()
        self._count = _EnvironmentCount()
        registry.register(self._count)

    def prepare(self, *, phases: Iterable[str], outcomes: Iterable[str], reasons: Iterable[str]) -> None:
        """Create these series before anything happens, so that rates and alerts work from the start."""
        outcomes = tuple(outcomes)
        for phase in phases:
            for outcome in outcomes:
                self._phase.labels(phase, outcome)
        self._reasons = frozenset(reasons)
        for reason in (*self._reasons, _OTHER):
            self._release_failures.labels(reason)

    def phase(self, phase: str, *, outcome: str, seconds: float) -> None:
        """A phase ended."""
        self._phase.labels(phase, outcome).observe(seconds)

    def environment_ready(self, seconds: float) -> None:
        """A new generation became deployed."""
        self._ready.observe(seconds)

    def teardown(self, seconds: float) -> None:
        """A teardown ended."""
        self._teardown.observe(seconds)

    def release_failed(self, reason: str) -> None:
        """A release failed. Reasons that were not prepared count as "Other": other programs may write any reason."""
        self._release_failures.labels(reason if reason in self._reasons else _OTHER).inc()

    def observe_environments(
        self,
        *,
        statuses: Iterable[str],
        count: Callable[[], Mapping[str, int]],
        abnormal: Callable[[], Mapping[str, int]],
        lacking: Callable[[], int],
    ) -> None:
        """Register functions that are called at each scrape.

        `count` returns the number of environments by status; `statuses` are always shown. `abnormal` returns the number
        of environments with each condition that is present only when something is wrong. `lacking` returns the number
        of environments, in any status, that lack an object which TronadorConfig gives them.
        """
        self._count.statuses = tuple(statuses)
        self._count.count = count
        self._count.abnormal = abnormal
        self._count.lacking = lacking

    def observe_waits(self, *, ready: Callable[[], float], teardown: Callable[[], float]) -> None:
        """Register functions that return the age in seconds of the oldest awaited release and teardown."""
        self._ready_wait.set_function(ready)
        self._teardown_wait.set_function(teardown)


class _EnvironmentCount(Collector):
    """Counts environments at each scrape, so that nothing needs updates. A status without environments shows 0."""

    def __init__(self) -> None:
        self.statuses: tuple[str, ...] = ()
        self.count: Callable[[], Mapping[str, int]] = dict
        self.abnormal: Callable[[], Mapping[str, int]] = dict
        self.lacking: Callable[[], int] = int

    def collect(self) -> Iterable[Metric]:
        """Yield the current gauges."""
        family = GaugeMetricFamily("tronador_environments", "Environments by status.", labels=["status"])
        for status, number in {**dict.fromkeys(self.statuses, 0), **self.count()}.items():
            family.add_metric([status], number)
        abnormal = GaugeMetricFamily(
            "tronador_environments_with_condition",
            "Environments with a condition that is present only when something is wrong.",
            labels=["type"],
        )
        for type_, number in self.abnormal().items():
            abnormal.add_metric([type_], number)
        lacking = GaugeMetricFamily(
            "tronador_environments_lacking_resources",
            "Environments in any status that lack an object which TronadorConfig gives them.",
            value=self.lacking(),
        )
        return [family, abnormal, lacking]
