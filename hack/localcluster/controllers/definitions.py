"""Serves CustomResourceDefinitions at once, and deletes the objects of one before the definition itself."""

from __future__ import annotations

from typing import Any

from ..clock import now_seconds
from ..objects import Object, clone, finalizers_of, is_deleting, name_of, namespace_of
from ..registry.admission import DEFINITIONS
from ..registry.context import DeleteOptions
from ..registry.registry import Registry
from ..storage.changes import Change
from ..storage.store import GroupPlural
from .writing import rewrite

_CLEANUP = "customresourcecleanup.apiextensions.k8s.io"


class DefinitionController:
    """Watches CustomResourceDefinitions and updates the catalog of served resources."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        for definition in registry.store.items(DEFINITIONS):
            registry.catalog.set_definition(name_of(definition), definition)

    def react(self, resource: GroupPlural, change: Change) -> None:
        """Handle one change."""
        if resource == DEFINITIONS:
            self._definition_changed(change)
        elif change.kind == "DELETED":
            self._instance_gone(resource)

    def _definition_changed(self, change: Change) -> None:
        name = name_of(change.obj)
        live = self._registry.store.get(DEFINITIONS, "", name)
        if live is None:
            self._registry.catalog.set_definition(name, None)
            return
        if is_deleting(live):
            self._clean_up(live)
            return
        if change.kind == "ADDED" or change.old is None or change.old.get("spec") != change.obj.get("spec"):
            self._registry.catalog.set_definition(name, live)
        rewrite(self._registry, self._resource(), "", name, _accept, subresource="status")
        if _CLEANUP not in finalizers_of(live):
            rewrite(self._registry, self._resource(), "", name, _add_finalizer)

    def _resource(self) -> Any:
        return self._registry.catalog.of_storage(DEFINITIONS)

    def _clean_up(self, definition: Object) -> None:
        storage = _storage_of(definition)
        served = [one for one in self._registry.catalog if one.storage == storage and one.custom]
        for obj in list(self._registry.store.items(storage)):
            if served and not is_deleting(obj):
                self._registry.delete(served[0], namespace_of(obj), name_of(obj), DeleteOptions())
        self._release(definition)

    def _instance_gone(self, storage: GroupPlural) -> None:
        definition = self._registry.store.get(DEFINITIONS, "", f"{storage[1]}.{storage[0]}")
        if definition is not None and is_deleting(definition):
            self._release(definition)

    def _release(self, definition: Object) -> None:
        if self._registry.store.items(_storage_of(definition)):
            rewrite(self._registry, self._resource(), "", name_of(definition), _terminating, subresource="status")
        elif _CLEANUP in finalizers_of(definition):
            rewrite(self._registry, self._resource(), "", name_of(definition), _remove_finalizer)


def _storage_of(definition: Object) -> GroupPlural:
    return definition["spec"]["group"], definition["spec"]["names"]["plural"]


def _accept(definition: Object) -> None:
    status = definition.setdefault("status", {})
    status["acceptedNames"] = clone(definition["spec"]["names"])
    _set_condition(status, "NamesAccepted", "True", "NoConflicts", "no conflicts found")
    _set_condition(status, "Established", "True", "InitialNamesAccepted", "the initial names have been accepted")


def _terminating(definition: Object) -> None:
    text = "CustomResource deletion is in progress"
    _set_condition(definition.setdefault("status", {}), "Terminating", "True", "InstanceDeletionInProgress", text)


def _set_condition(status: Object, kind: str, value: str, reason: str, message: str) -> None:
    conditions = status.setdefault("conditions", [])
    for condition in conditions:
        if condition["type"] == kind and condition["status"] == value:
            return
    conditions[:] = [condition for condition in conditions if condition["type"] != kind]
    conditions.append(
        {"type": kind, "status": value, "lastTransitionTime": now_seconds(), "reason": reason, "message": message}
    )


def _add_finalizer(definition: Object) -> None:
    definition["metadata"].setdefault("finalizers", []).append(_CLEANUP)


def _remove_finalizer(definition: Object) -> None:
    finalizers = definition["metadata"].get("finalizers") or []
    definition["metadata"]["finalizers"] = [name for name in finalizers if name != _CLEANUP]
