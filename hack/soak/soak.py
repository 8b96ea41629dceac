"""The course of a soak: disturbed stretches, each with a calm after it, and in the end everything is closed."""

from __future__ import annotations

import heapq
import itertools
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from controller.api.environment import ENVIRONMENTS
from controller.api.tronador_config import CONFIG_NAME, TRONADOR_CONFIGS
from controller.apimachinery import objects
from controller.apimachinery.errors import ApiError
from controller.apimachinery.resources import CONFIG_MAPS, NAMESPACES, SECRETS, Resource
from controller.app.options import Options
from hack.soak import calm, marks, rules
from hack.soak.bed import Bed
from hack.soak.faults import Faults, Lasting
from hack.soak.people import People
from hack.soak.samples import Sample
from hack.soak.witness import Witness

# Seconds.
_STRETCH = 240.0
_CALM_DEADLINE = 240.0
_LOOK = 2.0
_SAMPLE = 10.0
# So many looks in a row must find everything in order.
_LOOKS = 2
# Processes are only killed in the first part, so that some live long enough to see whether they grow.
_KILLING_SHARE = 1 / 3
_MOST_VIOLATIONS = 20
_FAULT_SHARE = 0.2


@dataclass(slots=True)
class Outcome:
    """What a soak found.

    Attributes:
        samples: of the replicas.
        calms: how many seconds each calm took until everything was in order.
    """

    samples: list[Sample] = field(default_factory=list)
    calms: list[float] = field(default_factory=list)


