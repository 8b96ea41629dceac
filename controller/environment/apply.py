"""Executes effects, one by one, and tells what the API server answered. It decides nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, assert_never

import structlog

from controller.apimachinery import objects
from controller.apimachinery.errors import (
    AlreadyExists,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    StatusError,
    without_content,
)
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import SECRETS, Resource
from controller.client import DeletePropagation, PatchType
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
    Target,
    WakeOnChange,
)
from controller.environment.observation import REFUSED, Answer, Answers, Unchangeable

log = structlog.get_logger(__name__)


class Cluster(Protocol):
    """What is asked of the client: `controller.client.Client`, or its double for dry runs."""

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
        propagation: DeletePropagation | None = None,
    ) -> dict[str, Any]:
        """Delete an object."""
        ...


class ChangeLog(Protocol):
    """Where one line for each change goes that was made."""

    def info(self, event: str, /, **fields: Any) -> Any:
        """Log."""
        ...


class Recorder(Protocol):
    """What is asked of the Event recorder: never blocks, never raises."""

    def event(self, regarding: Object, *, type: str, reason: str, action: str, note: str) -> None:  # noqa: A002
        """Post an Event about an object."""
        ...


class Waker(Protocol):
    """What is asked of `wakeups`."""

    def ensure(self, listing: Listing, key: str) -> None:
        """Look at environment `key` again when the listing changes."""
        ...

    def release(self, key: str) -> None:
        """Environment `key` waits for nothing any more."""
        ...


@dataclass(frozen=True, slots=True)
class Applied:
    """What an effect brought: answers for the next observation, and whether they call for a new decision at once."""

    answers: Answers
    decide_again: bool = False


class Applier:
    """See the module.

    `served` answers what a group version has (`discovery.Discovery`); `written` is told of every write to an object:
    for reads that are to see our own writes. `changes` gets a line for each of them.

    Every error of `controller.apimachinery.errors` that has no answer here is raised.
    """

    def __init__(
        self,
        *,
        client: Cluster,
        served: Callable[[str], frozenset[Resource]],
        recorder: Recorder,
        waker: Waker,
        written: Callable[[Object, Resource, Object], None],
        changes: ChangeLog = log,
    ) -> None:
        self._client = client
        self._served = served
        self._recorder = recorder
        self._waker = waker
        self._written = written
        self._changes = changes

    def apply(self, effect: Effect, environment: Object) -> Applied:
        """Execute one effect on behalf of an environment."""
        match effect:
            case Create(target, body):
                return self._create(environment, target, body)
            case Patch(target, body, _):
                return self._patch(environment, target, body)
            case Apply(target, body):
                return self._apply(target, body)
            case Replace(target, uid, body):
                return self._replace(target, uid, body)
            case AddFinalizer(target, finalizers, version) | RemoveFinalizer(target, finalizers, version):
                metadata = {"finalizers": list(finalizers) or None, "resourceVersion": version}
                return self._patch(environment, target, {"metadata": metadata})
            case Delete(target, uid):
                return self._delete(target, uid)
            case Read(subject):
                return Applied({subject: self.read(subject)}, decide_again=True)
            case WakeOnChange(listing):
                self._waker.ensure(listing, objects.key(environment))
                return Applied({})
            case Emit():
                self.emit(effect, environment)
                return Applied({})
            case _:
                assert_never(effect)

    def patch_status(self, environment: Object, target: Target, status: Mapping[str, Any]) -> Object:
        """Merge `status` into the environment's status, if it is still at the version that was looked at."""
        body = {"metadata": {"resourceVersion": objects.resource_version(environment)}, "status": status}
        answer = self._client.patch(target.resource, target.name, body, subresource="status")
        self._written(environment, target.resource, answer)
        return answer

    def _create(self, environment: Object, target: Target, body: Object) -> Applied:
        try:
            answer = self._client.create(target.resource, body, namespace=target.namespace)
        except AlreadyExists:
            # Not in our cache: it lags, or the object lacks the label that the cache is limited to.
            # Who may not look at it either is told so: deciding anew about an unknown would never end.
            return Applied({target: self._live(target)}, decide_again=True)
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
            # Not one field was blamed: a test failed, or a path is not there. The object is another one by now.
            raise Conflict(code=409, reason="Conflict", message=error.message, status=error.status) from error
        self._changes.info("object patched", kind=target.resource.kind, name=target.name)
        self._written(environment, target.resource, answer)
        return Applied({target: answer})

    def _apply(self, target: Target, body: Object) -> Applied:
        # Not told to `written`: no cache holds it, so none could be waited for to catch up.
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
            # Outside of this block, so that not even the cause of the new error repeats what the server said.
            refused = without_content(error)
        if refused is not None:
            raise refused
        self._changes.info("object applied", kind=target.resource.kind, name=target.name)
        return Applied({target: answer, Outcome(target): True})

    def _replace(self, target: Target, uid: str, body: Object) -> Applied:
        self._delete(target, uid)
        applied = self._apply(target, body)
        outcome = applied.answers.get(Outcome(target))
        if not isinstance(outcome, Unchangeable):
            return applied
        # A finalizer still holds the old object, or somebody else was faster to create one.
        answers: Answers = {target: self._live(target), Outcome(target): replace(outcome, replaced=True)}
        return Applied(answers, decide_again=True)

    def _delete(self, target: Target, uid: str) -> Applied:
        try:
            # Without this some kinds leave their dependents behind: a Job leaves its pods.
            self._client.delete(
                target.resource,
                target.name,
                namespace=target.namespace,
                uid=uid,
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
        """A live read: an object or None, a tuple of objects, what is served, or REFUSED."""
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
            )
        except NotFound:
            return ()
        return tuple(page.get("items") or ())
