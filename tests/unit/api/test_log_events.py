"""The table of log events contains exactly the events that the code logs, with their levels."""

import ast
import re
from collections import Counter

import pytest

from controller.api.log_events import LOG_EVENTS
from tests.unit.api import log_events_in_code

TABLE = {event.name: event for event in LOG_EVENTS}


def test_every_event_in_the_code_is_in_the_table_with_its_level():
    found = log_events_in_code.levels()

    assert dict(found) == {event.name: {event.level} for event in LOG_EVENTS}
    assert len(found) > 40, "the search for log events finds too little"


def test_every_event_is_written_down_where_it_is_logged():
    hidden = [
        f"{path}:{line}" for path, tree in log_events_in_code.trees() for line in log_events_in_code.unreadable(tree)
    ]

    assert hidden == []


@pytest.mark.parametrize(
    "code",
    [
        "log.info(f'{phase} recovered')",
        "log.warning(text)",
        "report = log.exception if panic else log.error",
        "(log.info if complete else log.error)('done')",
        "self._changes.info('done' if complete else 'failed')",
        "logger = structlog.get_logger(__name__)",
    ],
)
def test_an_event_that_no_search_would_find_is_noticed(code):
    assert list(log_events_in_code.unreadable(ast.parse(code))) != []


def test_each_event_is_explained_once():
    assert [name for name, times in Counter(event.name for event in LOG_EVENTS).items() if times > 1] == []


def test_each_event_has_at_least_two_words_or_is_unmistakable():
    assert [name for name in TABLE if " " not in name] == ["exiting"]
    assert all(re.fullmatch(r"[A-Za-z-]+( [A-Za-z-]+)*", name) for name in TABLE), "events are plain words"


def test_each_warning_and_error_has_a_remedy():
    assert [event.name for event in LOG_EVENTS if event.level in ("warning", "error") and not event.remedy] == []
