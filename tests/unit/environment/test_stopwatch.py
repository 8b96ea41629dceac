"""How long users wait, as far as this process saw it begin."""

import pytest

from controller.api.environment import Environment
from controller.environment.stopwatch import Stopwatch
from tests.unit.environment.support.builders import NAME, environment


class _Metrics:
    def __init__(self):
        self.ready, self.torn_down = [], []

    def environment_ready(self, seconds):
        self.ready.append(seconds)

    def teardown(self, seconds):
        self.torn_down.append(seconds)


@pytest.fixture
def lab():
    class Lab:
        now = 100.0
        metrics = _Metrics()
        stopwatch = None

    Lab.metrics = _Metrics()
    Lab.stopwatch = Stopwatch(metrics=Lab.metrics, now=lambda: Lab.now)
    return Lab


def _seen(**changes):
    return Environment(environment(**changes))


DEPLOYED = {"observedGeneration": 1, "applicationStatus": "deployed"}


def test_a_generation_is_measured_from_first_sight_to_deployed_once(lab):
    lab.stopwatch.saw(_seen())
    lab.now += 5
    lab.stopwatch.saw(_seen())
    lab.now += 2
    lab.stopwatch.deployed(_seen())
    lab.stopwatch.deployed(_seen())

    assert lab.metrics.ready == [7]


def test_the_time_in_a_queue_is_not_measured(lab):
    queued = {"observedGeneration": 1, "applicationStatus": "queued"}
    lab.stopwatch.saw(_seen())
    lab.now += 5
    lab.stopwatch.saw(_seen(status=queued))
    lab.now += 1000
    assert lab.stopwatch.longest_wait() == 0
    lab.stopwatch.saw(_seen(status=queued))
    lab.now += 2
    lab.stopwatch.deployed(_seen())

    assert lab.metrics.ready == [2]


def test_a_new_generation_is_measured_again(lab):
    lab.stopwatch.saw(_seen())
    lab.now += 5
    lab.stopwatch.saw(_seen(generation=2))
    lab.now += 1
    lab.stopwatch.deployed(_seen(generation=2))

    assert lab.metrics.ready == [1]


def test_a_deployment_before_this_process_started_is_not_measured(lab):
    lab.stopwatch.saw(_seen(status=DEPLOYED))
    lab.stopwatch.deployed(_seen(status=DEPLOYED))

    assert lab.metrics.ready == []


def test_a_generation_whose_start_was_not_seen_is_not_measured(lab):
    lab.stopwatch.saw(_seen(generation=1))
    lab.stopwatch.deployed(_seen(generation=2))

    assert lab.metrics.ready == []


def test_a_teardown_is_measured_from_first_sight_to_its_end_once(lab):
    lab.stopwatch.saw(_seen(deleting=True))
    lab.now += 5
    lab.stopwatch.saw(_seen(deleting=True))
    lab.now += 4
    lab.stopwatch.finished(NAME)
    lab.stopwatch.finished(NAME)

    assert lab.metrics.torn_down == [9]


def test_an_environment_moved_to_another_shard_is_not_measured(lab):
    lab.stopwatch.saw(_seen())
    lab.stopwatch.forget(NAME)
    lab.stopwatch.deployed(_seen())
    lab.stopwatch.saw(_seen(deleting=True))
    lab.stopwatch.forget(NAME)
    lab.stopwatch.finished(NAME)

    assert (lab.metrics.ready, lab.metrics.torn_down) == ([], [])


def test_an_environment_that_is_deleted_before_it_is_deployed_never_counts_as_ready(lab):
    lab.stopwatch.saw(_seen())
    lab.stopwatch.saw(_seen(deleting=True))
    lab.stopwatch.deployed(_seen())

    assert lab.metrics.ready == []


def test_the_oldest_generation_that_is_awaited_counts(lab):
    assert lab.stopwatch.longest_wait() == 0
    lab.stopwatch.saw(_seen())
    lab.now += 5
    lab.stopwatch.saw(_seen(name="younger"))
    lab.stopwatch.saw(_seen())
    lab.now += 2
    assert lab.stopwatch.longest_wait() == 7

    lab.stopwatch.saw(_seen(generation=2))
    assert lab.stopwatch.longest_wait() == 2

    lab.stopwatch.finished("younger")
    lab.stopwatch.deployed(_seen(generation=2))
    assert lab.stopwatch.longest_wait() == 0


@pytest.mark.parametrize("state", ["failed", "suspended"])
def test_a_state_that_needs_a_person_is_measured_but_not_awaited(lab, state):
    lab.stopwatch.saw(_seen())
    lab.now += 5
    lab.stopwatch.saw(_seen(status={"observedGeneration": 1, "applicationStatus": state}))
    assert lab.stopwatch.longest_wait() == 0

    lab.stopwatch.deployed(_seen())
    assert lab.metrics.ready == [5]


def test_a_new_generation_of_a_failed_environment_is_awaited(lab):
    lab.stopwatch.saw(_seen(generation=2, status={"observedGeneration": 1, "applicationStatus": "failed"}))
    lab.now += 5

    assert lab.stopwatch.longest_wait() == 5


def test_the_oldest_teardown_counts_until_it_is_over(lab):
    assert lab.stopwatch.longest_teardown() == 0
    lab.stopwatch.saw(_seen(deleting=True))
    lab.now += 5
    lab.stopwatch.saw(_seen(name="younger", deleting=True))
    assert (lab.stopwatch.longest_teardown(), lab.stopwatch.longest_wait()) == (5, 0)

    lab.stopwatch.finished(NAME)
    assert lab.stopwatch.longest_teardown() == 0
