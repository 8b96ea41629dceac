"""The application controller: refreshes every Application in turn, and syncs where its policy says so."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from controller.apimachinery import objects
from controller.apimachinery.errors import ApiError, NotFound
from controller.apimachinery.objects import Object
from controller.apimachinery.threads import start_thread
from controller.client import Client, DeletePropagation
from hack.standins.argocd import comparison
from hack.standins.argocd.application import Application, permits_source
from hack.standins.argocd.cluster import Cluster
from hack.standins.argocd.comparison import Row
from hack.standins.argocd.operation import FAILED, RUNNING, Operation
from hack.standins.argocd.resources import APP_PROJECTS, APPLICATIONS, BACKGROUND_FINALIZER
from hack.standins.argocd.sources import SourceError, Sources
from hack.standins.argocd.status import Report, written
from hack.standins.git.commands import Git

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the stand-in behaves; times in seconds.

    Attributes:
        folder: for mirrors; must exist.
        namespace: where Applications, projects and settings are.
        git_rewrites: (prefix, replacement) of repository URLs.
        refresh: between two looks at everything; the original looks every 3 minutes, and at every change.
        heal: from a sync to the next one of the same commit.
        longest_backoff: no pause after a failed sync counts as longer.
    """

    folder: Path
    namespace: str = "argocd"
    git_rewrites: Sequence[tuple[str, str]] = ()
    git_timeout: float = 60.0
    refresh: float = 180.0
    heal: float = 5.0
    longest_backoff: float = float("inf")


@dataclass(slots=True)
class _Memory:
    """The memory of one Application, which its UID identifies.

    Attributes:
        failures: number of failed syncs of the same commit in a row.
        again: earliest time of the next sync of the same commit (monotonic seconds).
        reported: the status that was last written.
    """

    operation: Operation | None = None
    failures: int = 0
    again: float = 0.0
    reported: dict[str, Any] = field(default_factory=dict)


class ArgoCD:
    """`start` once, `stop` once."""

    def __init__(self, *, client: Client, options: Options) -> None:
        self._client = client
        self._options = options
        self._cluster = Cluster(client=client)
        git = Git(home=options.folder, timeout=options.git_timeout)
        self._sources = Sources(git=git, folder=options.folder, rewrites=options.git_rewrites)
        self._memories: dict[str, _Memory] = {}
        self._stop = threading.Event()
        self._synced = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin, in a thread of its own."""
        self._threads.append(start_thread("argocd", self._run))

    def has_synced(self) -> bool:
        """Whether everything that existed at the start has been seen."""
        return self._synced.is_set()

    def stop(self, timeout: float) -> None:
        """End within about `timeout` seconds."""
        self._stop.set()
        for thread in self._threads:
            thread.join(timeout)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._refresh_all()
            except ApiError as error:
                log.info("failed, trying again", error=str(error))
            else:
                self._synced.set()
            self._stop.wait(self._options.refresh)

    def _refresh_all(self) -> None:
        items = self._client.list(APPLICATIONS, namespace=self._options.namespace).get("items") or ()
        applications = [Application({**item, "apiVersion": APPLICATIONS.api_version}) for item in items]
        lives = {objects.uid(application.obj) for application in applications}
        self._memories = {uid: memory for uid, memory in self._memories.items() if uid in lives}
        for application in applications:
            if self._stop.is_set():
                return
            try:
                self._refresh(application)
            except ApiError as error:
                log.info("failed, trying again", application=application.key, error=str(error))

    def _refresh(self, application: Application) -> None:
        memory = self._memories.setdefault(objects.uid(application.obj), _Memory())
        if objects.is_deleting(application.obj):
            self._go(application)
            return
        report = self._look(application)
        if report.revision and not report.error:
            self._sync(application, memory, report)
        self._write(application, memory, report)

    def _look(self, application: Application) -> Report:
        """Compare, or report why that is not possible."""
        try:
            project = self._client.get(APP_PROJECTS, application.project, namespace=application.namespace)
        except NotFound:
            return Report(error=f"Application referencing project {application.project} which does not exist")
        url = str(application.source.get("repoURL") or "")
        if not permits_source(project, url):
            return Report(error=f"application repo {url} is not permitted in project '{application.project}'")
        try:
            manifests = self._sources.read(application.key, application.source)
        except SourceError as error:
            return Report(error=str(error), revision=error.revision)
        rows = self._cluster.rows(application, project, manifests.objects)
        return Report(revision=manifests.revision, rows=rows)

    def _sync(self, application: Application, memory: _Memory, report: Report) -> None:
        operation = memory.operation
        if operation is not None and operation.phase == RUNNING:
            operation.look(report.rows)
            return
        if not application.is_automated or comparison.sync_status(report.rows) == comparison.SYNCED:
            return
        prunes = application.prunes
        if prunes and not application.may_be_empty and all(row.requires_pruning for row in report.rows):
            report.sync_error = f"Skipping sync attempt to [{report.revision}]: auto-sync will wipe out all resources"
            return
        if not prunes and all(row.is_synced or row.requires_pruning for row in report.rows):
            return
        if operation is not None and operation.revision == report.revision:
            if operation.phase == FAILED:
                report.sync_error = f"Failed last sync attempt to [{report.revision}]: {operation.message}"
                if 0 <= application.retries < memory.failures:
                    return
            elif not application.heals_itself:
                return
            if time.monotonic() < memory.again:
                return
        else:
            memory.failures = 0
        self._begin(application, memory, report)

    def _begin(self, application: Application, memory: _Memory, report: Report) -> None:
        operation = memory.operation = Operation(report.revision)
        prune = application.prune_propagation if application.prunes else None
        operation.begin(report.rows, self._cluster, prune=prune)
        log.info("synced", application=application.key, revision=report.revision, phase=operation.phase)
        pause = self._options.heal
        if operation.phase == FAILED:
            memory.failures += 1
            pause = min(application.pause(memory.failures), self._options.longest_backoff)
        memory.again = time.monotonic() + pause

    def _write(self, application: Application, memory: _Memory, report: Report) -> None:
        status = written(report, memory.operation)
        if status != memory.reported:
            body = {"status": status}
            self._client.patch(APPLICATIONS, application.name, body, namespace=application.namespace)
            memory.reported = status

    def _go(self, application: Application) -> None:
        """Delete the Application's objects, if its finalizer asks for that, and then the Application itself."""
        if not application.finalizer:
            return
        rows: list[Row] = self._cluster.rows(application, {}, ())
        if rows:
            background = application.finalizer == BACKGROUND_FINALIZER
            for row in rows:
                if row.live is not None and not objects.is_deleting(row.live):
                    kind = DeletePropagation.BACKGROUND if background else DeletePropagation.FOREGROUND
                    self._cluster.delete(row, kind)
            return
        left = [one for one in objects.finalizers(application.obj) if one != application.finalizer]
        body: Object = {"metadata": {"finalizers": left, "resourceVersion": objects.resource_version(application.obj)}}
        self._client.patch(APPLICATIONS, application.name, body, namespace=application.namespace)
