"""Times in the format of the API."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from controller.apimachinery.timestamps import age, from_time, to_time


def test_a_moment_is_written_in_utc_and_whole_seconds():
    moment = datetime(2026, 1, 2, 5, 4, 5, 999999, tzinfo=timezone(timedelta(hours=2)))

    assert to_time(moment) == "2026-01-02T03:04:05Z"


@pytest.mark.parametrize("text", ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000000Z", "2026-01-02T03:04:05+00:00"])
def test_a_time_is_read_as_an_aware_moment(text):
    assert from_time(text) == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize("text", [None, "", "yesterday", "2026-13-01T00:00:00Z"])
def test_a_text_that_is_not_a_time_reads_as_none(text):
    assert from_time(text) is None


def test_a_time_without_a_zone_is_taken_for_utc():
    assert from_time("2026-01-02T03:04:05") == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (41.9, "41s"), (119, "119s"), (120, "2m"), (7199, "119m"), (7200, "2h"), (172800, "2d")],
)
def test_an_age_has_one_unit(seconds, text):
    assert age(seconds) == text


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_a_time_outside_of_pythons_years_is_invalid(text):
    assert from_time(text) is None
