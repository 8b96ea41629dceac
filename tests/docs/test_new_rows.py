"""A new metric, reason or log event is declared in one place, and the reference shows it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controller.api.event_reasons import EVENT_REASONS, EventReason
from controller.api.log_events import LOG_EVENTS, LogEvent
from controller.api.reasons import GROUPS, Reason
from controller.events.metrics import EventMetrics
from controller.metrics import Registry
from hack.reference import metrics, reasons


class MoreEventMetrics(EventMetrics):
    """The metrics of a room, with one more declaration."""

    def __init__(self, registry: Registry) -> None:
        super().__init__(registry)
        self.oldest = registry.gauge("tronador_oldest_event_seconds", "Age in seconds of the oldest waiting Event.")


def test_a_new_metric_takes_one_declaration_in_its_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "EventMetrics", MoreEventMetrics)
    row = "| `tronador_oldest_event_seconds` | gauge |  | Age in seconds of the oldest waiting Event. |\n"

    assert row in metrics.of_controller()
    assert b"tronador_oldest_event_seconds 0.0" in metrics.exercised().render()


def test_a_new_reason_takes_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    added = Reason("QuotaPending", "The quota is not reserved yet.", "Wait.")
    group = replace(GROUPS[0], reasons=(*GROUPS[0].reasons, added))
    monkeypatch.setattr(reasons, "GROUPS", (group, *GROUPS[1:]))

    assert "| `QuotaPending` | The quota is not reserved yet. | Wait. |\n" in reasons.of_conditions()


def test_a_new_reason_of_an_event_takes_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    added = EventReason("QuotaReserved", "Normal", "The quota is reserved.")
    monkeypatch.setattr(reasons, "EVENT_REASONS", (*EVENT_REASONS, added))

    assert "| `QuotaReserved` | Normal | The quota is reserved. |  |\n" in reasons.of_events()


def test_a_new_log_event_takes_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    added = LogEvent("quota reserved", "info", "The quota is reserved.")
    monkeypatch.setattr(reasons, "LOG_EVENTS", (*LOG_EVENTS, added))

    assert "| `quota reserved` | info | The quota is reserved. |  |\n" in reasons.of_log()
