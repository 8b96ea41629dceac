"""Every metric has its exact name, type, labels, meaning and buckets."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from controller.metrics import Registry, buckets
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
tronador_environment_limit gauge option
tronador_environment_longest_wait_seconds gauge
tronador_environment_ready_seconds histogram
tronador_environments gauge status
tronador_environments_lacking_resources gauge
tronador_environments_with_condition gauge type
tronador_events_total counter outcome
tronador_expirations_total counter mode
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
tronador_report_delay_seconds histogram
tronador_report_feedback_total counter channel,result
tronador_report_ignored_environments gauge
tronador_report_longest_wait_seconds gauge
tronador_report_paused_seconds gauge prefix
tronador_report_request_duration_seconds histogram host,method
tronador_report_requests_total counter code,host,method
tronador_report_waiting_environments gauge
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


def families(registry: Registry) -> Iterable[str]:
    for metric in declared(registry):
        yield f"{metric.name} {metric.type} {','.join(metric.labels)}".strip()


@pytest.mark.promise("workers")
def test_every_metric_has_its_agreed_name_type_and_labels() -> None:
    assert sorted(families(exercised())) == GOLDEN.split("\n")[1:-1]


def test_no_series_has_a_creation_time() -> None:
    assert b"_created" not in exercised().render()


def test_two_registries_are_independent() -> None:
    one, two = Registry(), Registry()
    one.counter("x_total", "X.").inc()
    two.counter("x_total", "X.")
    assert (one.get_sample_value("x_total"), two.get_sample_value("x_total")) == (1, 0)


def test_a_metric_that_is_declared_twice_is_the_same_metric() -> None:
    registry = Registry()
    for queue in ("a", "b", "a"):
        registry.counter("x_total", "X.", {"queue": queue}).inc()
    assert registry.get_sample_value("x_total", {"queue": "a"}) == 2
    assert registry.get_sample_value("x_total", {"queue": "b"}) == 1


def test_a_series_with_given_labels_exists_before_anything_happens() -> None:
    registry = Registry()
    registry.gauge("g", "G.", {"name": "n"})
    registry.histogram("h_seconds", "H.", (1.0,), {"name": "n"})
    assert registry.get_sample_value("g", {"name": "n"}) == 0
    assert registry.get_sample_value("h_seconds_count", {"name": "n"}) == 0


def test_the_buckets_are_the_originals() -> None:
    assert buckets.RECONCILE[:3] == (0.005, 0.01, 0.025)
    assert buckets.RECONCILE[-3:] == (40, 50, 60)
    assert len(buckets.RECONCILE) == 40
    assert len(buckets.WORKQUEUE) == 12
    assert pytest.approx([1e-8 * 10**n for n in range(12)]) == buckets.WORKQUEUE
