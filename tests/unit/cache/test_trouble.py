"""A reflector logs when it starts to fail and when it recovers, but not the retries in between."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from controller.apimachinery.errors import ConnectionLost, status_error
from controller.cache.trouble import TroubleLog
from tests.unit.fakes import WIDGETS

NOT_INSTALLED = status_error(404, "404 page not found")
FORBIDDEN = status_error(403, {"kind": "Status", "reason": "Forbidden", "message": "no"})


@pytest.fixture
def trouble() -> TroubleLog:
    return TroubleLog(resource=WIDGETS)


def lines(*steps: object) -> list[tuple[str, str]]:
    with capture_logs() as logs:
        for step in steps:
            step()  # type: ignore[operator]
    return [(entry["log_level"], entry["event"]) for entry in logs]


@pytest.mark.promise("watching")
def test_a_repeated_failure_is_logged_once(trouble: TroubleLog) -> None:
    assert lines(*[lambda: trouble.report("list", NOT_INSTALLED)] * 5) == [("warning", "resource not installed")]


def test_a_recovery_is_logged_once(trouble: TroubleLog) -> None:
    trouble.report("list", NOT_INSTALLED)
    assert lines(lambda: trouble.over("list"), lambda: trouble.over("list")) == [("info", "list or watch recovered")]


def test_a_different_failure_is_logged(trouble: TroubleLog) -> None:
    assert lines(lambda: trouble.report("list", ConnectionLost("x")), lambda: trouble.report("list", FORBIDDEN)) == [
        ("warning", "list or watch failed"),
        ("warning", "list or watch not permitted"),
    ]


def test_a_failure_after_a_recovery_is_logged_again(trouble: TroubleLog) -> None:
    trouble.report("list", FORBIDDEN)
    trouble.over("list")
    assert len(lines(lambda: trouble.report("list", FORBIDDEN))) == 1


def test_each_phase_has_its_own_failures(trouble: TroubleLog) -> None:
    trouble.report("watch", FORBIDDEN)
    assert lines(lambda: trouble.over("list")) == []
