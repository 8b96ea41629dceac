"""The real reconciler, one request at a time.

A reconcile cannot be stopped in the middle and copied. But it depends on nothing but what its caches hold and how its
requests are answered. So its next request is found by running it from the beginning with the answers so far.

It has no memory from one reconcile to the next, as if its process restarted each time: what it remembers may only save
work. The caches do not go back behind its own writes; the explorer sees to that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog

from controller.api.environment import ENVIRONMENT_LABEL, ENVIRONMENTS
from controller.api.tronador_config import TRONADOR_CONFIGS
from controller.apimachinery import objects
from controller.apimachinery.errors import ApiError
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import NAMESPACES, SECRETS, Resource
from controller.client import DeletePropagation, PatchType
from controller.environment import engines
from controller.environment.admission.claims import GRANTED
from controller.environment.apply import Applier
from controller.environment.observe import Observer, environment_of
from controller.environment.options import EnvironmentOptions
from controller.environment.reconciler import EnvironmentReconciler
from controller.environment.stopwatch import Stopwatch
from controller.runtime.reconcile import Request
from controller.tronadorconfig.content.options import TronadorConfigOptions
from controller.tronadorconfig.content.shares import Shares
from tests.explore.calls import Call, call
from tests.explore.numbering import CLOCK, Key, Objects, Table
from tests.unit.environment.support.builders import NAME, NOW

WATCHED = frozenset({ENVIRONMENTS, NAMESPACES, *engines.resources()})
_LABELLED = frozenset(engines.resources())

# The numbers of the objects in the caches, in ascending order.
View = tuple[int, ...]
# A view, and the numbers of the answers so far.
Program = tuple[int, tuple[int, ...]]
# From the number of a call to the number of its answer; None if there is to be none.
Oracle = Callable[[int], int | None]


def is_cached(key: Key, obj: Mapping[str, Any]) -> bool:
    """Whether a cache holds the object."""
    return key == CLOCK or (key[0] in WATCHED and (key[0] not in _LABELLED or ENVIRONMENT_LABEL in objects.labels(obj)))


class Controller:
    """See the module. A program is a reconcile that has come so far; see Program."""

    def __init__(self, known: Objects, options: EnvironmentOptions) -> None:
        self._objects = known
        self._stores = {resource: _Store() for resource in (*WATCHED, TRONADOR_CONFIGS, SECRETS)}
        self._client = _ScriptedClient()
        self._options = options
        self._days = 0
        shares = Shares(
            configs=self._stores[TRONADOR_CONFIGS],
            secrets=self._stores[SECRETS],
            options=TronadorConfigOptions(own_namespace=options.own_namespace),
        )
        self._observer = Observer(stores=self._stores, shares=shares, now=self._now)
        self._applier = Applier(
            client=self._client,
            served=self._client.served,
            recorder=_Ignored(),
            waker=_Ignored(),
            written=lambda *_: None,
            take_place=lambda _: GRANTED,
            turns=lambda *_: 0.0,
        )
        self._next: dict[int, int | None] = {}
        self.views: Table[View] = Table()
        self.programs: Table[Program] = Table()
        self.answers: Table[Answer] = Table()
        self.calls: Table[Call] = Table()

    def begin(self, view: int) -> int:
        """Return the program of a reconcile that begins with these caches."""
        return self.programs.number((view, ()))

    def answered(self, program: int, answer: int) -> int:
        """Return the program after the answer to its next call."""
        view, answers = self.programs[program]
        return self.programs.number((view, (*answers, answer)))

    def next(self, program: int, oracle: Oracle | None = None) -> int | None:
        """Return the number of its next call, or None if it has ended.

        `oracle` answers that call and those after it, as if nothing disturbed the reconcile. So one run finds them all.
        """
        if program not in self._next:
            self._run(program, oracle)
        return self._next[program]

    def _run(self, program: int, oracle: Oracle | None) -> None:
        view, answers = self.programs[program]
        for store in self._stores.values():
            store.clear()
        self._days = 0
        for number in self.views[view]:
            key = resource, namespace, name = self._objects.key(number)
            if key == CLOCK:
                self._days = self._objects[number]["days"]
                continue
            self._stores[resource].put(f"{namespace}/{name}" if namespace else name, self._objects[number])

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
        try:
            self._reconciler().reconcile(Request(NAME))
            self._next[program] = None
        except _Suspended:
            pass
        except ApiError:
            self._next[program] = None

    def _now(self) -> datetime:
        return NOW + timedelta(days=self._days)

    def _reconciler(self) -> EnvironmentReconciler:
        ignored = _Ignored()
        return EnvironmentReconciler(
            observer=self._observer,
            applier=self._applier,
            wakeups=ignored,
            consistency=ignored,
            metrics=ignored,
            stopwatch=Stopwatch(metrics=ignored, now=lambda: 0.0),
            options=self._options,
            now=lambda: 0.0,
            changes=structlog.get_logger("unused"),
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What the API server answered: an object, a list, or an error. Objects are numbers. Equal texts: equal errors."""

    obj: int | None = None
    items: tuple[int, ...] = ()
    text: str = ""
    error: ApiError | None = field(default=None, compare=False)

    def content(self, known: Objects) -> dict[str, Any] | ApiError:
        """Return what the client returns or raises."""
        if self.error is not None:
            return self.error
        if self.obj is not None:
            return known[self.obj]
        return {"metadata": {"resourceVersion": "1"}, "items": [known[number] for number in self.items]}


