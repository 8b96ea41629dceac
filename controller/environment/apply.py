"""Executes effects, one by one, and returns the answers of the API server. It decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol, assert_never

import structlog

from controller.apimachinery import objects
from controller.apimachinery.errors import (
    AlreadyExists,
    ApiError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    StatusError,
    Stopped,
    without_content,
)
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import NAMESPACES, SECRETS, Resource
from controller.client import DeletePropagation, PatchType
from controller.environment.admission.claims import Verdict
from controller.environment.effects import (
    AddFinalizer,
    Apply,
    Create,
    Delete,
    Effect,
    Emit,
    GroupVersion,
    Listing,
    Outcome,
    Patch,
    Question,
    Read,
    RemoveFinalizer,
    Replace,
    TakePlace,
    TakeTurn,
    Target,
    WakeOnChange,
)
from controller.environment.observation import FAILED, REFUSED, Answer, Answers, Unchangeable

log = structlog.get_logger(__name__)


class Cluster(Protocol):
    """The part of the client that is used here: `controller.client.Client`, or the one of a dry run."""

    def get(self, resource: Resource, name: str, *, namespace: str = "") -> dict[str, Any]:
        """Read an object."""
        ...

    def list(
        self,
        resource: Resource,
        *,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        metadata_only: bool = False,
        limit: int | None = None,
    ) -> dict[str, Any]:
        """Read a list."""
        ...

    def create(self, resource: Resource, obj: Object, *, namespace: str = "") -> dict[str, Any]:
        """Create an object."""
        ...

    def patch(
        self,
        resource: Resource,
        name: str,
        body: Any,
        *,
        namespace: str = "",
        patch_type: PatchType = PatchType.MERGE,
        subresource: str = "",
        force: bool = False,
    ) -> dict[str, Any]:
        """Patch an object."""
        ...

    def delete(
        self,
        resource: Resource,
        name: str,
        *,
        namespace: str = "",
        uid: str | None = None,
        resource_version: str | None = None,
        propagation: DeletePropagation | None = None,
    ) -> dict[str, Any]:
        """Delete an object."""
        ...


class ChangeLog(Protocol):
    """Gets one line for each change."""

    def info(self, event: str, /, **fields: Any) -> Any:
        """Log."""
        ...


class Recorder(Protocol):
    """The part of the Event recorder that is used here. It never blocks and never raises."""

    def event(self, regarding: Object, *, type: str, reason: str, action: str, note: str) -> None:  # noqa: A002
        """Post an Event about an object."""
        ...


class Waker(Protocol):
    """The part of `wakeups` that is used here."""

    def ensure(self, listing: Listing, key: str) -> None:
        """Reconcile environment `key` when the listing changes."""
        ...

    def release(self, key: str) -> None:
        """End all watches for environment `key`."""
        ...


@dataclass(frozen=True, slots=True)
class Applied:
    """The answers to an effect, for the next observation, and whether everything has to be decided again at once."""

    answers: Answers
    decide_again: bool = False


class Applier:
    """See the module.

    Raises the errors of `controller.apimachinery.errors`, unless the answer to an effect covers them.

    Args:
        client: sends the requests.
        served: returns the resources of a group version (`discovery.Discovery`).
        recorder: posts Events.
        waker: watches for environments that wait.
        take_place: answers the claim of an environment to one of a limited number of places.
        written: called after each write to an object that a cache holds, so that later reads wait for the cache.
        turns: returns the seconds until an environment may end (`expirations.Brake`).
        changes: gets a line for each write.
    """

    def __init__(
        self,
        *,
        client: Cluster,
        served: Callable[[str], frozenset[Resource]],
        recorder: Recorder,
        waker: Waker,
        take_place: Callable[[Object], Verdict],
        written: Callable[[Object, Resource, Object], None],
        turns: Callable[[str, datetime], float],
        changes: ChangeLog = log,
    ) -> None:
        self._client = client
        self._served = served
        self._recorder = recorder
        self._waker = waker
        self._take_place = take_place
        self._written = written
        self._turns = turns
        self._changes = changes

    def apply(self, effect: Effect, environment: Object) -> Applied:
        """Execute one effect for an environment."""
        match effect:
            case Create(target, body):
                return self._create(environment, target, body)
            case Patch(target, body, _):
                return self._patch(environment, target, body)
            case Apply(target, body):
                return self._apply(target, body)
            case Replace(deletion, body):
                return self._replace(deletion, body)
            case AddFinalizer(target, finalizers, version) | RemoveFinalizer(target, finalizers, version):
                metadata = {"finalizers": list(finalizers) or None, "resourceVersion": version}
                return self._patch(environment, target, {"metadata": metadata})
            case Delete():
                return self._delete(effect)
            case Read(subject, optional):
                answer = self._read_if_possible(subject) if optional else self.read(subject)
                return Applied({subject: answer}, decide_again=True)
            case TakePlace():
                return Applied({effect: self._take_place(environment)}, decide_again=True)
            case WakeOnChange(listing):
                self._waker.ensure(listing, objects.key(environment))
                return Applied({})
            case TakeTurn(ended):
                return Applied({effect: self._turns(objects.key(environment), ended)}, decide_again=True)
            case Emit():
                self.emit(effect, environment)
                return Applied({})
            case _:
                assert_never(effect)

    def patch_status(self, environment: Object, target: Target, status: Mapping[str, Any]) -> Object:
        """Merge `status` into the environment's status, unless another write came first. Return the new object."""
        body = {"metadata": {"resourceVersion": objects.resource_version(environment)}, "status": status}
        answer = self._client.patch(target.resource, target.name, body, subresource="status")
        self._written(environment, target.resource, answer)
        return answer

    def _create(self, environment: Object, target: Target, body: Object) -> Applied:
        try:
            answer = self._client.create(target.resource, body, namespace=target.namespace)
        except AlreadyExists:
            # The cache lags, or the object lacks the label to which the cache is limited.
            # If it cannot be read either, the error is raised: to decide again without it would never end.
            live = self._live(target)
            if live is not None and target.resource == NAMESPACES:
                # No label limits the cache of namespaces, so it will show this one.
                self._written(environment, target.resource, live)
            return Applied({target: live}, decide_again=True)
        self._changes.info("object created", kind=target.resource.kind, name=target.name)
        self._written(environment, target.resource, answer)
        return Applied({target: answer})

    def _patch(self, environment: Object, target: Target, body: Any) -> Applied:
        patch_type = PatchType.MERGE if isinstance(body, Mapping) else PatchType.JSON
        try:
            answer = self._client.patch(
                target.resource, target.name, body, namespace=target.namespace, patch_type=patch_type
            )
        except Invalid as error:
            if patch_type is PatchType.MERGE or error.causes or error.denied_by_webhook:
                raise
            # The server blames no field, so a test failed or a path is missing. The object has changed meanwhile.
            raise Conflict(code=409, reason="Conflict", message=error.message, status=error.status) from error
        self._changes.info("object patched", kind=target.resource.kind, name=target.name)
        self._written(environment, target.resource, answer)
        return Applied({target: answer})

    def _apply(self, target: Target, body: Object) -> Applied:
        # `written` is not called, because no cache holds these objects.
        refused: StatusError | None = None
        try:
            answer = self._client.patch(
                target.resource,
                target.name,
                body,
                namespace=target.namespace,
                patch_type=PatchType.APPLY,
                force=True,
            )
        except StatusError as error:
            if isinstance(error, Invalid) and (fields := error.unchangeable_fields):
                return Applied({Outcome(target): Unchangeable(fields)}, decide_again=True)
            if target.resource.group_resource != SECRETS.group_resource:
                raise
            # Raised outside of this block, so that the new error does not have the server's words as its cause.
            refused = without_content(error)
        if refused is not None:
            raise refused
        self._changes.info("object applied", kind=target.resource.kind, name=target.name)
        return Applied({target: answer, Outcome(target): True})

    def _replace(self, deletion: Delete, body: Object) -> Applied:
        target = deletion.target
        self._delete(deletion)
        applied = self._apply(target, body)
        outcome = applied.answers.get(Outcome(target))
        if not isinstance(outcome, Unchangeable):
            return applied
        # A finalizer still holds the old object, or another client has created one meanwhile.
        answers: Answers = {target: self._live(target), Outcome(target): replace(outcome, replaced=True)}
        return Applied(answers, decide_again=True)

    def _delete(self, deletion: Delete) -> Applied:
        target = deletion.target
        try:
            # By default some kinds leave their dependents behind. A Job, for example, leaves its pods.
            self._client.delete(
                target.resource,
                target.name,
                namespace=target.namespace,
                uid=deletion.uid,
                resource_version=deletion.resource_version,
                propagation=DeletePropagation.BACKGROUND,
            )
        except NotFound:
            return Applied({})
        self._changes.info("object deleted", kind=target.resource.kind, name=target.name)
        return Applied({})

    def emit(self, event: Emit, environment: Object) -> None:
        """Post an Event on the environment."""
        self._recorder.event(environment, type=event.type, reason=event.reason, action=event.action, note=event.note)

    def read(self, subject: Question) -> Answer:
        """Answer a question by a live read; REFUSED if the API server answers 403."""
        try:
            match subject:
                case Target():
                    return self._live(subject)
                case Listing():
                    return self._listed(subject)
                case GroupVersion(text):
                    return self._served(text)
                case _:
                    assert_never(subject)
        except Forbidden:
            return REFUSED

    def _read_if_possible(self, subject: Question) -> Answer:
        try:
            return self.read(subject)
        except Stopped:
            raise
        except ApiError as error:
            log.debug("optional read failed", error=str(error))
            return FAILED

    def _live(self, target: Target) -> Object | None:
        try:
            return self._client.get(target.resource, target.name, namespace=target.namespace)
        except NotFound:
            return None

    def _listed(self, listing: Listing) -> tuple[Object, ...]:
        try:
            page = self._client.list(
                listing.resource,
                namespace=listing.namespace,
                label_selector=listing.label_selector,
                field_selector=listing.field_selector,
                metadata_only=listing.metadata_only,
                limit=listing.limit or None,
            )
        except NotFound:
            return ()
        return tuple(page.get("items") or ())
