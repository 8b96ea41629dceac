"""Conditions: the transition time changes only with the status."""

from datetime import UTC, datetime

import pytest

from controller.apimachinery.conditions import FALSE, TRUE, Condition, find, merge, reason_of

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
BEFORE = "2026-01-01T00:00:00Z"


def _current(**changes):
    return {
        "type": "Ready",
        "status": TRUE,
        "observedGeneration": 1,
        "lastTransitionTime": BEFORE,
        "reason": "Old",
        "message": "old",
    } | changes


def test_a_new_condition_begins_now():
    [merged] = merge([], [Condition("Ready", TRUE, "Good", "well")], generation=3, now=NOW)

    assert merged == {
        "type": "Ready",
        "status": "True",
        "observedGeneration": 3,
        "lastTransitionTime": "2026-01-02T03:04:05Z",
        "reason": "Good",
        "message": "well",
    }


def test_reason_message_and_generation_change_without_the_time():
    [merged] = merge([_current()], [Condition("Ready", TRUE, "Good", "well")], generation=2, now=NOW)

    assert merged["lastTransitionTime"] == BEFORE
    assert (merged["reason"], merged["message"], merged["observedGeneration"]) == ("Good", "well", 2)


def test_the_time_changes_with_the_status():
    [merged] = merge([_current()], [Condition("Ready", FALSE, "Old", "old")], generation=1, now=NOW)

    assert merged["lastTransitionTime"] == "2026-01-02T03:04:05Z"


def test_a_condition_that_lost_its_time_gets_one():
    [merged] = merge([_current(lastTransitionTime=None)], [Condition("Ready", TRUE, "a", "b")], generation=1, now=NOW)

    assert merged["lastTransitionTime"] == "2026-01-02T03:04:05Z"


def test_a_condition_that_is_no_longer_wanted_is_removed():
    merged = merge([_current(type="Stalled")], [Condition("Ready", TRUE, "a", "b")], generation=1, now=NOW)

    assert [condition["type"] for condition in merged] == ["Ready"]


def test_conditions_have_the_order_of_the_wanted_ones():
    wanted = [Condition("B", TRUE, "a", "b"), Condition("A", TRUE, "a", "b")]

    assert [condition["type"] for condition in merge([], wanted, generation=1, now=NOW)] == ["B", "A"]


def test_a_condition_is_found_by_its_type():
    assert find([_current(), _current(type="Stalled")], "Stalled")["type"] == "Stalled"
    assert find([_current()], "Stalled") is None
    assert find(None, "Ready") is None


@pytest.mark.parametrize("odd", [None, "x", 1, {"type": "Ready"}, [None, "x", 1, [], {}]])
def test_malformed_conditions_count_as_absent(odd):
    assert find(odd, "Ready") is None


@pytest.mark.parametrize("odd", [None, "", 1, {}, "two words", "1st", "a-b", "x" * 2000, "a\n"])
def test_a_foreign_reason_that_our_schema_refuses_becomes_other(odd):
    assert reason_of({"reason": odd}) == "Other"
    assert reason_of({"reason": "InstallFailed"}) == "InstallFailed"


def test_a_long_message_is_cut_to_the_limit_of_the_schema():
    [merged] = merge([], [Condition("Ready", TRUE, "Good", "x" * 1_000_000)], generation=3, now=NOW)
    assert len(merged["message"]) == 32768
