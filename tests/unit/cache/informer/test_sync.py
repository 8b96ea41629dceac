"""An informer is synced when its handlers have seen the initial state, or when its resource may be missing."""

from __future__ import annotations

import pytest

from controller.cache import ConsistencyStore
from tests.unit.cache.informer.rig import EXPIRED, NOT_INSTALLED, Handler, Rig
from tests.unit.fakes import (
    DEADLINE,
    WIDGETS,
    deleted,
    eventually,
    keys,
)


class TestSync:
    @pytest.mark.promise("store")
    def test_synced_means_that_handlers_have_run(self, rig: Rig) -> None:
        handler = Handler()
        handler.gate.clear()
        informer = rig.informer("a", "b")
        registration = informer.add_handler(handler, name="first")
        assert not informer.has_synced()
        informer.start()
        assert handler.entered.wait(DEADLINE)
        assert keys(informer.store) == {"ns/a", "ns/b"}, "listed, but not processed"
        assert not informer.has_synced()
        assert not registration.has_synced()
        handler.gate.set()
        eventually(registration.has_synced)
        eventually(informer.has_synced)
        assert handler.log == ["+a10", "+b10"]

    def test_an_empty_initial_state_is_synced(self, rig: Rig, handler: Handler) -> None:
        informer = rig.informer()
        registration = informer.add_handler(handler, name="first")
        informer.start()
        eventually(registration.has_synced)
        eventually(informer.has_synced)

    def test_without_handlers_the_list_is_enough_to_be_synced(self, rig: Rig) -> None:
        informer = rig.started("a")
        eventually(informer.has_synced)

    @pytest.mark.promise("store")
    def test_an_initial_object_deleted_before_delivery_does_not_block_the_sync(self, rig: Rig) -> None:
        handler = Handler()
        handler.gate.clear()
        informer = rig.started("a", "b", handler=handler)
        assert handler.entered.wait(DEADLINE)
        rig.api.stream().send(deleted("b", 11))
        eventually(lambda: informer.store.get("ns/b") is None)
        assert not informer.has_synced()
        handler.gate.set()
        eventually(informer.has_synced)
        assert handler.log == ["+a10", "-b11"]

    def test_a_late_handler_syncs_by_itself_and_does_not_unsync_the_informer(self, rig: Rig) -> None:
        informer = rig.started("a")
        eventually(informer.has_synced)
        late = Handler()
        late.gate.clear()
        registration = informer.add_handler(late, name="late")
        assert late.entered.wait(DEADLINE)
        assert not registration.has_synced()
        assert informer.has_synced()
        late.gate.set()
        eventually(registration.has_synced)

    def test_a_removed_handler_does_not_block_the_sync(self, rig: Rig) -> None:
        handler = Handler()
        handler.gate.clear()
        informer = rig.informer("a")
        registration = informer.add_handler(handler, name="stuck")
        informer.start()
        assert handler.entered.wait(DEADLINE)
        assert not informer.has_synced()
        registration.remove()
        assert informer.has_synced()
        handler.gate.set()

    def test_an_informer_that_cannot_list_is_not_synced(self, rig: Rig) -> None:
        rig.api.answers.append(NOT_INSTALLED)
        informer = rig.informer("a")
        informer.start()
        eventually(lambda: rig.clock.next_wake() == pytest.approx(0.8))
        assert informer.missing
        assert not informer.has_synced()


class TestMissingResource:
    @pytest.mark.promise("watching")
    def test_with_missing_is_empty_it_is_synced_and_fills_when_it_appears(self, rig: Rig, handler: Handler) -> None:
        rig.api.answers.extend([NOT_INSTALLED, NOT_INSTALLED])
        informer = rig.informer("a", missing_is_empty=True)
        registration = informer.add_handler(handler, name="first")
        informer.start()
        eventually(registration.has_synced)
        eventually(informer.has_synced)
        assert informer.missing
        for wait in (0.8, 1.6):
            eventually(lambda wait=wait: rig.clock.next_wake() == pytest.approx(wait))
            rig.clock.advance(wait)
        handler.expect("+a10")
        assert not informer.missing

    def test_a_resource_that_disappears_for_a_while_keeps_its_objects(self, rig: Rig, handler: Handler) -> None:
        informer = rig.started("a", handler=handler, missing_is_empty=True)
        handler.expect("+a10")
        rig.api.answers.append(NOT_INSTALLED)
        rig.api.stream().send(EXPIRED)
        eventually(lambda: rig.clock.next_wake() == pytest.approx(0.8))
        rig.clock.advance(0.8)
        eventually(lambda: informer.missing)
        assert keys(informer.store) == {"ns/a"}
        assert handler.log == ["+a10"]

    @pytest.mark.promise("own writes")
    def test_no_reconcile_waits_for_the_cache_of_a_resource_that_disappeared(self, rig: Rig) -> None:
        informer = rig.started("a", missing_is_empty=True)
        consistency = ConsistencyStore(stores={WIDGETS: informer.store})
        consistency.wrote_at("env", "u1", WIDGETS, "12")
        rig.api.answers.append(NOT_INSTALLED)
        rig.api.stream().send(EXPIRED)
        eventually(lambda: rig.clock.next_wake() == pytest.approx(0.8))
        rig.clock.advance(0.8)
        eventually(lambda: informer.missing)
        consistency.ensure_ready("env")
