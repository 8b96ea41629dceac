"""The notifier alone, for states that a test cannot reach through an informer because of its lock."""

from __future__ import annotations

import threading

import pytest

from controller.apimachinery.objects import Object
from controller.cache.metrics import InformerMetrics
from controller.cache.notifier import DeletedFinalStateUnknown, Notifier
from controller.metrics import Registry
from tests.unit.fakes import DEADLINE, WIDGETS, FakeClock, eventually, widget


class Slow:
    """A handler that blocks until the test releases it."""

    def __init__(self) -> None:
        self.entered = threading.Event()
        self.gate = threading.Event()

    def on_add(self, obj: Object) -> None:
        self.entered.set()
        assert self.gate.wait(DEADLINE)

    def on_update(self, old: Object, new: Object) -> None:
        raise AssertionError("nothing is updated here")

    def on_delete(self, obj: Object | DeletedFinalStateUnknown) -> None:
        raise AssertionError("nothing is deleted here")


@pytest.mark.promise("store")
def test_an_object_in_delivery_at_the_end_of_the_initial_state_is_unsynced() -> None:
    handler = Slow()
    notifier = Notifier(
        name="slow",
        resource=WIDGETS,
        handler=handler,
        at_once=False,
        metrics=InformerMetrics(Registry(), WIDGETS),
        clock=FakeClock(),
        resync_period=0.0,
        resync=lambda _: None,
    )
    notifier.start()
    notifier.added("ns/a", widget("a"))
    assert handler.entered.wait(DEADLINE)
    notifier.initial_state_complete()
    assert not notifier.has_synced()
    handler.gate.set()
    eventually(notifier.has_synced)
    notifier.stop()
    assert notifier.join(DEADLINE)
