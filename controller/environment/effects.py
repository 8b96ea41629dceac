"""Everything that a decision may ask for, as plain data. `apply` executes it; nothing else touches the cluster."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from controller.apimachinery.objects import Object
from controller.apimachinery.resources import Resource


@dataclass(frozen=True, slots=True)
class Target:
    """One object of the cluster, by name."""

    resource: Resource
    name: str
    namespace: str = ""

    def __str__(self) -> str:
        return f"{self.resource} {self.namespace + '/' if self.namespace else ''}{self.name}"


@dataclass(frozen=True, slots=True)
class Listing:
    """The objects of one namespace that match both selectors; `metadata_only` keeps the content of Secrets away."""

    resource: Resource
    namespace: str
    label_selector: str = ""
    field_selector: str = ""
    metadata_only: bool = False


@dataclass(frozen=True, slots=True)
class GroupVersion:
    """One version of an API group, for discovery: what the API server serves in it."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Outcome:
    """That an object was applied in this reconcile: what the server made of it is then no reason to apply it again."""

    target: Target


Question = Target | Listing | GroupVersion
Subject = Question | Outcome


@dataclass(frozen=True, slots=True)
class Create:
    """Create `body`. Where the object exists already, apply reads it and the decision is made anew."""

    target: Target
    body: Object


@dataclass(frozen=True, slots=True)
class Patch:
    """Change an object as long as it is still at `resource_version` (merge) or passes the patch's own tests (JSON).

    A mapping is sent as a merge patch, a sequence of operations as a JSON patch. `wanted` is what the patch is to bring
    about, whatever the object is like now, so that the same correction is recognised; None where the body says it.
    """

    target: Target
    body: Mapping[str, Any] | Sequence[Mapping[str, Any]]
    wanted: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Apply:
    """Make an object be as `body` says, by server-side apply; what others added to it stays. Never shows the body."""

    target: Target
    body: Object = field(repr=False)


@dataclass(frozen=True, slots=True)
class Replace:
    """Delete an object, but only in the life that was looked at, and apply `body` in its place at once."""

    target: Target
    uid: str
    body: Object = field(repr=False)


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete an object and what belongs to it, but only in the life that was looked at."""

    target: Target
    uid: str


@dataclass(frozen=True, slots=True)
class AddFinalizer:
    """Put our finalizer on the environment, if it is still at `resource_version`."""

    target: Target
    finalizers: tuple[str, ...]
    resource_version: str


@dataclass(frozen=True, slots=True)
class RemoveFinalizer:
    """Leave only `finalizers` on the environment, if it is still at `resource_version`: the last act of a teardown."""

    target: Target
    finalizers: tuple[str, ...]
    resource_version: str


@dataclass(frozen=True, slots=True)
class Read:
    """Ask the API server for one object, a listing, or what it serves; the answer stands in the next observation."""

    subject: Question


@dataclass(frozen=True, slots=True)
class WakeOnChange:
    """Watch a listing for as long as somebody waits for it, and look at the environment again when it changes."""

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
    """Inform users by an Event on the environment. Emitted on transitions only.

    With `beyond`, only where an earlier write of the plan has raised that object's generation: a change that the server
    dropped or reverted at once is not worth an Event.
    """

    type: EventType
    reason: str
    action: str
    note: str
    beyond: Generation | None = None


Effect = Create | Patch | Apply | Replace | Delete | AddFinalizer | RemoveFinalizer | Read | WakeOnChange | Emit
