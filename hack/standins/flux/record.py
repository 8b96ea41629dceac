"""One object while it is reconciled: collects its new status, and writes it."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

from controller.apimachinery import objects, patches
from controller.apimachinery.conditions import FALSE, TRUE, UNKNOWN, find
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import Resource
from controller.client import Client
from hack.standins.flux import conditions
from hack.standins.flux.conditions import PROGRESSING_WITH_RETRY, READY, RECONCILING, STALLED
from hack.standins.flux.resources import FINALIZER, REQUESTED_AT


class Record:
    """The object of one worker. Not thread-safe.

    Attributes:
        obj: the object as it was read.
        status: its status, changed freely until `save`.
    """

    def __init__(self, *, client: Client, resource: Resource, obj: Object, in_one_write: bool = False) -> None:
        """`in_one_write`: save everything at once, unlike the original."""
        self.obj = obj
        self.status: dict[str, Any] = copy.deepcopy(dict(obj.get("status") or {}))
        self._in_one_write = in_one_write
        self._client = client
        self._resource = resource
        self._saved = copy.deepcopy(self.status)
        self._generation = objects.generation(obj)

    @property
    def generation(self) -> int:
        """The generation that conditions are marked with: the newest that was seen when conditions were written."""
        return self._generation

    def mark(self, type_: str, status: str, reason: str, message: str) -> None:
        """Set a condition for this generation."""
        self.status["conditions"] = conditions.marked(
            self.status.get("conditions") or (),
            type_,
            status,
            reason,
            message,
            generation=self.generation,
            now=datetime.now(UTC),
        )

    def drop(self, type_: str) -> None:
        """Remove a condition, if it is there."""
        self.status["conditions"] = conditions.without(self.status.get("conditions") or (), type_)

    def condition(self, type_: str) -> dict[str, Any]:
        """A condition, or an empty dict."""
        return dict(find(self.status.get("conditions"), type_) or {})

    def is_(self, type_: str, status: str) -> bool:
        """Whether a condition has that status."""
        return self.condition(type_).get("status") == status

    def ready(self, status: str, reason: str, message: str) -> None:
        """Set Ready."""
        self.mark(READY, status, reason, message)

    def progress(self, reason: str, message: str, *, unknown: bool = False) -> None:
        """Set Reconciling, which ends Stalled; `unknown`: and Ready to Unknown."""
        self.drop(STALLED)
        self.mark(RECONCILING, TRUE, reason, message)
        if unknown:
            self.ready(UNKNOWN, reason, message)

    def stall(self, reason: str, message: str) -> None:
        """Set Stalled, which ends Reconciling."""
        self.drop(RECONCILING)
        self.mark(STALLED, TRUE, reason, message)

    def fail(self, reason: str, message: str) -> None:
        """Set Ready to False."""
        self.ready(FALSE, reason, message)

    def observe_ready(self) -> None:
        """Let Ready, and Reconciling, be about this generation, whatever they say."""
        for type_ in (READY, RECONCILING):
            if condition := self.condition(type_):
                self.mark(type_, condition["status"], condition["reason"], condition["message"])

    def retrying(self) -> None:
        """Record that a try failed and another one follows."""
        if reconciling := self.condition(RECONCILING):
            self.mark(RECONCILING, TRUE, PROGRESSING_WITH_RETRY, reconciling["message"])

    def save(self, *, observed: bool = False) -> None:
        """Write what changed, first the conditions; `observed`: this generation was dealt with. Raises ApiError."""
        if observed:
            self.status["observedGeneration"] = objects.generation(self.obj)
        if requested := objects.annotations(self.obj).get(REQUESTED_AT):
            self.status["lastHandledReconcileAt"] = requested
        if self.status.get("conditions") != self._saved.get("conditions") and not self._in_one_write:
            self._mark_newest()
        change = patches.merge_patch(self._saved, self.status)
        # As in the original, the conditions are a write of their own, and the first one.
        first = () if self._in_one_write else ("conditions",)
        conditions = {field: change.pop(field) for field in first if field in change}
        for part in filter(None, (conditions, change)):
            body = {"metadata": {"uid": objects.uid(self.obj)}, "status": part}
            name, namespace = objects.name(self.obj), objects.namespace(self.obj)
            self._client.patch(self._resource, name, body, namespace=namespace, subresource="status")
        self._saved = copy.deepcopy(self.status)

    def _mark_newest(self) -> None:
        """Let new conditions be about the generation that the object has now, even if they are about an older spec.

        That is a trap of the original, which marks a condition when it writes it.
        """
        live = self._client.get(self._resource, objects.name(self.obj), namespace=objects.namespace(self.obj))
        if (generation := objects.generation(live)) == self._generation:
            return
        self._generation = generation
        for condition in self.status.get("conditions") or ():
            if condition not in (self._saved.get("conditions") or ()):
                condition["observedGeneration"] = generation

    def save_conditions(self) -> None:
        """Write only the conditions: what a controller last does for an object that is being deleted."""
        self.status = self._saved | {"conditions": self.status.get("conditions") or []}
        self.save()

    def add_finalizer(self) -> bool:
        """Put our finalizer on the object; False: it is there."""
        if FINALIZER in objects.finalizers(self.obj):
            return False
        self._set_finalizers([*objects.finalizers(self.obj), FINALIZER])
        return True

    def remove_finalizer(self) -> None:
        """Remove our finalizer from the object."""
        left = [finalizer for finalizer in objects.finalizers(self.obj) if finalizer != FINALIZER]
        if len(left) < len(objects.finalizers(self.obj)):
            self._set_finalizers(left)

    def _set_finalizers(self, finalizers: list[str]) -> None:
        live = self._client.get(self._resource, objects.name(self.obj), namespace=objects.namespace(self.obj))
        metadata = {"uid": objects.uid(self.obj), "resourceVersion": objects.resource_version(live)}
        body = {"metadata": {**metadata, "finalizers": finalizers}}
        self._client.patch(self._resource, objects.name(self.obj), body, namespace=objects.namespace(self.obj))
