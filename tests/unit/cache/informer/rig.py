"""An informer with a scripted API, and handlers that record what they get."""

from __future__ import annotations

import threading
from typing import Any

from controller.apimachinery.errors import status_error
from controller.apimachinery.objects import Object
from controller.cache import Backoff, DeletedFinalStateUnknown, Informer
from controller.cache.listwatch import ReflectorSettings
from controller.metrics import Registry
from tests.unit.fakes import (
    DEADLINE,
    WIDGETS,
    FakeClock,
    LiveApi,
    error_event,
    eventually,
    page,
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
        self._record(f"+{tag(obj)}", obj)

    def on_update(self, old: Object, new: Object) -> None:
        self._record(f"{tag(old)}>{tag(new)}", new)

    def on_delete(self, obj: Object | DeletedFinalStateUnknown) -> None:
        if isinstance(obj, DeletedFinalStateUnknown):
            self._record(f"-?{tag(obj.obj)}", obj)
        else:
            self._record(f"-{tag(obj)}", obj)

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


def tag(obj: Object) -> str:
    return f"{obj['metadata']['name']}{obj['metadata']['resourceVersion']}"


class Rig:
    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.api = LiveApi()
        self.registry = Registry()
        self.informers: list[Informer] = []

    def measured(self, series: str) -> float:
        return measured(self.registry, series)

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

    def relist(self, *names: str, version: int) -> None:
        """End the newest watch so that a new list is made."""
        number = len(self.api.streams)
        self.api.state = page(*names, version=version)
        self.api.stream(number).send(EXPIRED)
        self.api.stream(number + 1)
