"""A release engine that answers at once: the statuses of the Helm Operator without git, charts or Helm.

For tests and benchmarks with hundreds of environments: one Secret and one status write per installation, one status
write per upgrade, one deletion per uninstall. Unlike the original it does not lose deletions, and uninstalls run beside
each other. Delays on demand occupy a worker.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import structlog

from controller.apimachinery import objects, patches
from controller.apimachinery.errors import AlreadyExists, ApiError, Forbidden, NotFound
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import SECRETS
from controller.cache import Backoff, DeletedFinalStateUnknown, Informer
from controller.client import Client
from hack.standins import plays
from hack.standins.helm import storage
from hack.standins.helm.storage import Release, secret_for, secret_name
from hack.standins.helm_operator import status as vocabulary
from hack.standins.helm_operator.resource import HELM_RELEASES, HelmRelease
from hack.standins.keyworkers import KeyWorkers
from hack.standins.plays import Plays

log = structlog.get_logger(__name__)


class EngineDouble(KeyWorkers):
    """`start` once, `stop` once."""

    def __init__(self, *, client: Client, plays: Plays, workers: int = 4, show_phases: bool = False) -> None:
        """`show_phases`: also write each intermediate phase, in an update of its own."""
        self._client = client
        self._plays = plays
        self._show_phases = show_phases
        self._lock = threading.Lock()
        # Key -> the HelmRelease that is gone, until its release is removed.
        self._gone: dict[str, HelmRelease] = {}
        # Key -> (UID, generation, phase) that was last written. One worker at a time has a key, so no lock.
        self._answered: dict[str, tuple[str, int, str]] = {}
        # Tests take the API server away; short pauses let them continue soon after it is back.
        informer = Informer(client=client, resource=HELM_RELEASES, backoff=Backoff(maximum=1.0))
        super().__init__(name="engine-double", informer=informer, workers=workers)

    # The informer's handler.

    def on_update(self, old: Object, new: Object) -> None:
        if objects.uid(old) != objects.uid(new):
            self.on_delete(old)
        self._queue.add(objects.key(new))

    def on_delete(self, obj: Object | DeletedFinalStateUnknown) -> None:
        gone = HelmRelease(obj.obj if isinstance(obj, DeletedFinalStateUnknown) else obj)
        with self._lock:
            self._gone[gone.key] = gone
        self._queue.add(gone.key)

    def _process(self, key: str) -> None:
        try:
            with self._lock:
                gone = self._gone.get(key)
            if gone is not None:
                self._uninstall(gone)
                self._answered.pop(key, None)
                with self._lock:
                    if self._gone.get(key) is gone:
                        del self._gone[key]
            obj = self._informer.store.get(key)
            if obj is not None:
                self._answer(HelmRelease(obj))
        except (NotFound, Forbidden) as error:
            # The object or its namespace is being deleted.
            log.info("skipped", helmrelease=key, error=str(error))
        except ApiError as error:
            log.warning("failed, trying again", helmrelease=key, error=str(error))
            self._queue.add_rate_limited(key)
        except TypeError as error:  # its values cannot be written back; that costs the other releases nothing
            log.error("cannot answer", helmrelease=key, error=repr(error))
        else:
            self._queue.forget(key)

    def _answer(self, hr: HelmRelease) -> None:
        installed = bool(hr.status.get("revision"))
        running = self._plays.play(plays.UPGRADE if installed else plays.INSTALL, hr.obj)
        way = _way(installed, fetched=not self._plays.play(plays.FETCH, hr.obj).fail, succeeds=not running.fail)
        last = way[-1]
        answer = (objects.uid(hr.obj), hr.generation, last)
        # The informer may not have seen our last write yet; after a restart, only the status is known.
        if self._answered.get(hr.key) == answer or (hr.has_synced and hr.status.get("phase") == last):
            return
        before = status = dict(hr.status)
        for phase in way[:-1]:
            status = _entered(status, hr, phase)
            if self._show_phases:
                self._write(hr, before, status)
                before = status
        self._stop.wait(running.seconds)
        status = vocabulary.with_observed_generation(_entered(status, hr, last), hr.generation)
        if last == vocabulary.SUCCEEDED:
            if not installed:
                self._store(hr)
            status = vocabulary.with_release_status(status, release=hr.release_name, release_status=storage.DEPLOYED)
        self._write(hr, before, status)
        self._answered[hr.key] = answer

    def _write(self, hr: HelmRelease, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        patch = {"metadata": {"uid": objects.uid(hr.obj)}, "status": patches.merge_patch(before, after)}
        self._client.patch(HELM_RELEASES, hr.name, patch, namespace=hr.namespace, subresource="status")

    def _store(self, hr: HelmRelease) -> None:
        now = datetime.now(UTC)
        release = Release(
            name=hr.release_name,
            namespace=hr.target_namespace,
            version=1,
            status=storage.DEPLOYED,
            description="Install complete",
            config=hr.values,
            chart={},
            manifest="",
            hooks=(),
            first_deployed=now,
            last_deployed=now,
        )
        try:
            secret = secret_for(release, now=now, created=True)
            self._client.create(SECRETS, secret, namespace=hr.target_namespace)
        except AlreadyExists:
            return

    def _uninstall(self, hr: HelmRelease) -> None:
        play = self._plays.play(plays.UNINSTALL, hr.obj)
        self._stop.wait(play.seconds)
        if play.fail:
            return
        try:
            self._client.delete(SECRETS, secret_name(hr.release_name, 1), namespace=hr.target_namespace)
        except NotFound:
            return


def _revision(hr: HelmRelease) -> str:
    """Something like the commit's SHA that this chart would have: the same chart source, the same revision."""
    return hashlib.sha1(json.dumps(hr.chart, sort_keys=True).encode(), usedforsecurity=False).hexdigest()


def _way(installed: bool, *, fetched: bool, succeeds: bool) -> list[str]:
    """The phases to go through."""
    if not fetched:
        return [vocabulary.CHART_FETCH_FAILED]
    first = vocabulary.UPGRADING if installed else vocabulary.INSTALLING
    return [first, vocabulary.DEPLOYED, vocabulary.SUCCEEDED] if succeeds else [first, vocabulary.DEPLOY_FAILED]


def _entered(status: Mapping[str, Any], hr: HelmRelease, phase: str) -> dict[str, Any]:
    return vocabulary.with_phase(
        status,
        phase,
        release=hr.release_name,
        namespace=hr.target_namespace,
        now=datetime.now(UTC),
        revision=_revision(hr),
    )
