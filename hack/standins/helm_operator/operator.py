"""The Helm Operator: an informer, a queue, workers and timers, which lead to syncs and uninstallations.

A HelmRelease has no finalizer. Its deletion is handled in the informer's delete handler, one after the other, once,
and only if this program sees the event: if a HelmRelease is deleted while the program is down, its release stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.threads import start_thread
from controller.cache import DeletedFinalStateUnknown, Informer
from controller.client import Client
from hack.standins.events import Events
from hack.standins.git.commands import Git
from hack.standins.git.mirrors import Mirrors, MirrorTimes
from hack.standins.helm.actions import Helm
from hack.standins.helm.engine import HelmEngine, HelmError
from hack.standins.helm.kinds import Kinds
from hack.standins.helm_operator.charts import Charts
from hack.standins.helm_operator.reporter import Reporter
from hack.standins.helm_operator.resource import HELM_RELEASES, HelmRelease
from hack.standins.helm_operator.sync import Syncer, SyncFailed
from hack.standins.keyworkers import KeyWorkers
from hack.standins.plays import Plays

log = structlog.get_logger(__name__)

COMPONENT = "helm-operator"
SYNCED = "ReleaseSynced"
SYNC_FAILED = "FailedReleaseSync"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the stand-in behaves; times in seconds, defaults as the original's.

    Attributes:
        folder: for mirrors; must exist.
        git_rewrites: (prefix, replacement) of chart URLs.
        namespace: the only one to look at; "": all.
        sync_interval: every HelmRelease is synced this often without a reason.
        status_interval: how often `releaseStatus` is refreshed.
        mirror: when mirrors are cloned and fetched.
        engine_timeout: for one rendering.
        plays: durations and failures of operations.
    """

    folder: Path
    git_rewrites: Sequence[tuple[str, str]] = ()
    git_default_ref: str = "master"
    git_timeout: float = 20.0
    namespace: str = ""
    workers: int = 2
    sync_interval: float = 180.0
    status_interval: float = 10.0
    mirror: MirrorTimes
    engine_timeout: float = 60.0
    plays: Plays


class HelmOperator(KeyWorkers):
    """The whole operator. `start` once, `stop` once."""

    def __init__(self, *, client: Client, options: Options) -> None:
        self._client = client
        self._options = options
        informer = Informer(
            client=client,
            resource=HELM_RELEASES,
            namespace=options.namespace,
            resync_period=options.sync_interval,
        )
        super().__init__(name="helm-operator", informer=informer, workers=options.workers)
        self._engine = HelmEngine(timeout=options.engine_timeout)
        self._kinds = Kinds(client=client)
        self._reporter = Reporter(client=client)
        self._events = Events(client=client, component=COMPONENT, about=HELM_RELEASES)
        self._charts = Charts(
            client=client,
            mirrors=lambda on_change: Mirrors(
                git=Git(home=options.folder, timeout=options.git_timeout),
                folder=options.folder,
                rewrites=options.git_rewrites,
                times=options.mirror,
                on_change=on_change,
            ),
            default_ref=options.git_default_ref,
            releases=self._releases,
            enqueue=self._queue.add,
        )
        self._syncer = Syncer(
            client=client,
            engine=self._engine,
            charts=self._charts,
            reporter=self._reporter,
            plays=options.plays,
            helm=self._helm,
        )

    def start(self) -> None:
        """Begin, in threads of its own."""
        super().start()
        self._threads.append(start_thread("helm-operator status", self._refresh_statuses))

    def stop(self, timeout: float) -> None:
        """End; what is under way is finished without its remaining delays, within about `timeout` seconds."""
        super().stop(timeout)
        self._charts.stop(timeout)
        self._engine.close()

    # The informer's handler.

    def on_update(self, old: Object, new: Object) -> None:
        if objects.uid(old) != objects.uid(new):
            self._uninstall(HelmRelease(old))
        elif only_status_changed(old, new):
            return
        elif HelmRelease(old).chart != HelmRelease(new).chart:
            self._charts.refresh(HelmRelease(new))
        self._queue.add(objects.key(new))

    def on_delete(self, obj: Object | DeletedFinalStateUnknown) -> None:
        if isinstance(obj, DeletedFinalStateUnknown):
            # The original does not recognise it as a HelmRelease, and leaves the release where it is.
            log.error("a deletion was missed, the release stays", helmrelease=obj.key)
            return
        self._uninstall(HelmRelease(obj))

    def _uninstall(self, hr: HelmRelease) -> None:
        try:
            self._syncer.uninstall(hr)
        except HelmError as error:
            log.warning("uninstall failed", helmrelease=hr.key, error=str(error))
        else:
            log.info("uninstalled", helmrelease=hr.key)
        self._events.forget(objects.uid(hr.obj))

    def _process(self, key: str) -> None:
        obj = self._informer.store.get(key)
        if obj is None:
            return
        try:
            self._sync(HelmRelease(obj))
        except Exception:  # a bug that one HelmRelease meets must not end the worker
            log.exception("sync crashed", helmrelease=key)

    def _sync(self, hr: HelmRelease) -> None:
        release = f"release '{hr.release_name}' in namespace '{hr.target_namespace}'"
        try:
            self._syncer.sync(hr)
        except SyncFailed as error:
            log.warning("sync failed", helmrelease=hr.key, error=str(error))
            self._events.emit(hr.obj, "Warning", SYNC_FAILED, f"synchronization of {release} failed: {error}")
        else:
            log.info("synced", helmrelease=hr.key)
            self._events.emit(hr.obj, "Normal", SYNCED, f"managed {release} synchronized")

    def _refresh_statuses(self) -> None:
        while not self._stop.wait(self._options.status_interval):
            for hr in self._releases():
                try:
                    last = self._helm(hr).last()
                except HelmError:
                    continue  # as in the original, a release that cannot be read keeps its status
                if last is not None and self._is_news(hr, last.status):
                    self._reporter.release_status(hr, last.status)

    @staticmethod
    def _is_news(hr: HelmRelease, release_status: str) -> bool:
        return (hr.status.get("releaseName"), hr.status.get("releaseStatus")) != (hr.release_name, release_status)

    def _releases(self) -> list[HelmRelease]:
        return [HelmRelease(obj) for obj in self._informer.store.list()]

    def _helm(self, hr: HelmRelease) -> Helm:
        return Helm(
            client=self._client,
            engine=self._engine,
            kinds=self._kinds,
            pause=self._stop.wait,
            name=hr.release_name,
            namespace=hr.target_namespace,
            field_manager=COMPONENT,
        )


def only_status_changed(old: Object, new: Object) -> bool:
    """Whether an update is the operator's own. A resync, where nothing changed at all, is not."""
    same = (
        HelmRelease(old).spec == HelmRelease(new).spec
        and objects.labels(old) == objects.labels(new)
        and objects.annotations(old) == objects.annotations(new)
    )
    return same and HelmRelease(old).status != HelmRelease(new).status
