"""Scopes: cancellation and deadlines reach every blocking call."""

from __future__ import annotations

import threading

import pytest

from controller.apimachinery.errors import RequestTimeout, Stopped
from controller.apimachinery.scope import Scope, current_scope
from tests.unit.fakes import FakeClock, JumpingClock, eventually


def test_no_scope_exists_until_one_is_bound() -> None:
    assert current_scope() is None


def test_a_bound_scope_is_seen_inside_only_and_nests() -> None:
    outer, inner = Scope(), Scope()
    with outer.bound():
        with inner.bound():
            assert current_scope() is inner
        assert current_scope() is outer
    assert current_scope() is None


def test_a_bound_scope_is_not_seen_by_other_threads() -> None:
    seen: list[Scope | None] = []
    with Scope().bound():
        thread = threading.Thread(target=lambda: seen.append(current_scope()))
        thread.start()
        thread.join()
    assert seen == [None]


def test_cancelling_ends_a_wait_at_once(clock: FakeClock) -> None:
    scope = Scope(clock=clock)
    outcome: list[str] = []

    def wait() -> None:
        try:
            scope.wait(1000)
        except Stopped:
            outcome.append("stopped")

    thread = threading.Thread(target=wait)
    thread.start()
    eventually(lambda: clock.waiters() == 1)
    scope.cancel()
    thread.join()
    assert outcome == ["stopped"]


def test_cancelling_interrupts_only_registered_operations() -> None:
    scope = Scope()
    interrupted: list[str] = []
    with scope.interrupting(lambda: interrupted.append("over")):
        pass
    with scope.interrupting(lambda: interrupted.append("running")):
        scope.cancel()
    assert interrupted == ["running"]


def test_nothing_blocking_begins_under_a_cancelled_scope() -> None:
    scope = Scope()
    scope.cancel()
    with pytest.raises(Stopped), scope.interrupting(lambda: None):
        pytest.fail("must not be entered")
    with pytest.raises(Stopped):
        scope.wait(0)


def test_a_wait_ends_at_the_deadline() -> None:
    clock = JumpingClock()
    scope = Scope(timeout=3, clock=clock)
    with pytest.raises(RequestTimeout):
        scope.wait(10)
    assert clock.waits == [3]
    assert scope.expired
    assert scope.remaining() == 0
    with pytest.raises(RequestTimeout):
        scope.check()


def test_a_wait_within_the_deadline_returns() -> None:
    scope = Scope(timeout=3, clock=JumpingClock())
    scope.wait(2)
    assert scope.remaining() == 1
    assert not scope.expired


def test_nothing_expires_without_a_deadline() -> None:
    scope = Scope(clock=JumpingClock())
    scope.wait(1e9)
    assert scope.remaining() is None
    assert not scope.expired
