"""Metrics for users of the product: the state of environments, and how long operations take."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from controller.apimachinery.options import options_of
from controller.environment import decide
from controller.environment.counts import Counts
from controller.environment.engines import ENGINES
from controller.environment.options import ENFORCE, REPORT, LimitOptions
from controller.metrics import Registry, buckets

# How a phase can end.
OUTCOMES: Final = ("continue", "wait", "stop", "error")
_OTHER: Final = "Other"


class EnvironmentMetrics:
    """The metrics of the reconciler and the stopwatch. Labels never contain the name of an environment."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        phases = registry.histogram(
            "tronador_reconcile_phase_seconds",
            "Duration in seconds of the phases of a reconcile that wrote or read something, or could not continue.",
            buckets.PHASE,
            ["phase", "outcome"],
        )
        # Create every series before anything happens, so that rates and alerts work from the start.
        self._phases = {
            (phase, outcome): phases.labels(phase, outcome) for phase in decide.names() for outcome in OUTCOMES
        }
        self._ready = registry.histogram(
            "tronador_environment_ready_seconds",
            "Seconds from first seeing a new generation until its release is deployed.",
            buckets.JOURNEY,
        )
        self._teardown = registry.histogram(
            "tronador_teardown_seconds",
            "Seconds from first seeing a deletion until the teardown is complete.",
            buckets.JOURNEY,
        )
        self._longest_wait = registry.gauge(
            "tronador_environment_longest_wait_seconds",
            "Age in seconds of the oldest generation not deployed, failed, queued, suspended or expired; 0 if none.",
        )
        self._longest_teardown = registry.gauge(
            "tronador_teardown_longest_wait_seconds",
            "Age in seconds of the oldest teardown that is not complete; 0 if none.",
        )
        self._limits = registry.gauge(
            "tronador_environment_limit",
            "Most environments that may exist at the same time, by the option that says so; 0: no limit.",
            labels=["option"],
        )
        expirations = registry.counter(
            "tronador_expirations_total", "Lifetimes of environments that ended, by --expire-mode.", ["mode"]
        )
        self._expirations = {mode: expirations.labels(mode) for mode in (ENFORCE, REPORT)}
        failures = registry.counter("tronador_release_failures_total", "Releases that failed, by reason.", ["reason"])
        reasons = {reason for engine in ENGINES.values() for reason in engine.failures}
        self._release_failures = {reason: failures.labels(reason) for reason in sorted(reasons | {_OTHER})}

    def expired(self, mode: str) -> None:
        """A lifetime ended, with that value of `--expire-mode`."""
        self._expirations[mode].inc()

    def phase(self, phase: str, *, outcome: str, seconds: float) -> None:
        """A phase ended with one of `OUTCOMES`."""
        self._phases[phase, outcome].observe(seconds)

    def environment_ready(self, seconds: float) -> None:
        """A new generation became deployed."""
        self._ready.observe(seconds)

    def teardown(self, seconds: float) -> None:
        """A teardown ended."""
        self._teardown.observe(seconds)

    def release_failed(self, reason: str) -> None:
        """A release failed. Reasons that no engine lists count as "Other": other programs may write any reason."""
        self._release_failures.get(reason, self._release_failures[_OTHER]).inc()

    def observe(
        self,
        *,
        limits: LimitOptions,
        counted: Callable[[], Counts],
        longest_wait: Callable[[], float],
        longest_teardown: Callable[[], float],
    ) -> None:
        """Register functions that are called at each scrape.

        `limits` never change. `counted` returns how many environments there are; the others return the age in seconds
        of the oldest release and of the oldest teardown that are awaited.
        """
        for found in options_of(LimitOptions):
            self._limits.labels(found.name).set(getattr(limits, found.name))
        self._registry.register(_EnvironmentCounts(counted))
        self._longest_wait.set_function(longest_wait)
        self._longest_teardown.set_function(longest_teardown)


class _EnvironmentCounts(Collector):
    """Reads the counts at each scrape, so that nothing needs updates."""

    def __init__(self, counted: Callable[[], Counts]) -> None:
        self._counted = counted

    def collect(self) -> Iterable[Metric]:
        """Yield the current gauges."""
        counted = self._counted()
        statuses = GaugeMetricFamily("tronador_environments", "Environments by status.", labels=["status"])
        for status, number in counted.by_status.items():
            statuses.add_metric([status], number)
        abnormal = GaugeMetricFamily(
            "tronador_environments_with_condition",
            "Environments with a condition that is present only when something is wrong.",
            labels=["type"],
        )
        for type_, number in counted.abnormal.items():
            abnormal.add_metric([type_], number)
        lacking = GaugeMetricFamily(
            "tronador_environments_lacking_resources",
            "Environments in any status that lack an object which TronadorConfig gives them.",
            value=counted.lacking_resources,
        )
        return [statuses, abnormal, lacking]
