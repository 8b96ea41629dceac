"""How long something has been the case."""

from controller.environment.timers import Timers


class _Time:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def test_a_timer_runs_from_when_it_is_first_kept():
    time = _Time()
    timers = Timers(now=time)
    timers.keep("a", ["x"])
    time.now += 5
    timers.keep("a", ["x", "y"])
    time.now += 1

    assert timers.ages("a") == {"x": 6, "y": 1}


def test_a_timer_that_is_not_kept_ends_and_starts_again():
    time = _Time()
    timers = Timers(now=time)
    timers.keep("a", ["x"])
    time.now += 5
    timers.keep("a", [])
    assert timers.ages("a") == {}

    timers.keep("a", ["x"])

    assert timers.ages("a") == {"x": 0}


def test_each_environment_has_its_own_timers_and_can_be_forgotten():
    timers = Timers(now=_Time())
    timers.keep("a", ["x"])
    timers.keep("b", ["y"])

    timers.forget("a")

    assert timers.ages("a") == {}
    assert timers.ages("b") == {"y": 0}


def test_a_look_is_due_after_its_time_and_at_once_if_none_was_asked_for():
    time = _Time()
    timers = Timers(now=time)
    assert timers.is_look_due("a")
    timers.look_after("a", 5)
    time.now += 4
    assert not timers.is_look_due("a")
    assert timers.is_look_due("b")
    time.now += 1
    assert timers.is_look_due("a")

    timers.look_after("a", 5)
    timers.forget("a")
    assert timers.is_look_due("a")
