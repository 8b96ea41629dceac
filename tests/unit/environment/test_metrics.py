"""What the metrics show about environments."""

from __future__ import annotations

import pytest

from controller.cache import Store
from controller.environment import counts
from controller.environment.metrics import OUTCOMES, EnvironmentMetrics
from controller.environment.options import LimitOptions
from controller.metrics import Registry
from tests.unit.environment.support.builders import environment


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def metrics(registry: Registry) -> EnvironmentMetrics:
    return EnvironmentMetrics(registry)


def test_environments_are_counted_when_scraped_and_unused_statuses_show_zero(
    registry: Registry, metrics: EnvironmentMetrics
) -> None:
    stalled = [{"type": "Stalled", "status": "True"}, {"type": "ResourcesReady", "status": "False"}]
    store = Store(indexers={counts.INDEX: counts.index})
    store.put("one", environment(status={"applicationStatus": "deployed"}), resource_version="1")
    store.put("two", environment(status={"applicationStatus": "deployed", "conditions": stalled}), resource_version="2")
    _observe(metrics, store)
    assert registry.get_sample_value("tronador_environments", {"status": "deployed"}) == 2
    assert registry.get_sample_value("tronador_environments", {"status": "failed"}) == 0
    assert registry.get_sample_value("tronador_environments_lacking_resources") == 1
    assert registry.get_sample_value("tronador_environments_with_condition", {"type": "Stalled"}) == 1
    assert registry.get_sample_value("tronador_environments", {"status": "queued"}) == 0
    assert registry.get_sample_value("tronador_environment_limit", {"option": "max_environments"}) == 10
    assert registry.get_sample_value("tronador_environment_limit", {"option": "max_fork_environments"}) == 0
    store.replace({}, resource_version="3")
    assert registry.get_sample_value("tronador_environments", {"status": "deployed"}) == 0


def test_the_longest_waits_are_read_when_scraped(registry: Registry, metrics: EnvironmentMetrics) -> None:
    waits = {"ready": 4.0, "teardown": 9.0}
    metrics.observe(
        limits=LimitOptions(),
        counted=lambda: counts.of({}),
        longest_wait=lambda: waits["ready"],
        longest_teardown=lambda: waits["teardown"],
    )
    assert registry.get_sample_value("tronador_environment_longest_wait_seconds") == 4
    assert registry.get_sample_value("tronador_teardown_longest_wait_seconds") == 9
    waits["ready"] = 0.0
    assert registry.get_sample_value("tronador_environment_longest_wait_seconds") == 0


def test_reasons_that_no_engine_lists_count_as_one(registry: Registry, metrics: EnvironmentMetrics) -> None:
    for reason in ("DeployFailed", "a", "b"):
        metrics.release_failed(reason)
    assert registry.get_sample_value("tronador_release_failures_total", {"reason": "DeployFailed"}) == 1
    assert registry.get_sample_value("tronador_release_failures_total", {"reason": "Other"}) == 2
    assert registry.get_sample_value("tronador_release_failures_total", {"reason": "a"}) is None


@pytest.mark.usefixtures("metrics")
@pytest.mark.parametrize("phase", ["release", "status", "teardown"])
def test_every_outcome_of_a_phase_shows_zero_before_anything_happens(registry: Registry, phase: str) -> None:
    for outcome in OUTCOMES:
        labels = {"phase": phase, "outcome": outcome}
        assert registry.get_sample_value("tronador_reconcile_phase_seconds_count", labels) == 0


@pytest.mark.usefixtures("metrics")
@pytest.mark.parametrize("reason", ["DeployFailed", "ChartFetchFailed", "Other"])
def test_every_reason_of_a_failure_shows_zero_before_anything_happens(registry: Registry, reason: str) -> None:
    assert registry.get_sample_value("tronador_release_failures_total", {"reason": reason}) == 0


def _observe(metrics: EnvironmentMetrics, store: Store) -> None:
    metrics.observe(
        limits=LimitOptions(max_environments=10),
        counted=lambda: counts.of(store.index_sizes(counts.INDEX)),
        longest_wait=float,
        longest_teardown=float,
    )
