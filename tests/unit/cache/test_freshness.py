"""How old a copy may be."""

from __future__ import annotations

import pytest

from controller.cache.freshness import Freshness, Staleness
from tests.unit.fakes import FakeClock

CURRENT = Staleness(0.0, "")


@pytest.fixture
def freshness(clock: FakeClock) -> Freshness:
    return Freshness(proof=1.0, clock=clock)


def test_a_cache_that_was_never_listed_is_stale_from_the_start(clock: FakeClock, freshness: Freshness) -> None:
    clock.advance(70)
    assert freshness.staleness() == Staleness(70, "it has not been listed yet")


@pytest.mark.promise("outages")
def test_an_open_watch_keeps_the_cache_current_even_if_it_is_silent(clock: FakeClock, freshness: Freshness) -> None:
    freshness.confirmed()
    freshness.opened()
    clock.advance(149)
    assert freshness.staleness() == CURRENT


def test_without_a_watch_the_cache_ages_and_gives_the_reason(clock: FakeClock, freshness: Freshness) -> None:
    freshness.confirmed()
    freshness.opened()
    clock.advance(500)
    freshness.closed()
    freshness.failed("connection refused")
    clock.advance(61)
    assert freshness.staleness() == Staleness(61, "connection refused")


def test_a_reopened_watch_makes_the_cache_current_after_a_second(clock: FakeClock, freshness: Freshness) -> None:
    freshness.failed("connection refused")
    clock.advance(61)
    freshness.opened()
    assert freshness.staleness().seconds == 61
    clock.advance(1)
    assert freshness.staleness() == CURRENT


@pytest.mark.promise("outages")
def test_watches_that_break_at_once_never_make_the_cache_current(clock: FakeClock, freshness: Freshness) -> None:
    freshness.confirmed()
    for _ in range(10):
        freshness.opened()
        clock.advance(0.5)
        freshness.closed()
        freshness.failed("a watch line is not JSON")
        clock.advance(9.5)
    assert freshness.staleness() == Staleness(100, "a watch line is not JSON")


def test_an_event_or_a_list_makes_the_cache_current(clock: FakeClock, freshness: Freshness) -> None:
    freshness.failed("connection refused")
    clock.advance(61)
    freshness.confirmed()
    clock.advance(3)
    assert freshness.staleness() == Staleness(3, "connection refused")


def test_an_optional_resource_is_current_while_it_is_missing(clock: FakeClock, freshness: Freshness) -> None:
    for _ in range(3):
        freshness.failed("404: page not found")
        freshness.absent()
        clock.advance(59)
    assert freshness.staleness() == CURRENT
    freshness.failed("connection refused")
    assert freshness.staleness() == Staleness(0, "connection refused")
    clock.advance(30)
    assert freshness.staleness() == Staleness(30, "connection refused")
