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
from hack.standins.argocd.cluster import Cluster, ComparisonError
from hack.standins.argocd.comparison import Row
from hack.standins.argocd.operation import FAILED, RUNNING, Operation
from hack.standins.argocd.resources import APP_PROJECTS, APPLICATIONS, BACKGROUND_FINALIZER
from hack.standins.argocd.sources import SourceError, Sources
from hack.standins.argocd.status import Report, written
from hack.standins.git.commands import Git

# Seconds, and what the pause between two corrections of drift is multiplied by.
_LONGEST_HEAL, _HEAL_FACTOR = 300.0, 3

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How the stand-in behaves; times in seconds.

    Attributes:
        folder: for mirrors; must exist.
        namespace: where Applications, projects and settings are.
        git_rewrites: (prefix, replacement) of repository URLs.
        refresh: between two looks at everything; the original looks every 3 minutes, and at every change.
        heal: between the first two corrections of drift from the same commit; the pause triples each time.
        longest_backoff: no pause after a failed sync counts as longer.
        grace: after which an error of the repository shows, unless the Application is new.
    """

    folder: Path
    namespace: str = "argocd"
    git_rewrites: Sequence[tuple[str, str]] = ()
    git_timeout: float = 60.0
    refresh: float = 180.0
    heal: float = 2.0
    longest_backoff: float = float("inf")
    grace: float = 180.0


@dataclass(slots=True)
class _Memory:
    """The memory of one Application, which its UID identifies.

    Attributes:
        reported: the status that was last written.
        unreadable: since when the repository cannot be read (monotonic seconds), or None.
    """

    operation: Operation | None = None
    reported: dict[str, Any] = field(default_factory=dict)
    unreadable: float | None = None


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
        if self._hides(memory, report):
            return
        if report.revision and not report.error:
            try:
                self._sync(application, memory, report)
            except ComparisonError as error:
                report.error = str(error)
        self._write(application, memory, report)

    def _hides(self, memory: _Memory, report: Report) -> bool:
        """Whether a broken repository shall not show yet, because the trouble may be short."""
        if not (report.is_unreadable and memory.reported):
            memory.unreadable = None
            return False
        if memory.unreadable is None:
            memory.unreadable = time.monotonic()
        return time.monotonic() - memory.unreadable < self._options.grace

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
            error_text = f"Failed to load target state: failed to generate manifest for source 1 of 1: {error}"
            return Report(error=error_text, revision=error.revision, is_unreadable=True)
        report = Report(revision=manifests.revision, manifests=manifests.objects, project=project)
        try:
            report.rows = self._cluster.rows(application, project, manifests.objects)
        except ComparisonError as error:
            report.error = f"Failed to compare desired state to live state: failed to calculate diff: {error}"
        return report

    def _sync(self, application: Application, memory: _Memory, report: Report) -> None:
        """Begin a sync, or do the next step of the one in progress. Raises ComparisonError."""
        operation = memory.operation
        if operation is None or operation.phase != RUNNING:
            operation = self._begun(application, operation, report)
            if operation is None:
                return
            memory.operation = operation
        if operation.again is not None:
            if time.monotonic() < operation.again:
                return
            operation.retry(report.revision, report.manifests)
        rows = report.rows
        if operation.revision != report.revision:
            rows = self._cluster.rows(application, report.project, operation.manifests)
        operation.advance(rows, self._cluster, longest_pause=self._options.longest_backoff)
        log.info("synced", application=application.key, revision=operation.revision, phase=operation.phase)

    def _begun(self, application: Application, last: Operation | None, report: Report) -> Operation | None:
        """The next sync, if there is a reason for one."""
        if not application.is_automated or comparison.sync_status(report.rows) == comparison.SYNCED:
            return None
        if not application.prunes and all(row.is_synced or row.requires_pruning for row in report.rows):
            return None
        operation = Operation(application, report.revision, report.manifests)
        if last is not None and last.revision == report.revision:
            if last.phase == FAILED:
                report.sync_error = f"Failed last sync attempt to [{report.revision}]: {last.message}"
                return None
            if not application.heals_itself or time.monotonic() < last.ended + self._pause(last.heals):
                return None
            operation.heals = last.heals + 1
            operation.only = frozenset(row.key for row in report.rows if not row.is_synced)
        if application.prunes and not application.may_be_empty and all(row.requires_pruning for row in report.rows):
            report.sync_error = f"Skipping sync attempt to [{report.revision}]: auto-sync will wipe out all resources"
            return None
        return operation

    def _pause(self, heals: int) -> float:
        """Seconds before drift is corrected once more. Only a new commit makes it short again."""
        return min(self._options.heal * _HEAL_FACTOR ** (heals - 1), _LONGEST_HEAL) if heals else 0.0

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
