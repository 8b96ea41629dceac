"""The effects that a decision can ask for, as plain data. Only `apply` executes them and touches the cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import Resource


class Target(NamedTuple):
    """One object of the cluster, by name. A tuple for the same reason as Resource."""

    resource: Resource
    name: str
    namespace: str = ""

    def __str__(self) -> str:
        return f"{self.resource} {self.namespace + '/' if self.namespace else ''}{self.name}"


@dataclass(frozen=True, slots=True)
class Listing:
    """The objects of one namespace that match both selectors. With `metadata_only` they come without their content.

    With `limit`, only so many are asked for; 0 stands for all.
    """

    resource: Resource
    namespace: str
    label_selector: str = ""
    field_selector: str = ""
    metadata_only: bool = False
    limit: int = 0


@dataclass(frozen=True, slots=True)
class GroupVersion:
    """One version of an API group, for the question which resources the API server serves in it."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of applying an object in this reconcile. One that was applied is not applied again, whatever the server
    changed in it."""

    target: Target


@dataclass(frozen=True, slots=True)
class TakePlace:
    """Take one of the places of a limited number of environments. The next observation has the answer, a Verdict."""


@dataclass(frozen=True, slots=True)
class TakeTurn:
    """Take a turn among the environments whose lifetime is over; that of this one `ended` then.

    The next observation has the seconds until it is its turn. Asked again, the answer is about the same turn.
    """

    ended: datetime


Question = Target | Listing | GroupVersion
Subject = Question | Outcome | TakePlace | TakeTurn


@dataclass(frozen=True, slots=True)
class Create:
    """Create `body`. If the object exists already, apply reads it and everything is decided again."""

    target: Target
    body: Object


@dataclass(frozen=True, slots=True)
class Patch:
    """Change an object, unless another write came first.

    Attributes:
        target: the object.
        body: a mapping is sent as a merge patch, and its resourceVersion has to match. A sequence of operations is sent
            as a JSON patch, and its own tests have to pass.
        wanted: the content that the patch leads to. It is the same for every version of the object, so that a repeated
            correction is recognised. None if that is the body.
    """

    target: Target
    body: Mapping[str, Any] | Sequence[Mapping[str, Any]]
    wanted: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Apply:
    """Apply `body` by server-side apply, which keeps what others added. The body may be a Secret: it is never shown.

    `source` says what asks for it, for the message about a refusal; "" if that is obvious.
    """

    target: Target
    body: Object = field(repr=False)
    source: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete an object and its dependents, if it still is as it was read.

    The UID alone would not do: somebody may have taken our label off meanwhile, so that it is not ours any more.
    """

    target: Target
    uid: str
    resource_version: str

    @classmethod
    def of(cls, target: Target, obj: Object) -> Delete:
        """Return the deletion of an object that was read."""
        return cls(target, objects.uid(obj), objects.resource_version(obj))


@dataclass(frozen=True, slots=True)
class Replace:
    """Carry out a deletion, and apply `body` in the place of the object at once."""

    deletion: Delete
    body: Object = field(repr=False)

    @property
    def target(self) -> Target:
        return self.deletion.target


@dataclass(frozen=True, slots=True)
class AddFinalizer:
    """Set `finalizers`, which include ours, on the environment, if it is still at `resource_version`."""

    target: Target
    finalizers: tuple[str, ...]
    resource_version: str


@dataclass(frozen=True, slots=True)
class RemoveFinalizer:
    """Leave only `finalizers` on the environment, if it is still at `resource_version`. This ends a teardown."""

    target: Target
    finalizers: tuple[str, ...]
    resource_version: str


@dataclass(frozen=True, slots=True)
class Read:
    """Ask the API server for one object, a listing, or what it serves. The next observation has the answer.

    What is only good to know, and can be seen in the status alone, is `optional`: an error of the API server becomes
    the answer FAILED. What follows from the answer stands in the status, so the echo of its write need not read again.
    Reads of single objects are never optional.
    """

    subject: Question
    optional: bool = False


@dataclass(frozen=True, slots=True)
class WakeOnChange:
    """Watch a listing while an environment waits for it, and reconcile the environment when it changes."""

    listing: Listing


class EventType(StrEnum):
    """Types of Events that Kubernetes knows."""

    NORMAL = "Normal"
    WARNING = "Warning"


@dataclass(frozen=True, slots=True)
class Generation:
    """The generation that an object had before a write."""

    target: Target
    number: int


@dataclass(frozen=True, slots=True)
class Emit:
    """Post an Event on the environment, about a transition.

    With `beyond`, it is posted only if an earlier write of the plan has raised the generation of that object. A change
    that the server dropped or reverted at once needs no Event.
    """

    type: EventType
    reason: str
    action: str
    note: str
    beyond: Generation | None = None


Effect = (
    Create
    | Patch
    | Apply
    | Replace
    | Delete
    | AddFinalizer
    | RemoveFinalizer
    | Read
    | TakePlace
    | TakeTurn
    | WakeOnChange
    | Emit
)
