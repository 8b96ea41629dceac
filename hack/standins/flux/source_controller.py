"""The source-controller: fetches GitRepositories, and writes the artifact or the error into their status."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from controller.apimachinery import objects
from controller.apimachinery.conditions import FALSE, TRUE, UNKNOWN
from controller.apimachinery.errors import ApiError, NotFound
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import SECRETS
from controller.client import Client
from hack.standins import plays
from hack.standins.events import Events
from hack.standins.flux.artifacts import Artifacts, ReferenceMissing
from hack.standins.flux.conditions import PROGRESSING, READY, RECONCILING, STALLED, SUCCEEDED
from hack.standins.flux.loop import DONE, WITH_BACKOFF, Again, Loop, Pace
from hack.standins.flux.record import Record
from hack.standins.flux.repository import AuthError, GitRepository, check_credentials, sha_of
from hack.standins.flux.resources import GIT_REPOSITORIES
from hack.standins.git.commands import GitError
from hack.standins.plays import Plays

COMPONENT = "source-controller"
STORED = "ArtifactInStorage"
FETCH_FAILED = "FetchFailed"
OUTDATED = "ArtifactOutdated"
GIT_FAILED = "GitOperationFailed"
AUTH_FAILED = "AuthenticationFailed"


class _FetchError(Exception):
    """The fetch failed; `reason` and the text go into the status."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class SourceController:
    """`loop` drives it."""

    def __init__(
        self,
        *,
        client: Client,
        artifacts: Artifacts,
        plays: Plays,
        pace: Pace,
        longest: float,
        namespace: str,
        changed: Callable[[Object], None],
    ) -> None:
        """
        Args:
            longest: seconds that no `interval` exceeds.
            namespace: the only one to look at; "": all.
            changed: called with every GitRepository that appeared or changed.
        """
        self._client = client
        self._artifacts = artifacts
        self._plays = plays
        self._longest = longest
        self._events = Events(client=client, component=COMPONENT, about=GIT_REPOSITORIES)
        self.loop = Loop(
            name=COMPONENT,
            client=client,
            resource=GIT_REPOSITORIES,
            namespace=namespace,
            pace=pace,
            reconcile=self._reconcile,
            changed=changed,
        )

    def _reconcile(self, key: str) -> Again | None:
        namespace, name = objects.split_key(key)
        try:
            obj = self._client.get(GIT_REPOSITORIES, name, namespace=namespace)
        except NotFound:
            self._artifacts.remove(key)
            return DONE
        record, repository = Record(client=self._client, resource=GIT_REPOSITORIES, obj=obj), GitRepository(obj)
        if objects.is_deleting(obj):
            self._artifacts.remove(key)
            self._events.forget(objects.uid(obj))
            record.observe_ready()
            record.save_conditions()
            record.remove_finalizer()
            return DONE
        if record.add_finalizer():
            return WITH_BACKOFF
        if repository.suspended:
            record.save(observed=True)
            return DONE
        self._begin(record, repository)
        try:
            sha = self._fetch(record, repository)
            self._store(record, repository, sha)
        except _FetchError as error:
            self._fail(record, error)
            return WITH_BACKOFF
        return Again(min(repository.interval, self._longest))

    def _begin(self, record: Record, repository: GitRepository) -> None:
        observed = record.status.get("observedGeneration", -1)
        _progress(record, "reconciliation in progress")
        if observed != record.generation:
            _progress(record, f"processing object: new generation {observed} -> {record.generation}")
        record.save()
        artifact = record.status.get("artifact")
        if artifact and self._artifacts.holds(repository.key, artifact):
            return
        disappeared = ": disappeared from storage" if record.status.pop("artifact", None) else ""
        record.drop(STORED)
        _progress(record, f"building artifact{disappeared}", drift=True)
        record.save()

    def _fetch(self, record: Record, repository: GitRepository) -> str:
        self._authenticate(repository)
        if self._plays.play(plays.FETCH, repository.obj).fail:
            raise _git_error(f"unable to clone '{repository.url}': failed on demand")
        try:
            return self._artifacts.fetch(repository)
        except ReferenceMissing as error:
            raise _git_error(repository.reference.missing(repository.url)) from error
        except GitError as error:
            doing = "list remote for" if record.status.get("artifact") else "clone"
            raise _git_error(f"unable to {doing} '{repository.url}': {error}") from error

    def _authenticate(self, repository: GitRepository) -> None:
        data: dict[str, Any] = {}
        if name := repository.secret_name:
            namespace = objects.namespace(repository.obj)
            try:
                data = self._client.get(SECRETS, name, namespace=namespace).get("data") or {}
            except ApiError as error:
                secret = f"failed to get secret '{namespace}/{name}'"
                words = f'Secret "{name}" not found' if isinstance(error, NotFound) else str(error)
                raise _FetchError(AUTH_FAILED, f"{secret}: {secret}: {words}") from error
        try:
            check_credentials(repository.url, data)
        except AuthError as error:
            raise _FetchError(AUTH_FAILED, f"failed to configure authentication options: {error}") from error

    def _store(self, record: Record, repository: GitRepository, sha: str) -> None:
        record.drop(FETCH_FAILED)
        before = record.status.get("artifact")
        revision = repository.reference.revision(sha)
        is_new = before is None or before["revision"] != revision
        if is_new:
            message = f"new upstream revision '{revision}'"
            if before is not None:
                record.mark(OUTDATED, TRUE, "NewRevision", message)
            _progress(record, f"building artifact: {message}", drift=True)
            record.save()
            try:
                record.status["artifact"] = self._artifacts.store(repository, sha)
            except GitError as error:
                raise _git_error(str(error)) from error
        message = f"stored artifact for revision '{revision}'"
        for type_ in (OUTDATED, RECONCILING, STALLED):
            record.drop(type_)
        record.mark(STORED, TRUE, SUCCEEDED, message)
        record.ready(TRUE, SUCCEEDED, message)
        record.save(observed=True)
        if is_new:
            self._events.emit(record.obj, "Normal", "NewArtifact", f"stored artifact for commit '{sha_of(revision)}'")

    def _fail(self, record: Record, error: _FetchError) -> None:
        record.mark(FETCH_FAILED, TRUE, error.reason, str(error))
        record.retrying()
        record.ready(FALSE, error.reason, str(error))
        record.save()
        self._events.emit(record.obj, "Warning", error.reason, str(error))


def _progress(record: Record, message: str, *, drift: bool = False) -> None:
    """Set Reconciling; and Ready to Unknown after a `drift`, or if it says no more than that yet."""
    record.progress(PROGRESSING, message, unknown=drift or record.condition(READY).get("status") in (None, UNKNOWN))


def _git_error(words: str) -> _FetchError:
    return _FetchError(GIT_FAILED, f"failed to checkout and determine revision: {words}")
