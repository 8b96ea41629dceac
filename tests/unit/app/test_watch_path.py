"""How much work a line of a watch is, from the bytes to the key in the queue. Counted in calls, so it never varies."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import controller
from controller.api.environment import ENVIRONMENTS
from controller.app import caches
from controller.app.options import Options
from controller.cache import Informer
from controller.client.serverhealth import ServerHealth
from controller.client.stream import LineSplitter, _event
from controller.environment.echoes import Echoes
from controller.environment.engines import ENGINES
from controller.metrics import Registry
from controller.workqueue import RateLimitingQueue
from tests.unit.measured import count_calls

CODE = str(Path(controller.__file__).parent)
RECORDED = json.loads((Path(__file__).parents[2] / "fixtures" / "cached" / "kubernetes-1.36.json").read_text())
NAME = RECORDED["environment"]["metadata"]["name"]
RELEASES = ENGINES["helm-operator"].resources[0]


class Watched:
    """The controller's caches and its queue, in the state after their start, fed by hand."""

    def __init__(self) -> None:
        self.queue = RateLimitingQueue(name="test")
        self._informers = caches.informers(Options(), None, Registry(), recovery=ServerHealth())  # type: ignore[arg-type]
        caches.enqueue(self._informers, self.queue, resync_period=0.0, repeats=Echoes(now=lambda: 0.0).repeats)
        for informer in self._informers.values():
            informer._replace({}, "1")
        self._version = 10_000_000

    def send(self, resource: Any, obj: dict[str, Any]) -> Callable[[], None]:
        """Return the work of a line that says that `obj` has changed."""
        self._version += 1
        obj = obj | {"metadata": obj["metadata"] | {"resourceVersion": str(self._version)}}
        line = json.dumps({"type": "MODIFIED", "object": obj}).encode() + b"\n"
        return lambda: _receive(self._informers[resource], line)


def _receive(informer: Informer, line: bytes) -> None:
    for part in LineSplitter().feed(line):
        informer._reflector._handle(_event(part))


@pytest.mark.parametrize(("resource", "kind", "most"), [(ENVIRONMENTS, "environment", 90), (RELEASES, "release", 74)])
def test_a_changed_object_is_queued_with_few_calls(resource: Any, kind: str, most: int) -> None:
    watched = Watched()
    watched.send(ENVIRONMENTS, RECORDED["environment"])()
    watched.send(resource, RECORDED[kind])()
    assert watched.queue.get() == NAME
    watched.queue.done(NAME)
    calls = count_calls(watched.send(resource, RECORDED[kind]), below=CODE)
    assert watched.queue.get() == NAME
    assert calls <= most, calls
