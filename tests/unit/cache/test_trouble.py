"""One log line when a reflector's luck changes, none for the retries in between."""

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


def test_a_failure_is_told_once_however_often_it_is_met(trouble: TroubleLog) -> None:
    assert lines(*[lambda: trouble.report("list", NOT_INSTALLED)] * 5) == [
        ("warning", "the resource is not installed in the cluster, waiting for it")
    ]


def test_its_end_is_told_once(trouble: TroubleLog) -> None:
    trouble.report("list", NOT_INSTALLED)
    assert lines(lambda: trouble.over("list"), lambda: trouble.over("list")) == [("info", "list works again")]


def test_another_failure_is_news(trouble: TroubleLog) -> None:
    assert lines(lambda: trouble.report("list", ConnectionLost("x")), lambda: trouble.report("list", FORBIDDEN)) == [
        ("warning", "cannot list or watch, trying again"),
        ("warning", "not allowed to list or watch, trying again until it is granted"),
    ]


def test_a_failure_that_comes_back_is_news(trouble: TroubleLog) -> None:
    trouble.report("list", FORBIDDEN)
    trouble.over("list")
    assert len(lines(lambda: trouble.report("list", FORBIDDEN))) == 1


def test_phases_have_troubles_of_their_own(trouble: TroubleLog) -> None:
    trouble.report("watch", FORBIDDEN)
    assert lines(lambda: trouble.over("list")) == []
