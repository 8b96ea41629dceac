"""A new list becomes the notifications that lead from the old state to the new one."""

from __future__ import annotations

import pytest

from tests.unit.cache.informer.rig import Handler, Rig
from tests.unit.fakes import (
    DEADLINE,
    added,
    deleted,
    eventually,
    keys,
    modified,
)


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
        assert keys(informer.store) == {"ns/b", "ns/c"}

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
        eventually(lambda: keys(informer.store) == {"ns/a"})
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
