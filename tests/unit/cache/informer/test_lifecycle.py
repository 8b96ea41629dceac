"""An informer starts once, and its stop ends every thread."""

from __future__ import annotations

import threading

import pytest

from tests.unit.cache.informer.rig import NOT_INSTALLED, Handler, Rig
from tests.unit.fakes import (
    DEADLINE,
    FakeClock,
    eventually,
)


class TestLife:
    def test_a_second_start_is_refused(self, rig: Rig) -> None:
        informer = rig.started("a")
        with pytest.raises(RuntimeError, match="already"):
            informer.start()

    @pytest.mark.promise("store")
    def test_a_handler_added_after_the_stop_is_refused(self, rig: Rig, handler: Handler) -> None:
        informer = rig.started("a")
        informer.stop(DEADLINE)
        with pytest.raises(RuntimeError, match="stopped"):
            informer.add_handler(handler, name="late")

    @pytest.mark.promise("watching")
    def test_a_stop_interrupts_an_open_watch_and_ends_every_thread(self, rig: Rig, handler: Handler) -> None:
        informer = rig.started("a", handler=handler)
        handler.expect("+a10")
        assert informer.stop(DEADLINE)
        assert not [thread for thread in threading.enumerate() if "widgets" in thread.name]

    @pytest.mark.promise("watching")
    def test_a_stop_interrupts_a_back_off(self, rig: Rig) -> None:
        rig.api.answers.append(NOT_INSTALLED)
        informer = rig.informer()
        informer.start()
        eventually(lambda: rig.clock.next_wake() == pytest.approx(0.8))
        assert informer.stop(DEADLINE)

    def test_stopping_twice_or_without_a_start_does_nothing(self, rig: Rig) -> None:
        assert rig.informer().stop(1)
        informer = rig.started()
        assert informer.stop(DEADLINE)
        assert informer.stop(DEADLINE)

    def test_a_stuck_handler_is_reported_by_the_stop(self, rig: Rig, clock: FakeClock) -> None:
        handler = Handler()
        handler.gate.clear()
        informer = rig.started("a", handler=handler)
        assert handler.entered.wait(DEADLINE)
        assert not informer.stop(0.01)
        handler.gate.set()
