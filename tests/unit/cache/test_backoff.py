"""How long a reflector waits after a failure."""

from __future__ import annotations

import pytest

from controller.cache import Backoff
from tests.unit.fakes import FakeClock


@pytest.mark.promise("watching")
def test_waits_double_up_to_the_maximum(clock: FakeClock) -> None:
    backoff = Backoff(clock=clock, rand=lambda: 0.0)
    assert [backoff.next() for _ in range(8)] == pytest.approx([0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30])


def test_jitter_stretches_a_wait_up_to_twofold(clock: FakeClock) -> None:
    assert Backoff(clock=clock, rand=lambda: 1.0).next() == pytest.approx(1.6)
    waits = [Backoff(clock=clock).next() for _ in range(50)]
    assert all(0.8 <= wait <= 1.6 for wait in waits)
    assert len(set(waits)) > 1


@pytest.mark.promise("watching")
def test_two_minutes_without_a_failure_reset_the_back_off(clock: FakeClock) -> None:
    backoff = Backoff(clock=clock, rand=lambda: 0.0)
    backoff.next()
    backoff.next()
    clock.advance(120)
    assert backoff.next() == pytest.approx(3.2), "not quite two minutes without a failure"
    clock.advance(120.1)
    assert backoff.next() == pytest.approx(0.8)


def test_every_parameter_can_be_set(clock: FakeClock) -> None:
    backoff = Backoff(initial=1, maximum=5, factor=3, jitter=0, reset_after=2, clock=clock)
    assert [backoff.next() for _ in range(3)] == [1, 3, 5]
    clock.advance(3)
    assert backoff.next() == 1


@pytest.mark.promise("watching")
def test_a_grace_attempt_is_immediate_but_only_once_in_two_minutes(clock: FakeClock) -> None:
    backoff = Backoff(clock=clock, rand=lambda: 0.0)
    assert [backoff.next_after_grace() for _ in range(4)] == pytest.approx([0, 0.8, 1.6, 3.2])
    clock.advance(120.1)
    assert backoff.next_after_grace() == 0
    assert backoff.next_after_grace() == pytest.approx(0.8)


def test_a_reset_starts_the_back_off_over(clock: FakeClock) -> None:
    backoff = Backoff(clock=clock, rand=lambda: 0.0)
    for _ in range(5):
        backoff.next()
        backoff.next_after_grace()
    backoff.reset()
    assert [backoff.next_after_grace(), backoff.next(), backoff.next()] == pytest.approx([0, 0.8, 1.6])


def test_a_thousand_reflectors_send_about_22_requests_a_second_in_a_long_outage(clock: FakeClock) -> None:
    backoff = Backoff(clock=clock, rand=lambda: 0.5)
    average = [backoff.next() for _ in range(10)][-1]
    assert average == 45
    assert 1000 / average == pytest.approx(22, abs=0.5)
