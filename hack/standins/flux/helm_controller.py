"""The helm-controller: checks the prerequisites of a release, runs its actions, and handles its deletion."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from controller.apimachinery import objects
from controller.apimachinery.conditions import FALSE, UNKNOWN
from controller.apimachinery.errors import ApiError, NotFound
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import SECRETS
from controller.client import Client
from controller.client.config import Connection
from hack.standins.events import Events
from hack.standins.flux import decision, snapshots
from hack.standins.flux.actions import Actions, forget_failures
from hack.standins.flux.charts import ChartNotReady, Charts
from hack.standins.flux.conditions import PROGRESSING, READY
from hack.standins.flux.decision import Wanted
from hack.standins.flux.impersonation import ImpersonatingClient
from hack.standins.flux.loop import DONE, WITH_BACKOFF, Again, Loop, Pace
from hack.standins.flux.packaging import Chart
from hack.standins.flux.record import Record
from hack.standins.flux.release import HelmRelease
from hack.standins.flux.resources import CONFIG_MAPS, HELM_RELEASES, SERVICE_ACCOUNTS
from hack.standins.flux.run import End, Run
from hack.standins.flux.values import ValuesError, compose
from hack.standins.helm.actions import Helm
from hack.standins.helm.engine import HelmEngine, HelmError
from hack.standins.helm.kinds import Kinds
from hack.standins.plays import Plays

COMPONENT = "helm-controller"
# Reasons of Ready=False that no longer apply once their step has succeeded.
_PASSING = ("SourceNotReady", "ValuesError")


class HelmController:
    """`loop` drives it."""

    def __init__(
        self,
        *,
        client: Client,
        connection: Connection,
        charts: Charts,
        engine: HelmEngine,
        plays: Plays,
        pace: Pace,
        longest: float,
        requeue_dependency: float,
        namespace: str,
        pause: Callable[[float], bool],
    ) -> None:
        """
        Args:
            connection: for acting as service accounts.
            longest: seconds that no `interval` exceeds.
            requeue_dependency: seconds between checks of a chart that is not ready, unless a notification comes first.
            namespace: the only one to look at; "": all.
            pause: see `Helm`.
        """
        self._client = client
        self._connection = connection
        self._charts = charts
        self._engine = engine
        self._kinds = Kinds(client=client)
        self._plays = plays
        self._longest = longest
        self._requeue_dependency = requeue_dependency
        self._pause = pause
        self._events = Events(client=client, component=COMPONENT, about=HELM_RELEASES)
        self.loop = Loop(
            name=COMPONENT,
            client=client,
            resource=HELM_RELEASES,
            namespace=namespace,
            pace=pace,
            reconcile=self._reconcile,
        )
        charts.on_change = self.loop.enqueue

    def config_changed(self, kind: str, obj: Object) -> None:
        """Reconcile every HelmRelease that takes values from this watched ConfigMap or Secret, which has changed."""
        for release in map(HelmRelease, self.loop.all()):
            uses = any((ref["kind"], ref["name"]) == (kind, objects.name(obj)) for ref in release.value_sources)
            if uses and release.namespace == objects.namespace(obj):
                self.loop.enqueue(release.key)

    def _reconcile(self, key: str) -> Again | None:
        namespace, name = objects.split_key(key)
        try:
            obj = self._client.get(HELM_RELEASES, name, namespace=namespace)
        except NotFound:
            self._charts.forget(key)
            return DONE
        hr, record = HelmRelease(obj), Record(client=self._client, resource=HELM_RELEASES, obj=obj)
        if objects.is_deleting(obj):
            return self._delete(hr, record)
        if record.add_finalizer():
            return WITH_BACKOFF
        if hr.suspended:
            record.save(observed=True)
            return DONE
        record.progress(PROGRESSING, "Fulfilling prerequisites")
        if not hr.chart:
            record.fail("ArtifactFailed", "could not get Source object: this stand-in follows no chartRef")
            record.save()
            return WITH_BACKOFF
        record.status["helmChart"] = f"{hr.namespace}/{hr.chart_name}"
        record.save()
        try:
            chart = self._charts.get(hr)
        except ChartNotReady as error:
            record.fail("SourceNotReady", str(error))
            record.save()
            return Again(min(self._requeue_dependency, self._longest))
        try:
            values = self._values(hr)
        except ValuesError as error:
            record.fail("ValuesError", str(error))
            record.save()
            self._events.emit(obj, "Warning", "ValuesError", str(error))
            return WITH_BACKOFF
        if record.is_(READY, FALSE) and record.condition(READY)["reason"] in _PASSING:
            record.ready(UNKNOWN, PROGRESSING, "reconciliation in progress")
        with self._helm(hr, hr.release_name, hr.release_namespace) as helm:
            return self._release(hr, record, chart, values, helm)

    def _values(self, hr: HelmRelease) -> dict[str, Any]:
        resources = {"ConfigMap": CONFIG_MAPS, "Secret": SECRETS}
        return compose(
            hr.value_sources,
            hr.values,
            namespace=hr.namespace,
            read=lambda kind, name: self._client.get(resources[kind], name, namespace=hr.namespace),
            parse=self._engine.parse,
        )

    def _release(
        self, hr: HelmRelease, record: Record, chart: Chart, values: dict[str, Any], helm: Helm
    ) -> Again | None:
        status = record.status
        if decision.target_changed(hr, status, chart.name):
            return self._remove_former(hr, record)
        status["storageNamespace"] = hr.storage_namespace
        digest = snapshots.config_digest(values)
        generation = objects.generation(hr.obj)
        attempted = (generation, chart.version, digest)
        before = tuple(status.get(f"lastAttempted{what}") for what in ("Generation", "Revision", "ConfigDigest"))
        if attempted != before:
            forget_failures(status)
        status["lastAttemptedGeneration"] = generation
        status["lastAttemptedRevision"] = chart.version
        status["lastAttemptedConfigDigest"] = digest
        forced = self._heed_requests(hr, status)
        actions = Actions(
            hr=hr, record=record, helm=helm, events=self._events, plays=self._plays, chart=chart, values=values
        )
        wanted = Wanted(chart.name, chart.version, values)
        end = Run(actions=actions, wanted=wanted, forced=forced).to_end()
        # The original also observes the generation while it keeps retrying at an interval.
        record.save(observed=end in (End.DONE, End.STALLED, End.RETRY))
        if end is End.STALLED:
            return DONE
        if end in (End.MORE, End.ERROR):
            return WITH_BACKOFF
        retry = hr.retry_interval(str(status.get("lastAttemptedReleaseAction") or "")) if end is End.RETRY else None
        return Again(min(hr.interval if retry is None else retry, self._longest))

    def _heed_requests(self, hr: HelmRelease, status: dict[str, Any]) -> bool:
        """Reset the failures if an annotation asks for it. Returns whether an annotation forces an action."""
        if reset := hr.asked_to_reset(status):
            forget_failures(status)
            status["lastHandledResetAt"] = reset
        force = hr.asked_to_force(status)
        if force:
            status["lastHandledForceAt"] = force
        return bool(force)

    def _remove_former(self, hr: HelmRelease, record: Record) -> Again:
        """Uninstall the release with the former name or namespace; the next run installs it again."""
        try:
            self._uninstall(hr, record)
        except HelmError:
            record.save()
            return WITH_BACKOFF
        self._forget_release(record)
        forget_failures(record.status)
        record.save()
        return WITH_BACKOFF

    def _delete(self, hr: HelmRelease, record: Record) -> Again | None:
        # As in the original, deleting a suspended HelmRelease keeps the release.
        if not hr.suspended and record.status.get("storageNamespace") and self._can_act(hr, record):
            try:
                self._uninstall(hr, record)
            except HelmError:
                record.save()
                return WITH_BACKOFF
            try:
                record.save_conditions()
            except NotFound:
                return DONE
        self._charts.forget(hr.key)
        self._events.forget(objects.uid(hr.obj))
        record.remove_finalizer()
        return DONE

    def _can_act(self, hr: HelmRelease, record: Record) -> bool:
        """Whether the service account exists. Without it the controller uninstalls nothing and does not wait."""
        if not hr.service_account:
            return True
        try:
            self._client.get(SERVICE_ACCOUNTS, hr.service_account, namespace=hr.namespace)
        except NotFound:
            return False
        except ApiError as error:
            words = f"failed to confirm ServiceAccount '{hr.service_account}' can be used to uninstall release: {error}"
            record.fail("UninstallFailed", words)
            record.save()
            raise
        return True

    def _uninstall(self, hr: HelmRelease, record: Record) -> None:
        current = snapshots.latest(record.status.get("history") or ())
        target = (
            (str(current["name"]), str(current["namespace"])) if current else (hr.release_name, hr.release_namespace)
        )
        with self._helm(hr, *target) as helm:
            actions = Actions(hr=hr, record=record, helm=helm, events=self._events, plays=self._plays, values={})
            actions.uninstall()

    def _forget_release(self, record: Record) -> None:
        record.status.pop("history", None)
        record.status.pop("storageNamespace", None)

    @contextmanager
    def _helm(self, hr: HelmRelease, name: str, namespace: str) -> Iterator[Helm]:
        """Helm's operations on a release, with the rights of the HelmRelease's service account."""
        client: Client = self._client
        if hr.service_account:
            client = ImpersonatingClient(
                connection=self._connection,
                namespace=hr.namespace,
                service_account=hr.service_account,
                field_manager=COMPONENT,
            )
        try:
            yield Helm(
                client=client,
                engine=self._engine,
                kinds=self._kinds,
                pause=self._pause,
                name=name,
                namespace=namespace,
                field_manager=COMPONENT,
            )
        finally:
            if client is not self._client:
                client.close()
