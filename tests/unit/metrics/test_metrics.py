"""Every metric has its exact name, type and labels, and the adapters set it."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from controller.apimachinery.resources import NAMESPACES
from controller.metrics import Metrics, buckets
from controller.workqueue import RateLimitingQueue
from hack.reference.metrics import exercised
from hack.reference.metrics import of as declared

GOLDEN = """
controller_runtime_active_workers gauge controller
controller_runtime_max_concurrent_reconciles gauge controller
controller_runtime_reconcile_errors_total counter controller
controller_runtime_reconcile_panics_total counter controller
controller_runtime_reconcile_time_seconds histogram controller
controller_runtime_reconcile_timeouts_total counter controller
controller_runtime_reconcile_total counter controller,result
controller_runtime_terminal_reconcile_errors_total counter controller
informer_processing_latency_seconds histogram group,name,resource,version
informer_queued_items gauge group,name,resource,version
informer_store_resource_version gauge group,name,resource,version
leader_election_master_status gauge name
leader_election_slowpath_total counter name
rest_client_rate_limiter_duration_seconds histogram host,verb
rest_client_request_duration_seconds histogram host,verb
rest_client_request_retries_total counter code,host,verb
rest_client_request_size_bytes histogram host,verb
rest_client_requests_total counter code,host,method
rest_client_response_size_bytes histogram host,verb
tronador_cache_stale_seconds gauge group,name,resource,version
tronador_dry_run_writes gauge resource,verb
tronador_environment_longest_wait_seconds gauge
tronador_environment_ready_seconds histogram
tronador_environments gauge status
tronador_environments_lacking_resources gauge
tronador_environments_with_condition gauge type
tronador_events_total counter outcome
tronador_reconcile_phase_seconds histogram outcome,phase
tronador_reflector_failures_total counter group,name,resource,version
tronador_reflector_handler_failures_total counter group,name,resource,version
tronador_reflector_index_failures_total counter group,name,resource,version
tronador_reflector_items_per_list histogram group,name,resource,version
tronador_reflector_items_per_watch histogram group,name,resource,version
tronador_reflector_list_duration_seconds histogram group,name,resource,version
tronador_reflector_lists_total counter group,name,resource,version
tronador_reflector_short_watches_total counter group,name,resource,version
tronador_reflector_skipped_objects_total counter group,name,resource,version
tronador_reflector_unreadable_objects_total counter group,name,resource,version
tronador_reflector_watch_duration_seconds histogram group,name,resource,version
tronador_reflector_watches_total counter group,name,resource,version
tronador_release_failures_total counter reason
tronador_stale_reconcile_skips_total counter
tronador_teardown_longest_wait_seconds gauge
tronador_teardown_seconds histogram
workqueue_adds_total counter controller,name
workqueue_depth gauge controller,name,priority
workqueue_longest_running_processor_seconds gauge controller,name
workqueue_queue_duration_seconds histogram controller,name
workqueue_retries_total counter controller,name
workqueue_unfinished_work_seconds gauge controller,name
workqueue_work_duration_seconds histogram controller,name
"""


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


def families(metrics: Metrics) -> Iterable[str]:
    for metric in declared(metrics):
        yield f"{metric.name} {metric.type} {','.join(metric.labels)}".strip()


def value(metrics: Metrics, series: str, /, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(series, labels)


@pytest.mark.promise("workers")
def test_every_metric_has_its_agreed_name_type_and_labels() -> None:
    assert sorted(families(exercised())) == GOLDEN.split("\n")[1:-1]


def test_no_series_has_a_creation_time() -> None:
    assert b"_created" not in exercised().render()


def test_two_sets_of_metrics_are_independent() -> None:
    one, two = exercised(), exercised()
    one.controller.reconciled(controller="c", result="success", seconds=1)
    assert value(two, "controller_runtime_reconcile_total", controller="c", result="success") == 0


def test_the_buckets_are_the_originals() -> None:
    assert buckets.RECONCILE[:3] == (0.005, 0.01, 0.025)
    assert buckets.RECONCILE[-3:] == (40, 50, 60)
    assert len(buckets.RECONCILE) == 40
    assert len(buckets.WORKQUEUE) == 12
    assert pytest.approx([1e-8 * 10**n for n in range(12)]) == buckets.WORKQUEUE


@pytest.mark.promise("workers")
def test_a_controller_s_series_exist_before_anything_happens(metrics: Metrics) -> None:
    metrics.controller.configured(controller="c", workers=3)
    for result in ("success", "error", "requeue", "requeue_after"):
        assert value(metrics, "controller_runtime_reconcile_total", controller="c", result=result) == 0
    for name in ("reconcile_errors", "terminal_reconcile_errors", "reconcile_panics", "reconcile_timeouts"):
        assert value(metrics, f"controller_runtime_{name}_total", controller="c") == 0
    assert value(metrics, "controller_runtime_max_concurrent_reconciles", controller="c") == 3
    assert value(metrics, "controller_runtime_active_workers", controller="c") == 0
    assert value(metrics, "controller_runtime_reconcile_time_seconds_count", controller="c") == 0
    assert value(metrics, "tronador_stale_reconcile_skips_total") == 0


def test_reconciles_are_counted_in_all_their_details(metrics: Metrics) -> None:
    metrics.controller.configured(controller="c", workers=1)
    metrics.controller.active(controller="c", change=1)
    metrics.controller.reconciled(controller="c", result="error", seconds=0.2)
    metrics.controller.failed(controller="c", terminal=True, panic=False, timeout=True)
    metrics.controller.stale(controller="c")
    assert value(metrics, "controller_runtime_active_workers", controller="c") == 1
    assert value(metrics, "controller_runtime_reconcile_total", controller="c", result="error") == 1
    assert value(metrics, "controller_runtime_reconcile_errors_total", controller="c") == 1
    assert value(metrics, "controller_runtime_terminal_reconcile_errors_total", controller="c") == 1
    assert value(metrics, "controller_runtime_reconcile_panics_total", controller="c") == 0
    assert value(metrics, "controller_runtime_reconcile_timeouts_total", controller="c") == 1
    assert value(metrics, "tronador_stale_reconcile_skips_total") == 1


def test_a_queue_s_gauges_are_read_when_scraped(metrics: Metrics) -> None:
    queue = RateLimitingQueue(name="q", metrics=metrics.workqueue.queue("q"))
    labels = {"name": "q", "controller": "q"}
    assert value(metrics, "workqueue_depth", **labels, priority="") == 0
    assert value(metrics, "workqueue_adds_total", **labels) == 0
    queue.add("a")
    queue.add("b")
    assert value(metrics, "workqueue_depth", **labels, priority="") == 2
    queue.get()
    assert value(metrics, "workqueue_depth", **labels, priority="") == 1
    assert (value(metrics, "workqueue_unfinished_work_seconds", **labels) or 0) > 0
    assert (value(metrics, "workqueue_longest_running_processor_seconds", **labels) or 0) > 0
    queue.done("a")
    queue.add_after("c", 100)
    assert value(metrics, "workqueue_work_duration_seconds_count", **labels) == 1
    assert value(metrics, "workqueue_queue_duration_seconds_count", **labels) == 1
    assert value(metrics, "workqueue_retries_total", **labels) == 1
    assert value(metrics, "workqueue_adds_total", **labels) == 2


@pytest.mark.parametrize(
    ("version", "shown"), [("", 0), ("42", 42), ("9123456789012345678", 456789012345678), ("odd", 0)]
)
def test_a_store_s_version_shows_its_last_fifteen_digits(metrics: Metrics, version: str, shown: float) -> None:
    metrics.cache.observe(NAMESPACES, queued=lambda: 3.0, version=lambda: version, stale=float)
    labels = {"name": "tronador", "group": "", "version": "v1", "resource": "namespaces"}
    assert value(metrics, "informer_store_resource_version", **labels) == shown
    assert value(metrics, "informer_queued_items", **labels) == 3


def test_environments_are_counted_when_scraped_and_unused_statuses_show_zero(metrics: Metrics) -> None:
    counts = {"deployed": 2}
    metrics.environments.observe_environments(
        statuses=["deployed", "failed"], count=lambda: counts, abnormal=lambda: {"Stalled": 3}, lacking=lambda: 1
    )
    assert value(metrics, "tronador_environments", status="deployed") == 2
    assert value(metrics, "tronador_environments", status="failed") == 0
    assert value(metrics, "tronador_environments_lacking_resources") == 1
    assert value(metrics, "tronador_environments_with_condition", type="Stalled") == 3
    counts.clear()
    assert value(metrics, "tronador_environments", status="deployed") == 0


def test_longest_waits_are_read_when_scraped(metrics: Metrics) -> None:
    waits = {"ready": 4.0, "teardown": 9.0}
    metrics.environments.observe_waits(ready=lambda: waits["ready"], teardown=lambda: waits["teardown"])
    assert value(metrics, "tronador_environment_longest_wait_seconds") == 4
    assert value(metrics, "tronador_teardown_longest_wait_seconds") == 9
    waits["ready"] = 0.0
    assert value(metrics, "tronador_environment_longest_wait_seconds") == 0


def test_the_leader_shows_one(metrics: Metrics) -> None:
    metrics.leader_election.leading(name="l", leading=True)
    assert value(metrics, "leader_election_master_status", name="l") == 1
    assert value(metrics, "leader_election_slowpath_total", name="l") == 0
    metrics.leader_election.leading(name="l", leading=False)
    metrics.leader_election.slow_path(name="l")
    assert value(metrics, "leader_election_master_status", name="l") == 0
    assert value(metrics, "leader_election_slowpath_total", name="l") == 1


def test_reasons_that_were_not_prepared_count_as_one(metrics: Metrics) -> None:
    metrics.environments.prepare(phases=[], outcomes=[], reasons=["InstallFailed"])
    for reason in ("InstallFailed", "a", "b"):
        metrics.environments.release_failed(reason)
    assert value(metrics, "tronador_release_failures_total", reason="InstallFailed") == 1
    assert value(metrics, "tronador_release_failures_total", reason="Other") == 2
    assert value(metrics, "tronador_release_failures_total", reason="a") is None


def test_the_writes_that_a_dry_run_plans_are_counted_when_scraped(metrics: Metrics) -> None:
    labels = {"verb": "patch", "resource": "namespaces"}
    assert value(metrics, "tronador_dry_run_writes", **labels) is None
    metrics.dry_run.observe(lambda: {("patch", "namespaces"): 2})
    assert value(metrics, "tronador_dry_run_writes", **labels) == 2