class _Suspended(BaseException):
    """The reconcile has come to a request without an answer."""


class _ScriptedClient:
    """Gives the first answers from a script, and then asks for each."""

    def begin(self, script: Iterable[Answer], ask: Callable[[Call], Answer], known: Objects) -> None:
        self._script = iter(script)
        self._ask = ask
        self._known = known

    def served(self, version: str) -> frozenset[Resource]:
        return frozenset(resource for resource in engines.resources() if resource.api_version == version)

    def get(self, resource: Resource, name: str, *, namespace: str = "") -> dict[str, Any]:
        return self._answer("get", resource, namespace, name)

    def list(self, resource: Resource, *, namespace: str = "", **options: Any) -> dict[str, Any]:
        return self._answer("list", resource, namespace, "", **options)

    def create(self, resource: Resource, obj: Object, *, namespace: str = "") -> dict[str, Any]:
        return self._answer("create", resource, namespace, objects.name(obj), body=obj)

    def patch(
        self,
        resource: Resource,
        name: str,
        body: Any,
        *,
        namespace: str = "",
        patch_type: PatchType = PatchType.MERGE,
        subresource: str = "",
        force: bool = False,
    ) -> dict[str, Any]:
        options = {"patch_type": patch_type.name, "subresource": subresource, "force": force}
        return self._answer("patch", resource, namespace, name, body=body, **options)

    def delete(
        self,
        resource: Resource,
        name: str,
        *,
        namespace: str = "",
        uid: str | None = None,
        resource_version: str | None = None,
        propagation: DeletePropagation | None = None,
    ) -> dict[str, Any]:
        assert propagation is not None
        conditions = {"uid": uid, "resource_version": resource_version}
        return self._answer("delete", resource, namespace, name, **conditions, propagation=propagation.name)

    def _answer(self, verb: str, resource: Resource, namespace: str, name: str, **arguments: Any) -> dict[str, Any]:
        answer = next(self._script, None) or self._ask(call(verb, resource, namespace, name, **arguments))
        content = answer.content(self._known)
        if isinstance(content, ApiError):
            raise content
        return content


class _Store:
    """The part of an informer's store that the observer uses."""

    def __init__(self) -> None:
        self._objects: dict[str, Object] = {}

    def clear(self) -> None:
        self._objects.clear()

    def put(self, key: str, obj: Object) -> None:
        self._objects[key] = obj

    def get(self, key: str) -> Object | None:
        return self._objects.get(key)

    def by_index(self, _: str, value: str) -> list[Object]:
        return [obj for obj in self._objects.values() if value in environment_of(obj)]


class _Ignored:
    """Takes Events, measurements, wake-ups and the memory of writes, which decide nothing."""

    def __getattr__(self, _: str) -> Callable[..., None]:
        return lambda *_args, **_options: None
