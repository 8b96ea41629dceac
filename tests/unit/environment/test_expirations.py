"""The brake: how many environments may end within ten minutes, also after a restart and by another clock."""

from datetime import timedelta

import pytest

from controller.environment import counts
from controller.environment.expirations import WINDOW, Brake
from tests.unit.environment.support.builders import NOW, ago, environment


class _Clocks:
    """A process: its wall clock, its monotonic clock, and its cache."""

    def __init__(self, burst=2):
        self.seconds = 0.0
        self.cached = []
        self.brake = Brake(
            environments=self,
            burst=burst,
            now=lambda: NOW + timedelta(seconds=self.seconds),
            monotonic=lambda: 5000.0 + self.seconds,
        )

    def by_index(self, index, value):
        return [obj for obj in self.cached if value in counts.index(obj)]

    def turn(self, name, ended=NOW):
        return self.brake.turn(name, ended)


def _expired(name, seconds):
    """An environment that expired that many seconds before NOW."""
    condition = {"type": "Expired", "status": "True", "lastTransitionTime": ago(seconds)}
    return environment(name=name, status={"conditions": [condition]})


def test_those_beyond_the_burst_get_the_times_of_their_own_places():
    process = _Clocks(burst=2)

    assert [process.turn(name) for name in "abcde"] == [0, 0, WINDOW, WINDOW, 2 * WINDOW]
    process.seconds = 100
    assert [process.turn(name) for name in "abcde"] == [0, 0, WINDOW - 100, WINDOW - 100, 2 * WINDOW - 100]
    assert process.turn("f") == 2 * WINDOW - 100
    process.seconds = WINDOW
    assert [process.turn(name) for name in "cd"] == [0, 0]


def test_the_window_slides():
    process = _Clocks(burst=2)
    assert process.turn("a") == 0
    process.seconds = 400
    assert process.turn("b") == 0
    process.seconds = 500
    assert process.turn("c") == 100
    assert process.turn("d") == 500


def test_a_lifetime_that_ends_again_takes_a_place_of_its_own():
    process = _Clocks(burst=1)
    assert process.turn("a", NOW) == 0

    assert process.turn("a", NOW + timedelta(minutes=1)) == WINDOW


@pytest.mark.parametrize(
    ("cached", "wait"),
    [
        ([], 0),
        ([("b", 10)], 0),
        ([("b", 10), ("c", 20)], WINDOW - 20),
        ([("b", 10), ("c", 20), ("d", 599)], WINDOW - 20),
        ([("b", 601), ("c", 700), ("d", 86400)], 0),
        # The clock of the last leader was ahead. It is believed only as far as the window reaches.
        ([("b", -30), ("c", 20)], WINDOW - 20),
        ([("b", -86400), ("c", -86400)], 0),
    ],
)
def test_a_new_process_counts_what_the_last_one_ended(cached, wait):
    process = _Clocks(burst=2)
    process.cached = [_expired(name, seconds) for name, seconds in cached]

    assert process.turn("a") == wait


def test_what_comes_back_through_the_cache_is_not_counted_twice():
    process = _Clocks(burst=2)
    assert process.turn("a") == 0
    process.cached = [_expired("a", 0)]

    assert process.turn("b") == 0


def test_places_that_are_over_are_forgotten():
    process = _Clocks(burst=1)
    for turn in range(5):
        assert process.turn("a", NOW + timedelta(days=turn)) == 0
        process.seconds += WINDOW
    assert len(process.brake._places) == 1
