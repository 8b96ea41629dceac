"""A resync sends every object again, from the store."""

from __future__ import annotations

import pytest

from tests.unit.cache.informer.rig import Handler, Rig
from tests.unit.fakes import (
    eventually,
)


class TestResync:
    @pytest.mark.promise("store")
    def test_a_resync_sends_every_object_as_an_update_without_a_list(self, rig: Rig, handler: Handler) -> None:
        rig.started("a", "b", handler=handler, resync_period=100)
        handler.expect("+a10", "+b10")
        eventually(lambda: 90 <= (rig.clock.next_wake() or 0) <= 110)
        rig.clock.advance(110)
        handler.expect("+a10", "+b10", "a10>a10", "b10>b10")
        eventually(lambda: 90 <= (rig.clock.next_wake() or 0) <= 110)
        rig.clock.advance(110)
        eventually(lambda: len(handler.log) == 6)
        assert [verb for verb, _ in rig.api.calls] == ["list", "watch"]

    @pytest.mark.promise("store")
    def test_a_handler_that_is_called_at_once_is_resynced_too(self, rig: Rig, handler: Handler) -> None:
        informer = rig.informer("a", resync_period=100)
        informer.add_handler(handler, name="quick", at_once=True)
        informer.start()
        handler.expect("+a10")
        eventually(lambda: 90 <= (rig.clock.next_wake() or 0) <= 110)
        rig.clock.advance(110)
        handler.expect("+a10", "a10>a10")

    @pytest.mark.promise("store")
    def test_each_handler_can_have_its_own_resync_period(self, rig: Rig) -> None:
        often, never = Handler(), Handler()
        informer = rig.informer("a", resync_period=100)
        informer.add_handler(often, name="often", resync_period=10)
        informer.add_handler(never, name="never", resync_period=0)
        informer.start()
        often.expect("+a10")
        never.expect("+a10")
        eventually(lambda: 9 <= (rig.clock.next_wake() or 0) <= 11)
        rig.clock.advance(11)
        often.expect("+a10", "a10>a10")
        assert never.log == ["+a10"]
