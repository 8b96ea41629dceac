"""The memory of corrections: how often the same write may be made, and when it is forgotten."""

from __future__ import annotations

import pytest

from controller.api.rbac import ROLE_BINDINGS
from controller.environment.drift.attempts import QUIET, Contest, Correction
from controller.environment.drift.corrections import Corrections
from controller.environment.effects import Target
from tests.unit.environment.support.builders import NAME, namespace_target, release_target

LABELS = Correction("namespace", namespace_target())
BINDING = Target(ROLE_BINDINGS, "tronador-release", NAME)
DROPPED = Contest("FieldDropped", "x should be 1 and is absent", (("spec", "x"),))
REVERTED = Contest("FieldReverted", "x should be 1 and is 2", (("spec", "x"),))


class Clock:
    def __init__(self):
        self.seconds = 1000.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def corrections(clock):
    return Corrections(now=clock)


def _moments(corrections, clock, *, until):
    """When the same correction is made by somebody who makes it whenever it is due."""
    start, moments = clock.seconds, []
    while clock.seconds - start < until:
        known = corrections.of(NAME).get(LABELS)
        if known is not None and known.wait > 0:
            clock.seconds += known.wait
            continue
        moments.append(clock.seconds - start)
        corrections.wrote(NAME, LABELS, "labels")
    return moments


def test_the_first_correction_is_immediate_and_later_ones_are_paced(corrections, clock):
    assert _moments(corrections, clock, until=300) == [0, 1, 3, 7, 15, 31, 61, 121, 181, 241]


def test_corrections_of_two_writes_cause_twelve_in_the_first_minute_then_two(corrections, clock):
    # A binding with another roleRef is deleted and created: the most that one correction costs.
    moments = [moment for moment in _moments(corrections, clock, until=600) for _ in range(2)]
    minutes = [sum(60 * minute <= moment < 60 * (minute + 1) for moment in moments) for minute in range(10)]
    assert minutes == [12, *[2] * 9]


def test_deleting_and_creating_the_same_object_do_not_reset_each_other(corrections):
    for _ in range(3):
        corrections.wrote(NAME, Correction("access", BINDING, absent=True), "absent")
        corrections.wrote(NAME, Correction("access", BINDING), "body")
    assert {known.writes for known in corrections.of(NAME).values()} == {3}


def test_a_value_that_is_removed_and_wanted_again_is_written_at_once(corrections):
    made = Correction("release", release_target())
    for phase in ("prune", "release"):
        for _ in range(3):
            corrections.wrote(NAME, made, "body", replaces_opposite=True)
        assert corrections.of(NAME)[made].writes == 3
        absent = Correction(phase, release_target(), absent=True)
        corrections.wrote(NAME, absent, "absent", replaces_opposite=True)
        assert made not in corrections.of(NAME)


def test_a_newly_wanted_value_is_written_at_once(corrections):
    for _ in range(5):
        corrections.wrote(NAME, LABELS, "labels")
    corrections.wrote(NAME, LABELS, "other labels")
    assert corrections.of(NAME)[LABELS].wait == 1
    assert corrections.of(NAME)[LABELS].wanted == "other labels"


def test_corrections_are_forgotten_after_a_quiet_time(corrections, clock):
    corrections.wrote(NAME, LABELS, "labels")
    clock.seconds += QUIET - 1
    assert corrections.of(NAME)[LABELS].left == 1
    clock.seconds += 1
    assert corrections.of(NAME) == {}


def test_a_recreated_environment_starts_without_a_history(corrections):
    corrections.begin(NAME, "uid-1")
    corrections.wrote(NAME, LABELS, "labels")
    corrections.begin(NAME, "uid-1")
    assert LABELS in corrections.of(NAME)
    corrections.begin(NAME, "uid-2")
    assert corrections.of(NAME) == {}


def test_a_failed_write_is_announced_once_until_it_takes_effect(corrections):
    assert corrections.wrote(NAME, LABELS, "labels", lost=DROPPED)
    assert not corrections.wrote(NAME, LABELS, "labels", lost=DROPPED)
    assert corrections.of(NAME)[LABELS].contest == DROPPED
    assert not corrections.wrote(NAME, LABELS, "labels")
    assert corrections.of(NAME)[LABELS].contest is None
    # The interval does not shrink: a webhook that works half of the time would win otherwise.
    assert corrections.of(NAME)[LABELS].wait == 4
    assert corrections.wrote(NAME, LABELS, "labels", lost=DROPPED)


def test_the_same_field_is_not_announced_again_when_something_else_is_wanted(corrections):
    corrections.wrote(NAME, LABELS, "labels", lost=DROPPED)
    assert not corrections.wrote(NAME, LABELS, "other labels", lost=DROPPED)
    assert corrections.of(NAME)[LABELS].contest == DROPPED


def test_the_contesting_writer_stays_known_while_each_correction_takes_effect(corrections):
    corrections.wrote(NAME, LABELS, "labels")
    assert corrections.contested(NAME, LABELS, REVERTED)
    assert not corrections.contested(NAME, LABELS, REVERTED)
    corrections.wrote(NAME, LABELS, "labels")
    assert corrections.of(NAME)[LABELS].contest == REVERTED


def test_another_value_in_the_same_field_does_not_change_the_message(corrections):
    # Somebody who writes another value each time would make us write a status each time.
    corrections.wrote(NAME, LABELS, "labels")
    corrections.contested(NAME, LABELS, REVERTED)
    other = Contest(REVERTED.reason, "x should be 1 and is 3", REVERTED.fields)
    assert not corrections.contested(NAME, LABELS, other)
    assert corrections.of(NAME)[LABELS].contest == REVERTED


def test_a_forgotten_environment_uses_no_memory(corrections):
    corrections.begin(NAME, "uid-1")
    corrections.wrote(NAME, LABELS, "labels")
    corrections.forget(NAME)
    assert corrections.of(NAME) == {}
    assert not corrections.contested(NAME, LABELS, REVERTED)
