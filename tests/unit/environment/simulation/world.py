"""A small world around the heart: an API server, caches that lag, both engines, time, and a process that may die.

While the controller works, the world checks what must never be broken, whatever the history; see `Invariants`.
"""

from __future__ import annotations

import copy
import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from controller.api.environment import (
    ADOPTED_ANNOTATION,
    ENVIRONMENT_LABEL,
    ENVIRONMENTS,
    FINALIZER,
    UID_ANNOTATION,
)
from controller.api.tronador_config import TRONADOR_CONFIGS
from controller.apimachinery import objects
from controller.apimachinery.errors import ApiError
from controller.apimachinery.resources import NAMESPACES, SECRETS, Resource
from controller.apimachinery.timestamps import to_time
from controller.cache import ConsistencyError, ConsistencyStore
from controller.environment import counts, engines
from controller.environment.admission.claims import GRANTED
from controller.environment.admission.places import Places
from controller.environment.admission.reconciler import ReconcilerWithPlaces
from controller.environment.apply import Applier
from controller.environment.expirations import Brake
from controller.environment.memory import Memory
from controller.environment.observe import ENVIRONMENT_INDEX, Observer, environment_of
from controller.environment.options import EnvironmentOptions
from controller.environment.reconciler import EnvironmentReconciler
from controller.environment.stopwatch import Stopwatch
from controller.runtime.reconcile import Reconciler, Request, Result
from controller.tronadorconfig.content import recipients
from controller.tronadorconfig.content.options import TronadorConfigOptions
from controller.tronadorconfig.content.shares import Shares
from tests.unit.environment.simulation.fake_api import Crash, FakeApi, Write
from tests.unit.environment.simulation.fake_flux import FakeFlux
from tests.unit.environment.simulation.fake_operator import FakeOperator
from tests.unit.environment.support.builders import (
    NOW,
    operator_options,
)

OWN = (TRONADOR_CONFIGS, SECRETS)
WATCHED = (ENVIRONMENTS, NAMESPACES, *engines.resources(), *OWN)
_INDEXERS: Mapping[str, Callable[[Mapping[str, Any]], Sequence[str]]] = {
    counts.INDEX: counts.index,
    recipients.INDEX: recipients.index,
    ENVIRONMENT_INDEX: environment_of,
}


class LaggingStore:
    """An informer's store that stands still until `sync`."""

    def __init__(self, api: FakeApi, resource: Resource) -> None:
        self._api = api
        self._resource = resource
        self._is_limited = resource in engines.resources()
        self._objects: dict[str, dict[str, Any]] = {}
        self._version = ""
        self.sync()

    def sync(self) -> list[str]:
        """Catch up, and return the keys of what changed."""
        found = self._api.all(self._resource)
        if self._is_limited:
            found = [obj for obj in found if ENVIRONMENT_LABEL in (obj["metadata"].get("labels") or {})]
        before = self._objects
        self._objects = {}
        for obj in found:
            key = self._key(obj["metadata"])
            known = before.get(key)
            # An object that did not change stays the same one, as in an informer.
            same = known is not None and known["metadata"]["resourceVersion"] == obj["metadata"]["resourceVersion"]
            self._objects[key] = known if known is not None and same else copy.deepcopy(obj)
        self._version = self._api.version
        return sorted(key for key in {*before, *self._objects} if before.get(key) is not self._objects.get(key))

    @staticmethod
    def _key(metadata: Mapping[str, Any]) -> str:
        # Not with the controller's own function: what the world does must not count as work of the controller.
        return f"{metadata['namespace']}/{metadata['name']}" if metadata.get("namespace") else str(metadata["name"])

    def get(self, key: str) -> Mapping[str, Any] | None:
        return self._objects.get(key)

    def list(self) -> Sequence[Mapping[str, Any]]:
        return list(self._objects.values())

    def hold(self, obj: Mapping[str, Any]) -> None:
        """Show this state of an object, which is older."""
        self._objects[self._key(obj["metadata"])] = copy.deepcopy(dict(obj))

    def leave(self, key: str) -> None:
        """The object no longer matches what the cache is limited to."""
        del self._objects[key]

    def by_index(self, index: str, value: str) -> Sequence[Mapping[str, Any]]:
        return [obj for obj in self._objects.values() if value in _INDEXERS[index](obj)]

    def index_sizes(self, index: str) -> Mapping[str, int]:
        return Counter(value for obj in self._objects.values() for value in _INDEXERS[index](obj))

    def last_sync_resource_version(self) -> str:
        return self._version


