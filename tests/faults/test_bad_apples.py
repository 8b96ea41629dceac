"""One thing goes wrong in one place: a handler, an object, an event, a line. Nothing beside it notices."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import NAMESPACES
from controller.cache import DeletedFinalStateUnknown, Informer
from controller.client import Client
from controller.client.config import load
from controller.environment.watches import WATCHES
from hack.faultproxy.faults import Ending, Match
from tests.faults.support import ledger
from tests.faults.support.bed import Bed, bed, ready_cluster
from tests.faults.support.fleet import Fleet
from tests.faults.support.reads import fillings
from tests.integration.support.clusters import Cluster, proxied
from tests.integration.support.waiting import DEADLINE, eventually

NAMESPACE_WATCH = Match(path="^/api/v1/namespaces$", watch=True)


def event(type_: str, obj: Any) -> bytes:
    return json.dumps({"type": type_, "object": obj}).encode() + b"\n"


SENSELESS = {
    "no metadata": event("ADDED", {"apiVersion": "v1", "kind": "Namespace"}),
    "metadata that is null": event("MODIFIED", {"apiVersion": "v1", "kind": "Namespace", "metadata": None}),
    "another kind": event(
        "ADDED", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "pr-0", "resourceVersion": "999999"}}
    ),
    "unknown type": event("RENAMED", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "pr-0"}}),
    "a blank line": b"\n",
}
BROKEN = {"no JSON": b'{"type": "ADDED", "obj\n', "no object": b'{"type": "ADDED"}\n', "no event": b"[]\n"}


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Bed]:
    """A controller behind a proxy, with an environment that is deployed."""
    with bed(tmp_path, options={}) as running:
        running.fleet.create([0], "one")
        running.fleet.settled(DEADLINE)
        yield running


def opened(running: Bed) -> dict[str, int]:
    """How often each cache was listed or watched so far."""
    return Counter(entry.resource for entry in fillings(running.requests.all()))


def still_works(running: Bed) -> None:
    """Check that everything works, and that nothing was done twice."""
    running.fleet.create([1], "two")
    running.fleet.update([0], "two")
    running.fleet.settled(DEADLINE)
    running.fleet.delete([0, 1])
    running.fleet.settled(DEADLINE)
    ledger.check(running.requests, lives=running.fleet.lives, living=running.fleet.living)


def test_nonsensical_events_are_skipped_and_their_stream_continues(running: Bed) -> None:
    before = opened(running)
    for what, line in SENSELESS.items():
        assert running.proxy.insert_line(line, NAMESPACE_WATCH) == 1, what
    still_works(running)
    assert opened(running) == before


@pytest.mark.parametrize("what", BROKEN)
def test_an_invalid_line_ends_only_its_stream_and_causes_no_list(running: Bed, what: str) -> None:
    before = opened(running)
    assert running.proxy.insert_line(BROKEN[what], NAMESPACE_WATCH) == 1
    still_works(running)
    assert opened(running) == {**before, "namespaces": before["namespaces"] + 1}


@pytest.mark.parametrize("ending", Ending)
def test_a_truncated_line_ends_only_its_stream_and_loses_nothing(running: Bed, ending: Ending) -> None:
    before = opened(running)
    assert running.proxy.cut_watches(NAMESPACE_WATCH, ending) == 1
    still_works(running)
    assert running.proxy.counters()["watch-cut"] == 1
    assert opened(running) == {**before, "namespaces": before["namespaces"] + 1}


class Collector:
    """A handler that notes the keys of what is there."""

    def __init__(self) -> None:
        self.present: set[str] = set()

    def on_add(self, obj: Object) -> None:
        self.present.add(objects.key(obj))

    def on_update(self, old: Object, new: Object) -> None:
        self.present.add(objects.key(new))

    def on_delete(self, obj: Object | DeletedFinalStateUnknown) -> None:
        gone = obj.obj if isinstance(obj, DeletedFinalStateUnknown) else obj
        self.present.discard(objects.key(gone))


class Raising(Collector):
    """One that fails every time."""

    def on_add(self, obj: Object) -> None:
        super().on_add(obj)
        raise RuntimeError("a handler with a bug")

    def on_update(self, old: Object, new: Object) -> None:
        raise RuntimeError("a handler with a bug")


class Blocking(Collector):
    """One that never comes back from its first call, until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.blocked = threading.Event()
        self.let_go = threading.Event()

    def on_add(self, obj: Object) -> None:
        self.blocked.set()
        self.let_go.wait()
        super().on_add(obj)


@contextmanager
def informers(cluster: Cluster, folder: Path, bad: Collector) -> Iterator[list[Collector]]:
    """Informers of all that the controller watches, through a proxy, each with a good handler; the namespaces' has
    `bad` before and the good one after it."""
    with ExitStack() as stack:
        _, through = stack.enter_context(proxied(cluster.kubeconfig, folder))
        client = Client(connection=load(kubeconfig=str(through)))
        stack.callback(client.close)
        good = []
        for watch in WATCHES:
            informer = Informer(client=client, resource=watch.resource)
            if watch.resource == NAMESPACES:
                informer.add_handler(bad, name="bad")
            good.append(Collector())
            informer.add_handler(good[-1], name="good")
            informer.start()
            stack.callback(informer.stop, DEADLINE)
        yield good


def see_everything(cluster: Cluster, good: list[Collector]) -> None:
    """Whatever is made and deleted in the cluster reaches the good handlers."""

    def agree() -> bool:
        return all(
            {objects.key(obj) for obj in cluster.list(watch.resource)} == collector.present
            for watch, collector in zip(WATCHES, good, strict=True)
        )

    fleet = Fleet(cluster)
    fleet.create(range(3), "one")
    eventually(agree, "what was made is seen")
    fleet.delete([0, 1])
    cluster.client.delete(NAMESPACES, fleet.bystander)
    eventually(agree, "what was deleted is seen")
    assert [collector.present for collector in good if collector.present == {fleet.name(2)}], "nothing was compared"


def test_a_handler_that_raises_is_called_again_and_affects_no_other(tmp_path: Path) -> None:
    bad = Raising()
    with ready_cluster() as cluster, informers(cluster, tmp_path, bad) as good:
        see_everything(cluster, good)
        eventually(lambda: bad.present == good[1].present, "it still hears of everything")


def test_a_handler_that_blocks_delays_no_other(tmp_path: Path) -> None:
    bad = Blocking()
    with ready_cluster() as cluster, informers(cluster, tmp_path, bad) as good:
        assert bad.blocked.wait(DEADLINE)
        see_everything(cluster, good)
        assert bad.present == set()
        bad.let_go.set()
        eventually(lambda: bad.present == good[1].present, "it catches up in the end")