class Soak:
    """Runs once."""

    def __init__(self, bed: Bed, witness: Witness) -> None:
        self.outcome = Outcome()
        self._bed = bed
        self._witness = witness
        self._people = People(bed)
        self._faults = Faults(bed)
        self._pause = threading.Event()
        self._numbers = itertools.count()
        self._lasting: list[tuple[float, int, Lasting]] = []
        self._next_sample = 0.0
        self._panics: dict[tuple[str, int], int] = {}

    def run(self) -> None:
        """Go through all of it. Raises BenchError if it cannot continue."""
        seconds = self._bed.settings.minutes * 60.0
        self._bed.wait(lambda: self._bed.leader() is not None, "a replica leads")
        self._people.prepare()
        while (left := seconds - self._bed.journal.now) > 0 and not self._is_enough():
            # The last stretch leaves time for its calm.
            self._disturb(self._bed.journal.now + min(_STRETCH, max(10.0, left * 0.7)))
            self._calm("calm", self._differences)
        self._people.close_all()
        self._calm("everything is closed", self._left)

    def clean(self) -> None:
        """Delete what is left, once nothing is judged any more."""
        self._people.clean()

    def _is_enough(self) -> bool:
        return len(self._witness.violations) >= _MOST_VIOLATIONS

    def _disturb(self, until: float) -> None:
        journal, dice = self._bed.journal, self._bed.dice
        journal.write("a disturbed stretch begins")
        while journal.now < until and not self._is_enough():
            self._end_due(journal.now)
            self._faults.supervise()
            self._sample()
            if dice.random() < _FAULT_SHARE:
                self._begin(dice.choices(*self._possible_faults())[0])
            else:
                self._try(dice.choices(*self._possible_moves())[0])
            self._pause.wait(dice.expovariate(1.0 / self._bed.settings.rest))

    def _possible_moves(self) -> tuple[list[Callable[[], None]], list[float]]:
        people = self._people
        wanted = self._bed.settings.environments
        count = len(self._bed.environments)
        weights: dict[Callable[[], None], float] = {
            people.open: 8.0 * max(0.1, 2.0 * (1.0 - count / (wanted * 1.1))) + 0.5,
            people.close: 3.0 * count / wanted,
            people.reopen: 0.5,
            people.push: 8.0,
            people.rename: 2.0,
            people.label: 2.0,
            people.suspend: 1.5,
            people.limit_life: 1.0,
            people.keep: 1.5,
            people.share: 0.5,
            people.delete_release: 0.7,
            people.edit_release: 0.7,
            people.delete_namespace: 0.4,
            people.relabel_namespace: 0.5,
            people.delete_rights: 0.4,
            people.delete_shared: 0.4,
            people.plant: 1.0,
            people.overwrite_status: 0.6,
        }
        return list(weights), list(weights.values())

    def _possible_faults(self) -> tuple[list[Callable[[], Lasting]], list[float]]:
        faults = self._faults
        weights: dict[Callable[[], Lasting], float] = {
            faults.disturb: 5.0,
            faults.drop_watches: 2.0,
            faults.partition: 1.0,
            faults.jump: 1.5,
            faults.stop_engine: 1.0,
            faults.fail_release: 4.0,
            faults.restart_server: 0.6 if self._bed.site.is_local and self._bed.answers() else 0.0,
        }
        if self._bed.journal.now < self._bed.settings.minutes * 60.0 * _KILLING_SHARE:
            weights |= {
                faults.kill: 1.0,
                faults.terminate: 0.7,
                faults.freeze: 0.7,
                faults.kill_other: 0.5,
                faults.change_limit: 0.4,
            }
        return list(weights), list(weights.values())

    def _try(self, move: Callable[[], Any]) -> None:
        try:
            move()
        except ApiError as error:
            self._bed.journal.write("a request of somebody failed", error=type(error).__name__)

    def _begin(self, fault: Callable[[], Lasting]) -> None:
        lasting = fault()
        heapq.heappush(self._lasting, (self._bed.journal.now + lasting.seconds, next(self._numbers), lasting))

    def _end_due(self, now: float) -> None:
        while self._lasting and self._lasting[0][0] <= now:
            heapq.heappop(self._lasting)[2].end()

    def _calm(self, what: str, look: Callable[[], list[str]]) -> None:
        """End all faults, and wait until everything is in order."""
        self._end_due(float("inf"))
        journal = self._bed.journal
        began, in_order = journal.now, 0
        journal.write("a calm begins")
        found: list[str] = []
        while in_order < _LOOKS:
            self._faults.supervise()
            self._sample()
            with suppress(ApiError):
                self._faults.heal_releases()
                found = look()
                in_order = 0 if found else in_order + 1
            if journal.now - began > _CALM_DEADLINE:
                for text in found[:5]:
                    name = text.partition(" ")[0].rstrip(":")
                    self._witness.violate(rules.Violation(f"in order within {_CALM_DEADLINE:g} s of calm", name, text))
                return
            self._pause.wait(_LOOK)
        self.outcome.calms.append(journal.now - began)
        journal.write(what, seconds=round(journal.now - began, 1))

    def _differences(self) -> list[str]:
        return calm.differences(self._world())

    def _left(self) -> list[str]:
        world = self._world()
        found = [f"{objects.name(obj)} is closed, and still there" for obj in world.environments]
        missing = [name for name in self._people.foreign if name not in world.namespaces]
        return [*found, *calm.differences(world), *(f"{name} is gone, and belongs to others" for name in missing)]

    def _world(self) -> calm.World:
        client = self._bed.client
        config = client.get(TRONADOR_CONFIGS, CONFIG_NAME, namespace=Options().namespace)
        shared = client.list(CONFIG_MAPS, field_selector=f"metadata.name={marks.SHARED}")["items"]
        releases = [obj for obj in self._listed(self._bed.releases) if not marks.is_planted(obj)]
        return calm.World(
            environments=self._listed(ENVIRONMENTS),
            namespaces={objects.name(obj): obj for obj in self._listed(NAMESPACES)},
            releases=_by_namespace(releases),
            stored=_by_namespace(client.list(SECRETS, label_selector="owner=helm")["items"]),
            shared={objects.namespace(obj): obj["data"]["version"] for obj in shared},
            now=datetime.now(UTC),
            limit=self._bed.limit,
            shared_version=config["resources"]["manifests"][0]["data"]["version"],
        )

    def _listed(self, resource: Resource) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self._bed.client.list(resource)["items"]
        return items

    def _sample(self) -> None:
        now = self._bed.journal.now
        if now < self._next_sample:
            return
        self._next_sample = now + _SAMPLE
        for replica in self._bed.replicas:
            if sample := replica.sample(now):
                self.outcome.samples.append(sample)
                life = sample.replica, sample.life
                if sample.panics > self._panics.get(life, 0):
                    text = f"{sample.panics} reconciles of this process ended with an unexpected exception"
                    self._witness.violate(rules.Violation("no reconcile ends with a bug", replica.name, text))
                self._panics[life] = sample.panics


def _by_namespace(items: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for obj in items:
        found.setdefault(objects.namespace(obj), []).append(obj)
    return found