class Recorded:
    """Takes Events, wake-ups and measurements, and keeps what tests ask for."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.notes: list[str] = []
        self.waking = False
        self.expirations: list[str] = []
        self.ready: list[float] = []
        self.torn_down: list[float] = []

    def event(self, regarding: Any, *, type: str, reason: str, action: str, note: str) -> None:  # noqa: A002
        self.events.append(reason)
        self.notes.append(note)

    def ensure(self, listing: Any, key: str) -> None:
        self.waking = True

    def release(self, key: str) -> None:
        self.waking = False

    def phase(self, phase: str, *, outcome: str, seconds: float) -> None:
        pass

    def release_failed(self, reason: str) -> None:
        pass

    def expired(self, mode: str) -> None:
        self.expirations.append(mode)

    def environment_ready(self, seconds: float) -> None:
        self.ready.append(seconds)

    def teardown(self, seconds: float) -> None:
        self.torn_down.append(seconds)


class World:
    """See the module. `options` are the controller's, and `credential_prefixes` its `--credential-git-prefixes`."""

    def __init__(self, options: EnvironmentOptions | None = None, *, credential_prefixes: tuple[str, ...] = ()) -> None:
        self.options = options or operator_options()
        self._config_options = TronadorConfigOptions(
            own_namespace=self.options.own_namespace, credential_git_prefixes=credential_prefixes
        )
        self.seconds = 0.0
        # When the last reconcile of `run` wants to be repeated.
        self.next_look: float | None = None
        self.api = FakeApi(now=self.timestamp)
        self.operator = FakeOperator(self.api, now=self.timestamp)
        self.flux = FakeFlux(self.api, now=self.timestamp)
        self.api.serves = set(engines.resources())
        self.recorded = Recorded()
        self.api.on_write.append(self._check)
        self.restart()

    def timestamp(self) -> str:
        return to_time(NOW + timedelta(seconds=self.seconds))

    def engines_step(self) -> bool:
        """The engines do a little; whether there was anything to do."""
        return any([self.operator.step(), self.flux.step()])

    # The controller's process

    def restart(self) -> None:
        """A new process: full caches, and no memory."""
        self.api.crash_before = self.api.crash_after = None
        self.stores = {resource: LaggingStore(self.api, resource) for resource in WATCHED}
        ours = {resource: store for resource, store in self.stores.items() if resource not in OWN}
        consistency = ConsistencyStore(stores=ours)

        def written(environment: Any, resource: Resource, obj: Any) -> None:
            consistency.wrote_at(
                objects.name(environment), objects.uid(environment), resource, objects.resource_version(obj)
            )
            if self.places and resource == NAMESPACES:
                self.places.created(objects.name(environment))

        self.places = self._places()
        self.shares = Shares(
            configs=self.stores[TRONADOR_CONFIGS], secrets=self.stores[SECRETS], options=self._config_options
        )
        self.memory = Memory.empty(now=lambda: self.seconds)
        self._reconciler: Reconciler = EnvironmentReconciler(
            observer=Observer(
                stores=self.stores,
                shares=self.shares,
                now=lambda: NOW + timedelta(seconds=self.seconds),
            ),
            applier=Applier(
                client=self.api,
                served=self.api.served,
                recorder=self.recorded,
                waker=self.recorded,
                take_place=self.places.take if self.places else lambda _: GRANTED,
                written=written,
                turns=Brake(
                    environments=self.stores[ENVIRONMENTS],
                    burst=self.options.expire_burst,
                    now=lambda: NOW + timedelta(seconds=self.seconds),
                    monotonic=lambda: self.seconds,
                ).turn,
            ),
            wakeups=self.recorded,
            consistency=consistency,
            metrics=self.recorded,
            stopwatch=Stopwatch(metrics=self.recorded, now=lambda: self.seconds),
            options=self.options,
            memory=self.memory,
            now=lambda: self.seconds,
        )
        if self.places:
            self._reconciler = ReconcilerWithPlaces(self._reconciler, self.places)

    def _places(self) -> Places | None:
        """The places, if the options limit their number. Those that are woken stand in `self.woken`, in order."""
        self.woken: list[str] = []
        if not self.options.limits.any:
            return None
        return Places(
            limits=self.options.limits,
            environments=self.stores[ENVIRONMENTS],
            namespaces=self.stores[NAMESPACES],
            counts_all=True,
            read=lambda: [obj for obj in self.api.all(NAMESPACES) if ENVIRONMENT_LABEL in objects.labels(obj)],
            now=lambda: self.seconds,
            wake=self.woken.append,
        )

    def sync(self, *resources: Resource) -> None:
        """Let the caches catch up, all or those named."""
        for resource in resources or WATCHED:
            for key in self.stores[resource].sync():
                self.changed(resource, key)

    def changed(self, resource: Resource, key: str) -> None:
        """A cache shows a change of an object."""
        if self.places and resource in (ENVIRONMENTS, NAMESPACES):
            self.places.look(key)

    def reconcile_strictly(self, name: str) -> Result:
        """One reconcile with the caches as they are; whatever it raises is raised."""
        self.api.reads.clear()
        return self._reconciler.reconcile(Request(name))

    def reconcile(self, name: str) -> Result:
        """The same, but a crash is followed by a restart, and an error or a lagging cache is tried again."""
        try:
            return self.reconcile_strictly(name)
        except Crash:
            self.restart()
            return Result(requeue=True)
        except (ApiError, ConsistencyError):
            return Result(requeue=True)

    def run(self, name: str, *, operator: bool = True, limit: int = 60, patience: float = math.inf) -> int:
        """Run all programs until none has anything left to do, and return the number of reconciles.

        Something that is due only after more than `patience` seconds is left to do.
        """
        for turn in range(1, limit + 1):
            self.sync()
            version = self.api.version
            result = self.reconcile(name)
            worked = self.engines_step() if operator else False
            self.api.finish_namespaces()
            moved = worked or self.api.version != version or result.requeue
            self.next_look = None if result.requeue_after is None else self.seconds + result.requeue_after
            if not moved and (result.requeue_after is None or result.requeue_after > patience):
                return turn
            self.seconds += 0.01 if moved else max(result.requeue_after or 0.0, 0.001)
        raise AssertionError(f"{name} does not come to rest within {limit} reconciles")

    # What must never be broken

    def _check(self, write: Write) -> None:
        if write.resource == ENVIRONMENTS:
            self._check_environment(write)
            return
        name = write.name if write.resource == NAMESPACES else write.namespace
        environment = self.api.peek(ENVIRONMENTS, name)
        held = environment is not None and FINALIZER in objects.finalizers(environment)
        assert held, f"{write.verb} {write.resource} before the finalizer is on the environment, or after it went"
        if write.verb == "delete" and write.before is not None:
            is_read = (write.resource, write.namespace, write.name) in self.api.reads
            assert is_read or write.resource != NAMESPACES, f"deleted {write.name} unread"
            assert self._is_ours(write, name), f"deleted {write.resource} {write.name}, which is not ours"

    def _check_environment(self, write: Write) -> None:
        assert write.verb == "patch", "an environment is only ever patched"
        before, after = write.before or {}, write.after or {}
        assert not after or before.get("spec") == after.get("spec"), "the spec belongs to others"
        removed = FINALIZER in objects.finalizers(before) and FINALIZER not in objects.finalizers(after)
        namespace = self.api.peek(NAMESPACES, write.name)
        ours = namespace is not None and objects.labels(namespace).get(ENVIRONMENT_LABEL) == write.name
        assert not (removed and ours), "the finalizer went while a namespace of ours exists"

    def _is_ours(self, write: Write, name: str) -> bool:
        before = write.before or {}
        labelled = objects.labels(before).get(ENVIRONMENT_LABEL) == name
        if write.resource == NAMESPACES:
            return labelled and ADOPTED_ANNOTATION not in objects.annotations(before)
        recorded = ((self.api.peek(ENVIRONMENTS, name) or {}).get("status") or {}).get("release") or {}
        namespace = self.api.peek(NAMESPACES, name) or {}
        within_ours = objects.labels(namespace).get(ENVIRONMENT_LABEL) == name
        return (
            labelled
            or UID_ANNOTATION in objects.annotations(before)
            or (within_ours and recorded.get("name") == write.name)
        )
