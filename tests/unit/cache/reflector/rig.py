"""A reflector with a scripted API, a copy that records its changes, and the errors of a server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from controller.apimachinery.errors import ConnectionLost, status_error
from controller.apimachinery.objects import Object, key
from controller.cache.backoff import Backoff
from controller.cache.freshness import Freshness
from controller.cache.listwatch import Collection, ReflectorSettings
from controller.cache.metrics import InformerMetrics
from controller.cache.recovery import NoRecovery, Recovery
from controller.cache.reflector import Reflector
from controller.metrics import Registry
from tests.unit.fakes import (
    WIDGETS,
    JumpingClock,
    ScriptedApi,
)
from tests.unit.measured import measured

EXPIRED = status_error(410, {"kind": "Status", "reason": "Expired", "message": "too old"})

TOO_LARGE = status_error(
    504,
    {
        "kind": "Status",
        "reason": "Timeout",
        "message": "Too large resource version: 99, current: 7",
        "details": {"causes": [{"reason": "ResourceVersionTooLarge"}]},
    },
)

THROTTLED = status_error(429, {"kind": "Status", "reason": "TooManyRequests", "message": "slow down"})

FORBIDDEN = status_error(403, {"kind": "Status", "reason": "Forbidden", "message": "no"})

NOT_INSTALLED = status_error(404, "404 page not found")

REFUSED = ConnectionLost("connection refused")


class Watches(NamedTuple):
    """What the metrics show about watches: how many ended, how many of them too soon, and how many events they had."""

    ended: float
    short: float
    events: float


class RecordingSink:
    """A copy that records the order of its calls."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.content: dict[str, Object] = {}
        self.missing = 0

    def prepare(self, raw: dict[str, Any], *, listed: bool) -> tuple[str, Object] | None:
        if raw.get("kind") not in (None, "Widget") or not raw.get("metadata"):
            return None
        return key(raw), raw

    def replace(self, objects: Mapping[str, Object], *, resource_version: str) -> None:
        self.content = dict(objects)
        self.log.append(f"replace {','.join(sorted(objects))} at {resource_version}")

    def put(self, key: str, obj: Object) -> None:
        self.content[key] = obj
        self.log.append(f"put {key} at {obj['metadata']['resourceVersion']}")

    def remove(self, key: str, obj: Object) -> None:
        self.content.pop(key, None)
        self.log.append(f"remove {key} at {obj['metadata']['resourceVersion']}")

    def bookmark(self, resource_version: str) -> None:
        self.log.append(f"bookmark {resource_version}")

    def resource_missing(self) -> None:
        self.missing += 1


class Rig:
    """A reflector that runs through a script and then stops."""

    def __init__(
        self, *answers: Any, watch_list: bool = False, recovery: Recovery | None = None, **settings: Any
    ) -> None:
        self.clock = JumpingClock()
        self.api = ScriptedApi(*answers, clock=self.clock)
        self.sink = RecordingSink()
        self.registry = Registry()
        self.freshness = Freshness(proof=1.0, clock=self.clock)
        self.reflector = Reflector(
            client=self.api,
            collection=Collection(WIDGETS, "ns", "app=x"),
            sink=self.sink,
            settings=ReflectorSettings(watch_list=watch_list, **settings),
            backoff=Backoff(clock=self.clock, rand=lambda: 0.0),
            freshness=self.freshness,
            recovery=recovery or NoRecovery(),
            metrics=InformerMetrics(self.registry, WIDGETS),
            clock=self.clock,
        )
        self.api.at_end = self.reflector.stop

    def run(self) -> Rig:
        self.reflector.run()
        return self

    def call(self, number: int) -> dict[str, Any]:
        return self.api.calls[number][1]

    def measured(self, series: str) -> float:
        return measured(self.registry, f"tronador_reflector_{series}")

    def watches(self) -> Watches:
        return Watches(*map(self.measured, ("watches_total", "short_watches_total", "items_per_watch_sum")))

    def version_of(self, number: int) -> str | None:
        return self.call(number)["resource_version"]

    def staleness(self) -> float:
        return self.freshness.staleness().seconds


def run(*answers: Any, **settings: Any) -> Rig:
    return Rig(*answers, **settings).run()
