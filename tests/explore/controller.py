"""The real reconciler, one request at a time.

A reconcile cannot be stopped in the middle and copied. But it depends on nothing but what its caches hold, what it
remembers, and how its requests are answered. So its next request is found by running it from the beginning with the
answers so far.

In a world without memory, each reconcile is the first one of its process: what it remembers may only save work. The
caches do not go back behind its own writes; `steps` sees to that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import structlog

from controller.api.environment import ENVIRONMENT_LABEL, ENVIRONMENTS
from controller.api.tronador_config import TRONADOR_CONFIGS
from controller.apimachinery import objects
from controller.apimachinery.errors import ApiError
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import NAMESPACES, SECRETS, Resource
from controller.environment import engines
from controller.environment.admission.claims import GRANTED
from controller.environment.admission.reconciler import ReconcilerWithPlaces
from controller.environment.apply import Applier
from controller.environment.memory import Memory
from controller.environment.observe import Observer
from controller.environment.options import EnvironmentOptions
from controller.environment.reconciler import EnvironmentReconciler
from controller.environment.stopwatch import Stopwatch
from controller.runtime.reconcile import Reconciler, Request
from controller.tronadorconfig.content.options import TronadorConfigOptions
from controller.tronadorconfig.content.shares import Shares
from tests.explore import memory
from tests.explore.calls import Call
from tests.explore.memory import Memories
from tests.explore.numbering import CLOCK, SETTINGS, Key, Objects, Table
from tests.explore.scripted import Answer, Ignored, ScriptedClient, ScriptedPlaces, Store
from tests.unit.environment.support.builders import NOW

WATCHED = frozenset({ENVIRONMENTS, NAMESPACES, *engines.resources()})
_LABELLED = frozenset(engines.resources())
# Of these, only what lies in the controller's own namespace is cached.
_OWN = frozenset({TRONADOR_CONFIGS, SECRETS})
# Seconds until a reconcile that raised an error is tried again.
_RETRY = 1.0

# The numbers of the objects in the caches, in ascending order.
View = tuple[int, ...]
# A view, the name of an environment, what is remembered, and the numbers of the answers so far.
Program = tuple[int, str, int, tuple[int, ...]]
# From the number of a call to the number of its answer; None if there is to be none.
Oracle = Callable[[int], int | None]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a reconcile ended: what is remembered, and the seconds until the next look (None: there is to be none)."""

    memory: int
    due: float | None


class Controller:
    """See the module. A program is a reconcile that has come so far; see Program.

    `remembers`: what a reconcile remembers is kept.
    """

    def __init__(self, known: Objects, options: EnvironmentOptions, *, remembers: bool) -> None:
        self._objects = known
        self._stores = {resource: Store() for resource in (*WATCHED, *_OWN)}
        self._client = ScriptedClient()
        self._options = options
        self._remembers = remembers
        self._days = 0
        self._next: dict[int, int | None] = {}
        self._ended: dict[int, Ended] = {}
        self.memories = Memories()
        self.views: Table[View] = Table()
        self.programs: Table[Program] = Table()
        self.answers: Table[Answer] = Table()
        self.calls: Table[Call] = Table()

    def is_cached(self, key: Key, obj: Mapping[str, Any]) -> bool:
        """Return whether the process holds the object."""
        resource, namespace, _ = key
        if resource in _OWN:
            return namespace == self._options.own_namespace
        if resource in _LABELLED:
            return ENVIRONMENT_LABEL in objects.labels(obj)
        return resource in WATCHED or key in (CLOCK, SETTINGS)

    def begin(self, view: int, name: str, remembered: int) -> int:
        """Return the program of a reconcile of an environment that begins with these caches and that memory."""
        return self.programs.number((view, name, remembered, ()))

    def answered(self, program: int, answer: int) -> int:
        """Return the program after the answer to its next call."""
        view, name, remembered, answers = self.programs[program]
        return self.programs.number((view, name, remembered, (*answers, answer)))

    def next(self, program: int, oracle: Oracle | None = None) -> int | None:
        """Return the number of its next call, or None if it has ended.

        `oracle` answers that call and those after it, as if nothing disturbed the reconcile. So one run finds them all.
        """
        if program not in self._next:
            self._run(program, oracle)
        return self._next[program]

    def ended(self, program: int) -> Ended:
        """Return how a program ended that has no next call."""
        return self._ended[program]

    def _run(self, program: int, oracle: Oracle | None) -> None:
        view, name, remembered, answers = self.programs[program]
        options = self._observe(view)

        def answer(asked: Call) -> Answer:
            nonlocal program
            self._next[program] = number = self.calls.number(asked)
            found = oracle(number) if oracle else None
            if found is None:
                raise _Suspended
            program = self.answered(program, found)
            return self.answers[found]

        known = [self.answers[number] for number in answers]
        self._client.begin(known, answer, self._objects)
        own = Memory.empty(now=lambda: 0.0)
        memory.fill(own, self.memories[remembered])
        try:
            result = self._with_places(self._reconciler(options, own)).reconcile(Request(name))
            due = 0.0 if result.requeue else result.requeue_after
        except _Suspended:
            return
        except ApiError:
            due = _RETRY
        kept = self.memories.number(memory.of(own)) if self._remembers else 0
        self._next[program], self._ended[program] = None, Ended(kept, due)

    def _observe(self, view: int) -> EnvironmentOptions:
        """Fill the caches, set the clock, and return the options of the process."""
        for store in self._stores.values():
            store.clear()
        self._days, options = 0, self._options
        for number in self.views[view]:
            key, obj = self._objects.key(number), self._objects[number]
            if key == CLOCK:
                self._days = obj["days"]
            elif key == SETTINGS:
                options = replace(options, release_engine=obj["release_engine"])
            else:
                self._stores[key[0]].put(key[1], key[2], obj)
        return options

    def _now(self) -> datetime:
        return NOW + timedelta(days=self._days)

    def _reconciler(self, options: EnvironmentOptions, own: Memory) -> EnvironmentReconciler:
        ignored, places = Ignored(), ScriptedPlaces(self._client)

        def written(environment: Object, resource: Resource, _: Object) -> None:
            if options.limits.any and resource == NAMESPACES:
                places.created(objects.name(environment))

        shares = Shares(
            configs=self._stores[TRONADOR_CONFIGS],
            secrets=self._stores[SECRETS],
            options=TronadorConfigOptions(own_namespace=options.own_namespace),
        )
        return EnvironmentReconciler(
            observer=Observer(stores=self._stores, shares=shares, now=self._now),
            applier=Applier(
                client=self._client,
                served=self._client.served,
                recorder=ignored,
                waker=ignored,
                written=written,
                take_place=places.take if options.limits.any else lambda _: GRANTED,
                turns=lambda *_: 0.0,
            ),
            wakeups=ignored,
            consistency=ignored,
            metrics=ignored,
            stopwatch=Stopwatch(metrics=ignored, now=lambda: 0.0),
            options=options,
            memory=own,
            now=lambda: 0.0,
            changes=structlog.get_logger("unused"),
        )

    def _with_places(self, reconciler: EnvironmentReconciler) -> Reconciler:
        if not self._options.limits.any:
            return reconciler
        return ReconcilerWithPlaces(reconciler, ScriptedPlaces(self._client))


class _Suspended(BaseException):
    """The reconcile has come to a request without an answer."""
