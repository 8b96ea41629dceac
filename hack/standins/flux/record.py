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

    def __init__(self, *, client: Client, resource: Resource, obj: Object) -> None:
        self.obj = obj
        self.status: dict[str, Any] = copy.deepcopy(dict(obj.get("status") or {}))
        self._client = client
        self._resource = resource
        self._saved = copy.deepcopy(self.status)

    @property
    def generation(self) -> int:
        return objects.generation(self.obj)

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

    def retrying(self) -> None:
        """Record that a try failed and another one follows."""
        if reconciling := self.condition(RECONCILING):
            self.mark(RECONCILING, TRUE, PROGRESSING_WITH_RETRY, reconciling["message"])

    def save(self, *, observed: bool = False) -> None:
        """Write what changed; `observed`: this generation has been dealt with. Raises ApiError."""
        if observed:
            self.status["observedGeneration"] = self.generation
        if requested := objects.annotations(self.obj).get(REQUESTED_AT):
            self.status["lastHandledReconcileAt"] = requested
        change = patches.merge_patch(self._saved, self.status)
        if not change:
            return
        body = {"metadata": {"uid": objects.uid(self.obj)}, "status": change}
        name, namespace = objects.name(self.obj), objects.namespace(self.obj)
        self._client.patch(self._resource, name, body, namespace=namespace, subresource="status")
        self._saved = copy.deepcopy(self.status)

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
