"""A controller's series exist before anything happens."""

from __future__ import annotations

import pytest

from controller.metrics import Registry
from controller.runtime.metrics import ControllerMetrics


@pytest.mark.parametrize("result", ["success", "error", "requeue", "requeue_after"])
def test_every_result_shows_zero_at_first(result: str) -> None:
    registry = Registry()
    ControllerMetrics(registry, "c")
    labels = {"controller": "c", "result": result}
    assert registry.get_sample_value("controller_runtime_reconcile_total", labels) == 0


@pytest.mark.promise("workers")
@pytest.mark.parametrize(
    "series",
    [
        "reconcile_errors_total",
        "terminal_reconcile_errors_total",
        "reconcile_panics_total",
        "reconcile_timeouts_total",
        "reconcile_time_seconds_count",
        "active_workers",
        "max_concurrent_reconciles",
    ],
)
def test_every_series_of_a_controller_shows_zero_at_first(series: str) -> None:
    registry = Registry()
    ControllerMetrics(registry, "c")
    assert registry.get_sample_value(f"controller_runtime_{series}", {"controller": "c"}) == 0
    assert registry.get_sample_value("tronador_stale_reconcile_skips_total") == 0
