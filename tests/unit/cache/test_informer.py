"""Informers update the store first, and then every handler in its own thread, without missing a change."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from structlog.testing import capture_logs

from controller.apimachinery.errors import status_error
from controller.apimachinery.nesting import Unreadable
from controller.apimachinery.objects import Object
from controller.cache import Backoff, ConsistencyStore, DeletedFinalStateUnknown, Informer
from controller.cache.listwatch import ReflectorSettings
from controller.metrics import Registry
from tests.unit.fakes import (
    DEADLINE,
    WIDGETS,
    FakeClock,
    LiveApi,
    added,
    bookmark,
    deleted,
    error_event,
    event,
    eventually,
    modified,
    page,
    widget,
)
from tests.unit.measured import measured

EXPIRED = error_event(410, "Expired")
NOT_INSTALLED = status_error(404, "404 page not found")


class Handler:
    """Records its calls; `gate` blocks it, `broken` makes it raise for some names."""

    def __init__(self, *, broken: tuple[str, ...] = ()) -> None:
        self.log: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.broken = broken
        self.threads: set[str] = set()
        self.seen: list[Any] = []

    def on_add(self, obj: Object) -> None:
        self._record(f"+{_tag(obj)}", obj)

    def on_update(self, old: Object, new: Object) -> None:
        self._record(f"{_tag(old)}>{_tag(new)}", new)

    def on_delete(self, obj: Object | DeletedFinalStateUnknown) -> None:
        if isinstance(obj, DeletedFinalStateUnknown):
            self._record(f"-?{_tag(obj.obj)}", obj)
        else:
            self._record(f"-{_tag(obj)}", obj)

    def _record(self, text: str, obj: Any) -> None:
        self.entered.set()
        assert self.gate.wait(DEADLINE)
        self.threads.add(threading.current_thread().name)
        self.log.append(text)
        self.seen.append(obj)
        if any(name in text for name in self.broken):
            raise RuntimeError("a bug in a handler")

    def expect(self, *texts: str) -> None:
        eventually(lambda: len(self.log) >= len(texts), f"{texts}, got {self.log}")
        assert self.log == list(texts)


def _tag(obj: Object) -> str:
    return f"{obj['metadata']['name']}{obj['metadata']['resourceVersion']}"


class Rig:
    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.api = LiveApi()
        self.registry = Registry()
        self.informers: list[Informer] = []

    def informer(self, *names: str, **arguments: Any) -> Informer:
        self.api.state = page(*names)
        informer = Informer(
            client=self.api,
            resource=WIDGETS,
            settings=ReflectorSettings(watch_list=False),
            backoff=Backoff(clock=self.clock, rand=lambda: 0.0),
            registry=self.registry,
            clock=self.clock,
            **arguments,
        )
        self.informers.append(informer)
        return informer

    def started(self, *names: str, handler: Handler | None = None, **arguments: Any) -> Informer:
        informer = self.informer(*names, **arguments)
        if handler is not None:
            informer.add_handler(handler, name="first")
        informer.start()
        self.api.stream()
        return informer

    def measured(self, series: str) -> float:
        return measured(self.registry, series)

    def relist(self, *names: str, version: int) -> None:
        """End the newest watch so that a new list is made."""
        number = len(self.api.streams)
        self.api.state = page(*names, version=version)
        self.api.stream(number).send(EXPIRED)
        self.api.stream(number + 1)


@pytest.fixture
def rig(clock: FakeClock) -> Iterator[Rig]:
    rig = Rig(clock)
    yield rig
    for informer in rig.informers:
        assert informer.stop(DEADLINE), "a thread did not end"


@pytest.fixture
def handler() -> Handler:
    return Handler()


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


class TestReplacing:
    @pytest.mark.promise("store")
    def test_an_object_missing_from_a_relist_is_deleted_with_unknown_final_state(
        self, rig: Rig, handler: Handler
    ) -> None:
        informer = rig.started("a", "b", handler=handler)
        handler.expect("+a10", "+b10")
        rig.relist("b", "c", version=20)
        handler.expect("+a10", "+b10", "-?a10", "b10>b20", "+c20")
        tombstone = handler.seen[2]
        assert (tombstone.key, tombstone.obj["metadata"]["name"]) == ("ns/a", "a")
        assert informer.store.keys() == {"ns/b", "ns/c"}

    @pytest.mark.promise("store")
    def test_a_relist_delivers_deletions_first(self, rig: Rig, handler: Handler) -> None:
        rig.started("z", handler=handler)
        handler.expect("+z10")
        rig.relist("a", version=20)
        handler.expect("+z10", "-?z10", "+a20")

    @pytest.mark.promise("store")
    def test_an_object_unchanged_in_a_relist_causes_no_notification(self, rig: Rig, handler: Handler) -> None:
        rig.started("a", handler=handler)
        handler.expect("+a10")
        rig.relist("a", version=10)
        rig.api.stream(2).send(added("b", 11))
        handler.expect("+a10", "+b11")

    @pytest.mark.promise("store")
    def test_a_deletion_reaches_a_handler_that_never_saw_the_object_added(self, rig: Rig) -> None:
        handler = Handler()
        handler.gate.clear()
        informer = rig.started("a", "b", handler=handler)
        assert handler.entered.wait(DEADLINE)
        rig.relist("a", version=10)
        eventually(lambda: informer.store.keys() == {"ns/a"})
        handler.gate.set()
        handler.expect("+a10", "-?b10")

    def test_changes_after_a_relist_come_after_it(self, rig: Rig, handler: Handler) -> None:
        rig.started("a", handler=handler)
        handler.expect("+a10")
        rig.relist("a", "b", version=20)
        rig.api.stream(2).send(modified("b", 21))
        eventually(lambda: handler.log[-1].endswith("b21"))
        assert handler.log[:2] == ["+a10", "a10>a20"]

    def test_the_deletion_of_an_unknown_object_causes_no_notification(self, rig: Rig, handler: Handler) -> None:
        rig.started("a", handler=handler)
        rig.api.stream().send(deleted("ghost", 11), added("b", 12))
        handler.expect("+a10", "+b12")


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
        assert informer.store.keys() == {"ns/a", "ns/b"}, "listed, but not processed"
        assert not informer.has_synced()
        assert not registration.has_synced()
        handler.gate.set()
        assert registration.wait_synced(DEADLINE)
        eventually(informer.has_synced)
        assert handler.log == ["+a10", "+b10"]

    def test_an_empty_initial_state_is_synced(self, rig: Rig, handler: Handler) -> None:
        informer = rig.informer()
        registration = informer.add_handler(handler, name="first")
        informer.start()
        assert registration.wait_synced(DEADLINE)
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
        assert registration.wait_synced(DEADLINE)

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
        assert registration.wait_synced(DEADLINE)
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
        assert informer.store.keys() == {"ns/a"}
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


class TestObjects:
    @pytest.mark.promise("listing")
    def test_managed_fields_are_dropped(self, rig: Rig) -> None:
        informer = rig.started()
        obj = widget("a", 11)
        obj["metadata"]["managedFields"] = [{"manager": "x"}]
        rig.api.stream().send(event("ADDED", obj))
        stored = eventually(lambda: informer.store.get("ns/a"))
        assert "managedFields" not in stored["metadata"]

    def test_a_transform_runs_once_for_each_object_that_comes_in(self, rig: Rig, handler: Handler) -> None:
        runs: list[str] = []

        def transform(obj: dict[str, Any]) -> Object:
            runs.append(obj["metadata"]["name"])
            return {**obj, "short": True}

        informer = rig.started("a", handler=handler, transform=transform)
        rig.api.stream().send(added("b", 11))
        handler.expect("+a10", "+b11")
        assert runs == ["a", "b"]
        assert all(obj["short"] for obj in informer.store.list())

    def test_an_object_on_which_the_transform_fails_is_skipped_alone(self, rig: Rig) -> None:
        def transform(obj: dict[str, Any]) -> Object:
            if obj["metadata"]["name"] == "bad":
                raise RuntimeError("a bug in a transform")
            return obj

        informer = rig.started("a", "bad", "b", transform=transform)
        rig.api.stream().send(added("bad", 11), added("c", 12))
        eventually(lambda: informer.store.keys() == {"ns/a", "ns/b", "ns/c"})
        assert rig.measured("tronador_reflector_skipped_objects_total") == 2

    @pytest.mark.promise("watching")
    @pytest.mark.parametrize(
        "odd",
        [
            {"apiVersion": "example.com/v1", "kind": "Widget"},
            {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"resourceVersion": "11"}},
            {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "x"}},
            {"apiVersion": "example.com/v2", "kind": "Widget", "metadata": {"name": "x", "resourceVersion": "11"}},
            {"apiVersion": "meta.k8s.io/v1", "kind": "Table", "metadata": {"name": "x", "resourceVersion": "11"}},
            {"metadata": {"name": "x", "resourceVersion": "11"}},
            widget("x", 11) | {"metadata": []},
            widget("x", 11) | {"metadata": {"name": {"a": 1}, "resourceVersion": "11"}},
            widget("x", 11) | {"metadata": {"name": "x", "resourceVersion": 11}},
            widget("x", 11) | {"metadata": {"name": "x", "resourceVersion": "11", "labels": ["a"]}},
            widget("x", 11) | {"metadata": {"name": "x", "resourceVersion": "11", "annotations": {"a": 1}}},
        ],
    )
    def test_a_malformed_object_is_skipped_and_the_stream_continues(
        self, rig: Rig, handler: Handler, odd: dict[str, Any]
    ) -> None:
        rig.started("a", handler=handler)
        rig.api.stream().send(event("ADDED", odd), added("b", 12))
        handler.expect("+a10", "+b12")
        assert rig.measured("tronador_reflector_skipped_objects_total") == 1

    @pytest.mark.promise("listing")
    def test_a_partly_unreadable_object_is_stored_logged_and_counted(self, rig: Rig, handler: Handler) -> None:
        with capture_logs() as logs:
            informer = rig.started("a", handler=handler)
            deep = Unreadable("nested 1400 levels deep", 1400)
            rig.api.stream().send(added("odd", 11, spec={"values": {"x": deep}}), added("b", 12))
            handler.expect("+a10", "+odd11", "+b12")
        assert informer.store.last_sync_resource_version() == "12"
        assert (informer.store.get("ns/odd") or {})["spec"] == {"values": {"x": deep}}
        assert rig.measured("tronador_reflector_unreadable_objects_total") == 1
        assert [(log["object"], log["field"]) for log in logs if log["event"] == "object partly unreadable"] == [
            ("ns/odd", "spec.values.x")
        ]

    @pytest.mark.promise("listing")
    def test_an_object_on_which_an_index_fails_is_missing_from_it_alone(self, rig: Rig, handler: Handler) -> None:
        def initial(obj: Object) -> list[str]:
            if obj["metadata"]["name"].startswith("bad"):
                raise RuntimeError("a bug in an index function")
            return [obj["metadata"]["name"][0]]

        informer = rig.started("a", "bad", "b", indexers={"initial": initial}, handler=handler)
        rig.api.stream().send(added("bad2", 11))
        rig.api.stream().send(added("b2", 12))
        handler.expect("+a10", "+bad10", "+b10", "+bad211", "+b212")
        assert [obj["metadata"]["name"] for obj in informer.store.by_index("initial", "b")] == ["b", "b2"]
        assert informer.store.keys() == {"ns/a", "ns/bad", "ns/b", "ns/bad2", "ns/b2"}
        assert rig.measured("tronador_reflector_index_failures_total") == 2

    def test_objects_are_found_by_index(self, rig: Rig) -> None:
        informer = rig.started("a", "b", indexers={"initial": lambda obj: [obj["metadata"]["name"][0]]})
        eventually(informer.has_synced)
        assert [obj["metadata"]["name"] for obj in informer.store.by_index("initial", "b")] == ["b"]


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
