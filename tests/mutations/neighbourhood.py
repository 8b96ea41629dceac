"""A world with two environments and a TronadorConfig. Only what a change wakes is reconciled, as in real life."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from controller.api.environment import ENVIRONMENTS
from controller.api.tronador_config import CONFIG_NAME, TRONADOR_CONFIGS
from controller.apimachinery import objects
from controller.apimachinery.errors import ApiError
from controller.apimachinery.resources import CONFIG_MAPS, CUSTOM_RESOURCE_DEFINITIONS, NAMESPACES, SECRETS, Resource
from controller.environment.engines import ENGINES
from controller.environment.options import EnvironmentOptions
from controller.environment.watches import WATCHES
from controller.policy import PolicyOptions
from controller.runtime.reconcile import Request, Result
from controller.tronadorconfig.content.shares import Concerned
from controller.tronadorconfig.reconciling.reconciler import ConfigReconciler
from hack.standins.crds import definitions
from tests.integration.support.clusters import config_definition, environment_definition
from tests.mutations.admission import Admission
from tests.mutations.documents import DOCUMENTS, NEIGHBOUR, NEIGHBOURS_SPEC, ORIGINALS, OWN, SHARED, TRUSTED
from tests.unit.environment.simulation.fake_api import Write
from tests.unit.environment.simulation.world import WATCHED, World
from tests.unit.environment.support.builders import NOW

CONFIG = objects.join_key(OWN, CONFIG_NAME)
_KEYS = {watch.resource: watch.keys for watch in WATCHES}
# What is due later (seconds) is not awaited: the end of a lifetime.
_PATIENCE = 900.0
# Reconciles in a row without a change.
_IDLE = 3
# Steps of all programs until all must be at rest.
_LIMIT = 500


class Neighbourhood(World):
    """See the module. It begins with all of DOCUMENTS in place, and at rest."""

    def __init__(self, engine: str) -> None:
        self._pending: dict[str, None] = {}
        self._due: dict[str, float] = {}
        policy = PolicyOptions(allow_external_values=True, allowed_reference_namespaces=(SHARED,))
        super().__init__(EnvironmentOptions(release_engine=engine, policy=policy), credential_prefixes=(TRUSTED,))
        admission = Admission(self.api, (environment_definition(), config_definition(), *definitions()))
        self.api.admission = admission
        self.api.serves = admission.served
        self._install()
        self.settle()

    def _install(self) -> None:
        for name in (OWN, SHARED):
            self.api.put(NAMESPACES, {"metadata": {"name": name}})
        self.api.put(CUSTOM_RESOURCE_DEFINITIONS, config_definition())
        for name in ORIGINALS:
            for namespace in (OWN, SHARED):
                where = {"metadata": {"name": name, "namespace": namespace}}
                self.api.put(SECRETS, {**where, "type": "Opaque", "data": {"password": "aHVudGVyMg=="}})
                self.api.put(CONFIG_MAPS, {**where, "data": {"values.yaml": "replicas: 2"}})
        for resource, document in DOCUMENTS.items():
            self.api.put(resource, document)
        self.api.put(ENVIRONMENTS, {"metadata": {"name": NEIGHBOUR}, "spec": NEIGHBOURS_SPEC})

    # What users do

    def write(self, resource: Resource, document: Mapping[str, Any]) -> None:
        """Replace what users write of an object. Raises ApiError where the server refuses it."""
        metadata = document["metadata"]

        def change(obj: dict[str, Any]) -> None:
            for field in obj.keys() - {"apiVersion", "kind", "metadata", "status"}:
                del obj[field]
            obj.update({field: copy.deepcopy(value) for field, value in document.items() if field != "metadata"})

        self.api.edit(resource, metadata["name"], metadata.get("namespace", ""), change)

    def push_to_neighbour(self, tag: str) -> None:
        """The neighbour's author pushes a commit."""

        def change(obj: dict[str, Any]) -> None:
            obj["spec"]["application"]["release"]["values"] = {"tag": tag}

        self.api.edit(ENVIRONMENTS, NEIGHBOUR, "", change)
        self.settle()

    def neighbours_tag(self) -> str:
        """The commit that the neighbour's release has."""
        [release] = self.api.all(ENGINES[self.options.release_engine].releases, NEIGHBOUR)
        return str(release["spec"]["values"]["tag"])

    def state_of(self, name: str) -> str:
        """What the status of an environment says."""
        return str((self.api.peek(ENVIRONMENTS, name) or {})["status"]["applicationStatus"])

    # What machines do

    def restart(self) -> None:
        """See World. A new process looks at everything once."""
        super().restart()
        self._concerned = Concerned(shares=self.shares, environments=self.stores[ENVIRONMENTS])
        self._configs = ConfigReconciler(
            client=self.api,
            shares=self.shares,
            environments=self.stores[ENVIRONMENTS],
            served=self.api.served,
            now=lambda: NOW + timedelta(seconds=self.seconds),
            monotonic=lambda: self.seconds,
            recheck_interval=self.options.recheck_interval,
        )
        self._due = {}
        self._pending = dict.fromkeys([CONFIG, *(objects.name(obj) for obj in self.api.all(ENVIRONMENTS))])

    def sync(self, *resources: Resource) -> None:
        """See World. It also wakes what the changes concern."""
        for resource in resources or WATCHED:
            store = self.stores[resource]
            before = {objects.key(obj): obj for obj in store.list()}
            for key in store.sync():
                self._wake(resource, before.get(key), store.get(key))

    def _wake(self, resource: Resource, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> None:
        keys = _KEYS[resource]
        if keys is not None:
            woken = [key for obj in (before, after) if obj is not None for key in keys(obj)]
        else:
            concerned = self._concerned
            by = concerned.by_config if resource == TRONADOR_CONFIGS else concerned.by_secret
            woken = list(by(before, after))
        if resource in (TRONADOR_CONFIGS, SECRETS, ENVIRONMENTS):
            woken.append(CONFIG)
        self._pending.update(dict.fromkeys(woken))

    def settle(self) -> None:
        """Run all programs until none has anything left to do."""
        # By key: the versions of the cluster at its last reconciles.
        looks: dict[str, list[str]] = {}
        for _ in range(_LIMIT):
            self.sync()
            if self._pending:
                key = next(iter(self._pending))
                version = self.api.version
                self._reconcile(key)
                looks.setdefault(key, []).append(version)
                continue
            worked = self.engines_step()
            self.api.finish_namespaces()
            self.sync()
            if worked or self._pending:
                continue
            # Whoever looks again and again, and has nothing to do, is at rest.
            soon = {key: due for key, due in self._due.items() if due < self.seconds + _PATIENCE}
            busy = [key for key in soon if looks.get(key, [])[-_IDLE:] != [self.api.version] * _IDLE]
            if not busy:
                return
            soonest = min(busy, key=lambda key: soon[key])
            self.seconds = max(self.seconds, self._due.pop(soonest))
            self._pending[soonest] = None
        raise AssertionError(f"no rest: {list(self._pending)} {self._due}")

    def look_at_all(self) -> None:
        """Reconcile everything once, also what nothing has woken."""
        for key in (CONFIG, *(objects.name(obj) for obj in self.api.all(ENVIRONMENTS))):
            self._pending[key] = None
            self._reconcile(key)

    def _reconcile(self, key: str) -> None:
        del self._pending[key]
        self._due.pop(key, None)
        result = self._reconcile_config() if key == CONFIG else self.reconcile(key)
        if result.requeue or result.requeue_after is not None:
            # A little later than asked for, as sums of such numbers are not exact.
            self._due[key] = self.seconds + (0.01 if result.requeue else (result.requeue_after or 0.0) + 0.001)

    def _reconcile_config(self) -> Result:
        try:
            return self._configs.reconcile(Request(CONFIG))
        except ApiError:
            return Result(requeue=True)

    def _check(self, write: Write) -> None:
        if write.resource != TRONADOR_CONFIGS:
            super()._check(write)
