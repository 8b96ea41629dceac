"""A double of Flux that answers at once: its statuses without git, charts or Helm.

For tests and benchmarks with hundreds of environments. A GitRepository costs one patch for its finalizer and one status
write; a HelmRelease the same, and one Secret; an upgrade one status write. It acts with its own rights. Delays on
demand occupy a worker.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from controller.apimachinery import objects
from controller.apimachinery.conditions import FALSE, TRUE
from controller.apimachinery.errors import AlreadyExists, NotFound
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import SECRETS, Resource
from controller.apimachinery.timestamps import to_time
from controller.client import Client
from hack.standins import plays
from hack.standins.flux import snapshots
from hack.standins.flux.actions import RELEASED
from hack.standins.flux.artifacts import HOST
from hack.standins.flux.conditions import PROGRESSING, RECONCILING, STALLED, SUCCEEDED
from hack.standins.flux.loop import DONE, WITH_BACKOFF, Again, Loop, Pace
from hack.standins.flux.record import Record
from hack.standins.flux.release import INSTALL, UPGRADE, HelmRelease
from hack.standins.flux.repository import GitRepository, sha_of
from hack.standins.flux.resources import GIT_REPOSITORIES, HELM_RELEASES, written
from hack.standins.flux.snapshots import chart_name, full_name
from hack.standins.flux.source_controller import FETCH_FAILED, GIT_FAILED, STORED
from hack.standins.helm import storage
from hack.standins.helm.rollout import TIMED_OUT
from hack.standins.helm.storage import Release, secret_for, secret_name
from hack.standins.plays import Plays

_CHART = "application"


class FluxDouble:
    """`start` once, `stop` once."""

    def __init__(self, *, client: Client, plays: Plays, workers: int = 4, show_phases: bool = False) -> None:
        """`show_phases`: also write that an action is running."""
        self._client = client
        self._plays = plays
        self._show_phases = show_phases
        self._stop = threading.Event()
        pace = Pace(first_retry=0.02, last_retry=1.0, workers=workers)
        self._sources = self._loop(GIT_REPOSITORIES, pace, self._answer_source, self._source_changed)
        self._releases = self._loop(HELM_RELEASES, pace, self._answer_release, lambda _obj: None)

    def start(self) -> None:
        """Begin, in threads of its own."""
        self._releases.start()
        self._sources.start()

    def has_synced(self) -> bool:
        """Whether everything that existed at the start has been seen."""
        return self._sources.has_synced() and self._releases.has_synced()

    def stop(self, timeout: float) -> None:
        """End within about `timeout` seconds."""
        self._stop.set()
        self._sources.stop(timeout)
        self._releases.stop(timeout)

    def _loop(
        self,
        resource: Resource,
        pace: Pace,
        answer: Callable[[Record], Again | None],
        changed: Callable[[Object], None],
    ) -> Loop:
        def reconcile(key: str) -> Again | None:
            namespace, name = objects.split_key(key)
            try:
                obj = self._client.get(resource, name, namespace=namespace)
                return answer(Record(client=self._client, resource=resource, obj=obj, in_one_write=True))
            except NotFound:
                return DONE

        return Loop(
            name=f"double-{resource.plural}",
            client=self._client,
            resource=resource,
            namespace="",
            pace=pace,
            reconcile=reconcile,
            changed=changed,
        )

    def _source_changed(self, obj: Object) -> None:
        for release in map(HelmRelease, self._releases.all()):
            if release.namespace == objects.namespace(obj) and _source_name(release) == objects.name(obj):
                self._releases.enqueue(release.key)

    def _answer_source(self, record: Record) -> Again | None:
        repository = GitRepository(record.obj)
        if objects.is_deleting(record.obj):
            record.remove_finalizer()
            return DONE
        record.add_finalizer()
        if repository.suspended:
            record.save(observed=True)
            return DONE
        if self._plays.play(plays.FETCH, record.obj).fail:
            message = f"failed to checkout and determine revision: unable to clone '{repository.url}': failed on demand"
            record.mark(FETCH_FAILED, TRUE, GIT_FAILED, message)
            record.fail(GIT_FAILED, message)
            record.save()
            return WITH_BACKOFF
        record.drop(FETCH_FAILED)
        record.status["artifact"] = _artifact(repository, before=record.status.get("artifact") or {})
        message = f"stored artifact for revision '{record.status['artifact']['revision']}'"
        record.mark(STORED, TRUE, SUCCEEDED, message)
        record.ready(TRUE, SUCCEEDED, message)
        record.save(observed=True)
        return DONE

    def _answer_release(self, record: Record) -> Again | None:
        hr = HelmRelease(record.obj)
        if objects.is_deleting(record.obj):
            return self._delete(hr, record)
        record.add_finalizer()
        if hr.suspended:
            record.save(observed=True)
            return DONE
        source = self._sources.cached(objects.join_key(hr.namespace, _source_name(hr)))
        artifact = GitRepository(source or {}).artifact
        if not artifact:
            words = f"no artifact available for GitRepository source '{_source_name(hr)}'"
            record.fail("SourceNotReady", f"HelmChart '{hr.namespace}/{hr.chart_name}' is not ready: {words}")
            record.save()
            return DONE
        return self._release(hr, record, f"0.0.0+{sha_of(str(artifact['revision']))[:12]}")

    def _release(self, hr: HelmRelease, record: Record, version: str) -> Again | None:
        history: list[dict[str, Any]] = list(record.status.get("history") or ())
        if history and history[0]["name"] != hr.release_name:
            self._remove(history)
            history = []
        release = _release(hr, version=int(history[0]["version"]) + 1 if history else 1, chart_version=version)
        made = snapshots.snapshot(release, action=UPGRADE if history else INSTALL)
        if history and all(history[0][key] == made[key] for key in ("chartVersion", "configDigest")):
            made = history[0]
        action = str(made["action"])
        if made not in history:
            if not self._run(hr, record, action):
                return WITH_BACKOFF
            self._store(release, replaces=history)
            history = [made, *({**each, "status": storage.SUPERSEDED} for each in history[:1])]
        record.status |= {
            "history": history,
            "helmChart": f"{hr.namespace}/{hr.chart_name}",
            "storageNamespace": hr.storage_namespace,
            "lastAttemptedGeneration": record.generation,
            "lastAttemptedReleaseAction": action,
            "lastAttemptedRevision": version,
        }
        message = f"Helm {action} succeeded for release {full_name(made)} with chart {chart_name(made)}"
        for type_ in (RECONCILING, STALLED):
            record.drop(type_)
        record.mark(RELEASED, TRUE, f"{action.capitalize()}Succeeded", message)
        record.ready(TRUE, f"{action.capitalize()}Succeeded", message)
        record.save(observed=True)
        return DONE

    def _run(self, hr: HelmRelease, record: Record, action: str) -> bool:
        play = self._plays.play(action, hr.obj)
        if self._show_phases:
            message = f"Running '{action}' action with timeout of {written(hr.timeout(action))}"
            record.progress(PROGRESSING, message, unknown=True)
            record.save()
        self._stop.wait(play.seconds)
        if not play.fail:
            return True
        name = f"{hr.release_namespace}/{hr.release_name}"
        message = f"Helm {action} failed for release {name} with chart {_CHART}: {TIMED_OUT}"
        record.drop(RECONCILING)
        record.mark(RELEASED, FALSE, f"{action.capitalize()}Failed", message)
        record.fail(f"{action.capitalize()}Failed", message)
        record.stall("RetriesExceeded", f"Failed to {action} after 1 attempt(s)")
        record.save(observed=True)
        return False

    def _store(self, release: Release, *, replaces: list[dict[str, Any]]) -> None:
        """One Secret, whatever the revision: that of an older one stays instead."""
        if replaces:
            return
        secret = secret_for(release, now=release.last_deployed, created=True)
        try:
            self._client.create(SECRETS, secret, namespace=release.namespace)
        except AlreadyExists:
            return

    def _delete(self, hr: HelmRelease, record: Record) -> Again | None:
        # As in the original, deleting a suspended HelmRelease keeps the release.
        if not hr.suspended and record.status.get("history"):
            play = self._plays.play(plays.UNINSTALL, hr.obj)
            self._stop.wait(play.seconds)
            if play.fail:
                made = record.status["history"][0]
                words = f"for release {full_name(made)} with chart {chart_name(made)}: {TIMED_OUT}"
                record.mark(RELEASED, FALSE, "UninstallFailed", f"Helm uninstall failed {words}")
                record.fail("UninstallFailed", f"Helm uninstall failed {words}")
                record.save()
                return WITH_BACKOFF
            self._remove(record.status["history"])
        record.remove_finalizer()
        return DONE

    def _remove(self, history: list[dict[str, Any]]) -> None:
        try:
            self._client.delete(SECRETS, secret_name(history[0]["name"], 1), namespace=history[0]["namespace"])
        except NotFound:
            return


def _source_name(hr: HelmRelease) -> str:
    return str((hr.chart.get("sourceRef") or {}).get("name") or "")


def _artifact(repository: GitRepository, *, before: Mapping[str, Any]) -> dict[str, Any]:
    """Something like the artifact of a commit: the same repository and reference, the same commit."""
    asked = [repository.url, repository.spec.get("ref")]
    sha = hashlib.sha1(json.dumps(asked, sort_keys=True).encode(), usedforsecurity=False).hexdigest()
    revision = repository.reference.revision(repository.reference.commit or sha)
    if before.get("revision") == revision:
        return dict(before)
    path = f"gitrepository/{repository.key}/{sha_of(revision)}.tar.gz"
    digest = f"sha256:{hashlib.sha256(revision.encode()).hexdigest()}"
    now = to_time(datetime.now(UTC))
    return {"digest": digest, "lastUpdateTime": now, "path": path, "revision": revision, "url": f"{HOST}/{path}"}


def _release(hr: HelmRelease, *, version: int, chart_version: str) -> Release:
    now = datetime.now(UTC)
    return Release(
        name=hr.release_name,
        namespace=hr.release_namespace,
        version=version,
        status=storage.DEPLOYED,
        description="Install complete",
        config=hr.values,
        chart={"metadata": {"name": _CHART, "version": chart_version}},
        manifest="",
        hooks=(),
        first_deployed=now,
        last_deployed=now,
    )
