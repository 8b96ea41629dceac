"""The status page shows what the caches and queues hold, and asks the API server for nothing itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from controller.api.environment import ENVIRONMENTS
from controller.app import page
from controller.cache import Informer, ReflectorSettings
from controller.runtime.httpserver import Route
from controller.statuspage import Process
from controller.workqueue import RateLimitingQueue
from tests.unit.fakes import DEADLINE, LiveApi, event, eventually
from tests.unit.statuspage.builders import Json, environment


class Rig:
    """A cache that is filled and watched, a queue, and the page about both."""

    def __init__(self) -> None:
        self.api = LiveApi()
        self.api.state = {"metadata": {"resourceVersion": "7"}, "items": [versioned("shop-74", "7")]}
        self.informer = Informer(client=self.api, resource=ENVIRONMENTS, settings=ReflectorSettings(watch_list=False))
        self.queue = RateLimitingQueue(name="environmentprovisioner")
        self.routes: Mapping[str, Route] = page.build(
            informers={ENVIRONMENTS: self.informer}, queues=(self.queue,), process=lambda: Process(role="leader")
        )
        self.informer.start()
        self.stream = self.api.stream()
        eventually(self.informer.has_synced)

    def get(self, prefix: str, rest: str = "") -> str:
        return self.routes[prefix](rest, {}).body.decode()


def versioned(name: str, version: str, **changes: str) -> Json:
    obj = environment(name, **changes)
    obj["metadata"]["resourceVersion"] = version
    return obj


@pytest.fixture
def rig() -> Iterator[Rig]:
    rig = Rig()
    yield rig
    assert rig.informer.stop(DEADLINE)


def test_the_page_shows_what_the_caches_and_queues_hold_without_a_request(rig: Rig) -> None:
    requests = len(rig.api.calls)
    rig.queue.add("shop-74")
    rig.queue.get()
    rig.queue.add("shop-75")
    assert "shop-74" in rig.get("/")
    assert "feat-x" in rig.get("/environments", "shop-74")
    controller = rig.get("/controller")
    assert "environmentprovisioners.tronador.stakater.com" in controller
    assert "shop-74" in controller
    assert "shop-75" in controller
    assert len(rig.api.calls) == requests


def test_the_timeline_follows_the_watch_and_is_forgotten_with_the_environment(rig: Rig) -> None:
    assert rig.get("/environments", "shop-74").count("<li class=") == 1
    before = rig.get("/state")
    rig.stream.send(event("MODIFIED", versioned("shop-74", "8", applicationStatus="failed")))
    eventually(lambda: rig.get("/environments", "shop-74").count("<li class=") == 2)
    assert rig.get("/state") != before
    rig.stream.send(event("DELETED", versioned("shop-74", "9")))
    eventually(lambda: "No such environment" in rig.get("/environments", "shop-74"))
    again = versioned("shop-74", "10")
    again["metadata"]["uid"] = "another"
    rig.stream.send(event("ADDED", again))
    eventually(lambda: rig.get("/environments", "shop-74").count("<li class=") == 1)
