"""Builds an Observation from the informers' stores. It only reads memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from controller.api.environment import ENVIRONMENT_LABEL, ENVIRONMENTS, Environment
from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import NAMESPACES, Resource
from controller.environment import engines
from controller.environment.drift.attempts import Attempts, Correction
from controller.environment.effects import Target
from controller.environment.observation import Observation
from controller.tronadorconfig.content.shares import Shares

ENVIRONMENT_INDEX = "environment"


class Store(Protocol):
    """The part of an informer's store that is used here."""

    def get(self, key: str) -> Object | None:
        """Return the object with that key, or None."""
        ...

    def by_index(self, index: str, value: str) -> Sequence[Object]:
        """Return the objects that an index has under `value`."""
        ...


def environment_of(obj: Object) -> list[str]:
    """Return the environment in the label of an object: the index function of the engines' stores."""
    name = objects.labels(obj).get(ENVIRONMENT_LABEL)
    return [name] if name else []


class Observer:
    """See the module. `now` returns the time of the wall clock, with a time zone."""

    def __init__(self, *, stores: Mapping[Resource, Store], shares: Shares, now: Callable[[], datetime]) -> None:
        self._environments = stores[ENVIRONMENTS]
        self._namespaces = stores[NAMESPACES]
        self._of_engines = {resource: stores[resource] for resource in engines.resources()}
        self._shares = shares
        self._now = now

    def now(self) -> datetime:
        """Return the time of the wall clock."""
        return self._now()

    def environment(self, key: str) -> Object | None:
        """Return the EnvironmentProvisioner in the cache, or None."""
        return self._environments.get(key)

    def observe(
        self,
        environment: Object,
        *,
        ages: Mapping[str, float],
        attempts: Mapping[Correction, Attempts],
        is_due: bool = True,
    ) -> Observation:
        """Return what is known about one environment now."""
        name = objects.name(environment)
        # Others can copy the label anywhere. Only the namespace with the name of the environment belongs to it.
        cached = {
            Target(resource, objects.name(obj), name): obj
            for resource, store in self._of_engines.items()
            for obj in store.by_index(ENVIRONMENT_INDEX, name)
            if objects.namespace(obj) == name
        }
        view = Environment(environment)
        share = self._shares.of(view)
        return Observation(
            environment=view,
            cached_environment=environment,
            cached_namespace=self._namespaces.get(name),
            cached=cached,
            share=share,
            has_config=self._shares.config_object is not None,
            own_namespace=self._namespaces.get(self._shares.own_namespace),
            own_secrets=self._shares.sources(share),
            ages=ages,
            attempts=attempts,
            is_due=is_due,
            now=self._now(),
        )
