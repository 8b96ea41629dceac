"""Each handler gets every change in order, in its own thread, whatever other handlers do."""

from __future__ import annotations

import threading

import pytest

from controller.apimachinery.objects import Object
from controller.cache import DeletedFinalStateUnknown
from tests.unit.cache.informer.rig import Handler, Rig
from tests.unit.fakes import (
    DEADLINE,
    added,
    deleted,
    eventually,
    modified,
)


class TestHandlers:
    def test_the_initial_state_and_every_change_arrive_in_order(self, rig: Rig, handler: Handler) -> None:
        rig.started("a", handler=handler)
        handler.expect("+a10")
        for change, call in (
            (added("b", 11), "+b11"),
            (modified("b", 12), "b11>b12"),
            (deleted("b", 13), "-b13"),
        ):
            rig.api.stream().send(change)
            eventually(lambda call=call: handler.log[-1] == call)
        handler.expect("+a10", "+b11", "b11>b12", "-b13")

    @pytest.mark.promise("listing")
    def test_objects_from_lists_have_their_kind_too(self, rig: Rig, handler: Handler) -> None:
        rig.started("a", handler=handler)
        handler.expect("+a10")
        assert (handler.seen[0]["apiVersion"], handler.seen[0]["kind"]) == ("example.com/v1", "Widget")

    @pytest.mark.promise("store")
    def test_the_store_is_ahead_of_its_handlers(self, rig: Rig) -> None:
        stored: list[object] = []
        informer = rig.informer("a")

        class Looking(Handler):
            def on_add(self, obj: Object) -> None:
                stored.append(informer.store.get("ns/a"))

            def on_delete(self, obj: Object | DeletedFinalStateUnknown) -> None:
                stored.append(informer.store.get("ns/a"))

        informer.add_handler(Looking(), name="looking")
        informer.start()
        eventually(lambda: len(stored) == 1)
        rig.api.stream().send(deleted("a", 11))
        eventually(lambda: len(stored) == 2)
        assert stored[0] is not None
        assert stored[1] is None

    @pytest.mark.promise("store")
    def test_a_handler_added_after_the_start_gets_every_object_once(self, rig: Rig, handler: Handler) -> None:
        informer = rig.started("a")
        rig.api.stream().send(added("b", 11))
        eventually(lambda: informer.store.get("ns/b"))
        informer.add_handler(handler, name="late")
        rig.api.stream().send(added("c", 12))
        eventually(lambda: len(handler.log) == 3)
        assert sorted(handler.log) == ["+a10", "+b11", "+c12"]

    def test_a_removed_handler_gets_no_more_calls(self, rig: Rig, handler: Handler) -> None:
        informer = rig.informer("a")
        other = Handler()
        registration = informer.add_handler(handler, name="removed")
        informer.add_handler(other, name="staying")
        informer.start()
        handler.expect("+a10")
        registration.remove()
        rig.api.stream().send(added("b", 11))
        other.expect("+a10", "+b11")
        assert handler.log == ["+a10"]

    @pytest.mark.promise("store")
    def test_removing_a_handler_twice_or_after_the_stop_does_nothing(self, rig: Rig, handler: Handler) -> None:
        informer = rig.informer("a")
        registration = informer.add_handler(handler, name="first")
        informer.start()
        registration.remove()
        registration.remove()
        informer.stop(DEADLINE)
        registration.remove()

    @pytest.mark.promise("store")
    def test_handlers_can_be_added_and_removed_while_events_arrive(self, rig: Rig, handler: Handler) -> None:
        informer = rig.started(handler=handler)
        stream = rig.api.stream()

        def come_and_go() -> None:
            for n in range(30):
                informer.add_handler(Handler(), name=f"guest-{n}").remove()

        guests = [threading.Thread(target=come_and_go) for _ in range(2)]
        for guest in guests:
            guest.start()
        for n in range(200):
            stream.send(added(f"o{n}", 100 + n))
        for guest in guests:
            guest.join(DEADLINE)
        eventually(lambda: len(handler.log) == 200)
        assert handler.log == [f"+o{n}{100 + n}" for n in range(200)]

    def test_each_handler_has_a_thread_of_its_own_with_a_name(self, rig: Rig, handler: Handler) -> None:
        informer = rig.informer("a")
        other = Handler()
        informer.add_handler(handler, name="one")
        informer.add_handler(other, name="two")
        informer.start()
        handler.expect("+a10")
        other.expect("+a10")
        assert handler.threads == {"handler-widgets-one"}
        assert other.threads == {"handler-widgets-two"}

    @pytest.mark.promise("store")
    def test_a_handler_that_never_waits_can_be_called_by_the_informer_itself(self, rig: Rig) -> None:
        quick, late = Handler(broken=("a10",)), Handler()
        informer = rig.informer("a")
        registration = informer.add_handler(quick, name="quick", at_once=True)
        informer.start()
        rig.api.stream().send(added("b", 11))
        rig.api.stream().send(modified("b", 12))
        rig.api.stream().send(deleted("b", 13))
        quick.expect("+a10", "+b11", "b11>b12", "-b13")
        assert quick.threads == {informer.name}
        assert rig.measured("tronador_reflector_handler_failures_total") == 1
        assert registration.has_synced()
        assert informer.add_handler(late, name="late", at_once=True).has_synced()
        assert late.log == ["+a10"]
        registration.remove()
        rig.api.stream().send(added("c", 14))
        late.expect("+a10", "+c14")
        assert quick.log[-1] == "-b13"

    @pytest.mark.promise("store")
    def test_a_blocked_handler_delays_neither_others_nor_the_store(self, rig: Rig, handler: Handler) -> None:
        blocked = Handler()
        blocked.gate.clear()
        informer = rig.informer("a")
        informer.add_handler(blocked, name="blocked")
        informer.add_handler(handler, name="free")
        informer.start()
        assert blocked.entered.wait(DEADLINE)
        rig.api.stream().send(added("b", 11))
        handler.expect("+a10", "+b11")
        assert informer.store.get("ns/b")
        assert blocked.log == []
        blocked.gate.set()
        blocked.expect("+a10", "+b11")

    @pytest.mark.promise("store")
    def test_a_handler_that_raises_still_gets_later_changes_and_is_counted(self, rig: Rig) -> None:
        handler, other = Handler(broken=("a10",)), Handler()
        informer = rig.informer("a", "b")
        registration = informer.add_handler(handler, name="broken")
        informer.add_handler(other, name="other")
        informer.start()
        for one in (handler, other):
            one.expect("+a10", "+b10")
        rig.api.stream().send(modified("a", 11))
        eventually(lambda: len(handler.log) == 3)
        eventually(lambda: len(other.log) == 3)
        assert rig.measured("tronador_reflector_handler_failures_total") == 2
        assert registration.has_synced()
