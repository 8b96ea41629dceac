"""Changes that a handler has not seen yet become one notification."""

from __future__ import annotations

from typing import Any

import pytest

from controller.cache import Informer
from tests.unit.cache.informer.rig import Handler, Rig
from tests.unit.fakes import (
    DEADLINE,
    added,
    bookmark,
    deleted,
    eventually,
    modified,
)


class TestCoalescing:
    def hold(self, rig: Rig, *names: str) -> tuple[Informer, Handler]:
        """An informer whose handler is busy with the object `busy`."""
        handler = Handler()
        handler.gate.clear()
        informer = rig.started("busy", *names, handler=handler)
        assert handler.entered.wait(DEADLINE)
        return informer, handler

    def send(self, rig: Rig, informer: Informer, *events: dict[str, Any]) -> None:
        rig.api.stream().send(*events, bookmark(99))
        eventually(lambda: informer.store.last_sync_resource_version() == "99")

    @pytest.mark.promise("store")
    def test_many_updates_become_one_from_the_oldest_to_the_newest(self, rig: Rig) -> None:
        informer, handler = self.hold(rig)
        handler.gate.set()
        handler.expect("+busy10")
        handler.gate.clear()
        handler.entered.clear()
        rig.api.stream().send(added("a", 11))
        assert handler.entered.wait(DEADLINE)
        self.send(rig, informer, *(modified("busy", 20 + n) for n in range(50)))
        assert rig.measured("informer_queued_items") == 1, "memory must not grow with the number of events"
        handler.gate.set()
        handler.expect("+busy10", "+a11", "busy10>busy69")

    def test_an_add_and_its_updates_are_one_add_of_the_newest(self, rig: Rig) -> None:
        informer, handler = self.hold(rig)
        self.send(rig, informer, added("a", 11), modified("a", 12), modified("a", 13))
        handler.gate.set()
        handler.expect("+busy10", "+a13")

    @pytest.mark.promise("store")
    def test_an_object_added_and_deleted_before_delivery_is_one_delete(self, rig: Rig) -> None:
        informer, handler = self.hold(rig)
        self.send(rig, informer, added("a", 11), deleted("a", 12))
        handler.gate.set()
        handler.expect("+busy10", "-a12")

    def test_an_update_and_a_delete_are_one_delete(self, rig: Rig) -> None:
        informer, handler = self.hold(rig, "a")
        self.send(rig, informer, modified("a", 11), deleted("a", 12))
        handler.gate.set()
        handler.expect("+busy10", "-a12")

    @pytest.mark.promise("store")
    def test_a_delete_and_a_create_are_an_update_to_another_uid(self, rig: Rig) -> None:
        handler = Handler()
        informer = rig.started("a", "busy", handler=handler)
        handler.expect("+a10", "+busy10")
        handler.gate.clear()
        handler.entered.clear()
        rig.api.stream().send(modified("busy", 11))
        assert handler.entered.wait(DEADLINE)
        self.send(rig, informer, deleted("a", 12), added("a", 13, uid="another"))
        handler.gate.set()
        handler.expect("+a10", "+busy10", "busy10>busy11", "a10>a13")
        assert handler.seen[-1]["metadata"]["uid"] == "another"
