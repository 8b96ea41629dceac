"""The reconcilers of the controller and of a dry run. Both have the same logic; a dry run only plans its writes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import structlog

from controller.api.environment import ENVIRONMENTS
from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import NAMESPACES, Resource
from controller.app.dry_run import Silence
from controller.app.options import Options
from controller.cache import ConsistencyStore, Store
from controller.client import Client, PlanningClient
from controller.environment.admission.claims import GRANTED, Verdict
from controller.environment.admission.places import Places
from controller.environment.admission.reconciler import ReconcilerWithPlaces
from controller.environment.apply import Applier, ChangeLog
from controller.environment.discovery import Discovery
from controller.environment.expirations import Brake
from controller.environment.memory import Memory
from controller.environment.metrics import EnvironmentMetrics
from controller.environment.observe import Observer
from controller.environment.reconciler import EnvironmentReconciler
from controller.environment.stopwatch import Stopwatch
from controller.environment.wakeups import Wakeups
from controller.events import Recorder
from controller.runtime import Reconciler
from controller.tronadorconfig.content.shares import Shares
from controller.tronadorconfig.reconciling.reconciler import ConfigReconciler

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconcilers:
    """Creates reconcilers. The fields are what all of them read. `places` is None if there is no limit."""

    options: Options
    stores: Mapping[Resource, Store]
    shares: Shares
    discovery: Discovery
    places: Places | None
    brake: Brake

    def environments(
        self,
        client: Client,
        *,
        recorder: Recorder,
        wakeups: Wakeups,
        consistency: ConsistencyStore,
        metrics: EnvironmentMetrics,
        stopwatch: Stopwatch,
        memory: Memory,
    ) -> Reconciler:
        """Return the reconciler of environments."""

        def written(environment: Object, resource: Resource, answer: Object) -> None:
            version = objects.resource_version(answer)
            consistency.wrote_at(objects.key(environment), objects.uid(environment), resource, version)
            self._created(environment, resource, answer)

        return self._with_places(
            EnvironmentReconciler(
                observer=self._observer(),
                applier=Applier(
                    client=client,
                    served=self.discovery.served,
                    recorder=recorder,
                    waker=wakeups,
                    take_place=self._take_place,
                    turns=self.brake.turn,
                    written=written,
                ),
                wakeups=wakeups,
                consistency=consistency,
                metrics=metrics,
                stopwatch=stopwatch,
                options=self.options.environment,
                memory=memory,
                now=time.monotonic,
            )
        )

    def planned_environments(self, client: PlanningClient, *, metrics: EnvironmentMetrics) -> Reconciler:
        """Return a reconciler of environments for one reconcile of a dry run.

        It plans the status of a temporary state at once, without waiting whether the state lasts. `metrics` must belong
        to a registry that `/metrics` does not serve, because nothing really happens.
        """
        silence = Silence()
        return self._with_places(
            EnvironmentReconciler(
                observer=self._observer(),
                applier=Applier(
                    client=client,
                    served=self.discovery.served,
                    recorder=silence,
                    waker=silence,
                    take_place=self._take_place,
                    turns=self.brake.turn,
                    written=self._created,
                    changes=silence,
                ),
                wakeups=silence,
                consistency=silence,
                metrics=metrics,
                stopwatch=Stopwatch(metrics=metrics, now=time.monotonic),
                options=replace(self.options.environment, status_settle=0.0),
                memory=Memory.empty(now=time.monotonic),
                now=time.monotonic,
                changes=silence,
            )
        )

    def config(self, client: Client) -> ConfigReconciler:
        """Return the reconciler of the TronadorConfig's status."""
        return self._config(client, changes=log)

    def planned_config(self, client: PlanningClient) -> ConfigReconciler:
        """Return a reconciler of the TronadorConfig's status for one reconcile of a dry run."""
        return self._config(client, changes=Silence())

    def _config(self, client: Client | PlanningClient, *, changes: ChangeLog) -> ConfigReconciler:
        return ConfigReconciler(
            client=client,
            changes=changes,
            shares=self.shares,
            environments=self.stores[ENVIRONMENTS],
            served=self.discovery.served,
            now=lambda: datetime.now(UTC),
            monotonic=time.monotonic,
            recheck_interval=self.options.environment.recheck_interval,
        )

    def _with_places(self, reconciler: EnvironmentReconciler) -> Reconciler:
        return ReconcilerWithPlaces(reconciler, self.places) if self.places else reconciler

    def _take_place(self, environment: Object) -> Verdict:
        return self.places.take(environment) if self.places else GRANTED

    def _created(self, environment: Object, resource: Resource, answer: Object) -> None:
        if self.places and resource == NAMESPACES:
            self.places.created(objects.key(environment))

    def _observer(self) -> Observer:
        return Observer(stores=self.stores, shares=self.shares, now=lambda: datetime.now(UTC))
