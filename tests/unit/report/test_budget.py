"""The limits of one set of credentials."""

import pytest

from controller.report.budget import Budget
from tests.unit.fakes import FakeClock


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def budget(clock):
    return Budget(per_minute=3, per_hour=5, longest_pause=300, clock=clock, rand=lambda: 0.0)


def test_no_minute_and_no_hour_has_more_writes_than_allowed(budget, clock):
    sent = []
    for _ in range(3 * 3600):
        if budget.take() == 0:
            sent.append(clock.now())
        clock.advance(1)

    for span, most in ((60, 3), (3600, 5)):
        assert max(sum(1 for other in sent if start <= other < start + span) for start in sent) == most
    assert len(sent) == 15


def test_the_wait_ends_when_the_oldest_write_is_old_enough(budget, clock):
    for _ in range(3):
        assert budget.take() == 0
        clock.advance(10)

    assert budget.wait() == 30
    clock.advance(30)
    assert budget.take() == 0


def test_failures_make_longer_and_longer_pauses_up_to_the_longest(budget, clock):
    pauses = []
    for _ in range(11):
        assert budget.failed()
        pauses.append(budget.pause())
        clock.advance(budget.pause())

    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]


def test_requests_that_fail_together_count_as_one_failure(budget, clock):
    assert [budget.failed() for _ in range(4)] == [True, False, False, False]
    assert budget.pause() == 1


def test_a_success_ends_the_growth(budget, clock):
    assert not budget.succeeded()
    budget.failed()
    clock.advance(1)

    assert budget.succeeded()
    budget.failed()
    assert budget.pause() == 1


def test_a_pause_that_the_server_asks_for_is_kept_exactly(budget, clock):
    budget.limited(30)

    assert (budget.pause(), budget.take()) == (30, 30)
    clock.advance(29.9)
    assert budget.take() > 0
    clock.advance(0.1)
    assert budget.take() == 0


def test_a_limit_that_is_hit_again_and_again_is_avoided_for_longer(budget, clock):
    pauses = []
    for _ in range(4):
        budget.limited(60)
        pauses.append(budget.pause())
        clock.advance(budget.pause())

    assert pauses == [60, 120, 240, 480]


def test_a_later_answer_to_an_earlier_request_may_make_the_pause_longer(budget):
    budget.limited(30)

    assert not budget.limited(50)
    assert budget.pause() == 50
