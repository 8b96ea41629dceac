"""An Application's objects in the cluster: finds them by their tracking annotation, and applies or deletes them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from controller.apimachinery import objects
from controller.apimachinery.errors import ApiError, NotFound
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import Resource
from controller.client import Client, DeletePropagation, PatchType
from hack.standins.argocd import health
from hack.standins.argocd.application import Application, permits
from hack.standins.argocd.comparison import MISSING, Row, identity
from hack.standins.argocd.resources import CONFIG_MAPS, FIELD_MANAGER, SETTINGS, TRACKING, is_tracked, tracking_id
from hack.standins.helm.engine import HelmError
from hack.standins.helm.kinds import Kinds

# The API server's words about an object that does not have the fields or the types of its schema.
_UNTYPABLE = "failed to create typed patch object ("


class ComparisonError(Exception):
    """The live state cannot be compared with the wanted one; the text goes into the Application's status."""


class Cluster:
    """Handles the objects of an Application."""

    def __init__(self, *, client: Client) -> None:
        self._client = client
        self._kinds = Kinds(client=client)

    def rows(self, application: Application, project: Object, manifests: Iterable[Object]) -> list[Row]:
        """Compare the wanted objects with the live ones. Raises ComparisonError, ApiError."""
        targets = [self._prepared(application, manifest) for manifest in manifests]
        live = {identity(obj): (resource, obj) for resource, obj in self._tracked(application, targets)}
        settings = self._settings(application.namespace)
        rows = []
        for target in targets:
            _, found = live.pop(identity(target), (None, None))
            rows.append(self._row(project, target, found, settings))
        for resource, obj in live.values():
            rows.append(Row(resource=resource, live=obj, health=health.of(obj, settings)))
        return rows

    def apply(self, row: Row) -> None:
        """Apply the object as it is in the repository. Raises ApiError."""
        assert row.resource is not None
        assert row.target is not None
        self._patch(row.resource, row.target, dry_run=False)

    def delete(self, row: Row, propagation: DeletePropagation) -> None:
        """Delete the object, if it is there. Raises ApiError."""
        assert row.resource is not None
        assert row.live is not None
        try:
            self._client.delete(
                row.resource,
                objects.name(row.live),
                namespace=objects.namespace(row.live),
                propagation=propagation,
            )
        except NotFound:
            return

    def _prepared(self, application: Application, manifest: Object) -> Object:
        metadata: dict[str, Any] = dict(manifest.get("metadata") or {})
        obj = {**manifest, "metadata": metadata}
        resource = self._resource(obj)
        if resource is not None and resource.namespaced:
            metadata.setdefault("namespace", application.destination_namespace)
        mark = tracking_id(application.name, obj, application.destination_namespace)
        metadata["annotations"] = {**(metadata.get("annotations") or {}), TRACKING: mark}
        return obj

    def _row(self, project: Object, target: Object, live: Object | None, settings: dict[str, str]) -> Row:
        resource = self._resource(target)
        judged = (MISSING, "") if live is None else health.of(live, settings)
        row = Row(resource=resource, target=target, live=live, health=judged)
        if resource is None:
            return _refused(row, "the server could not find the requested resource")
        if not permits(project, resource):
            where = objects.name(project)
            return _refused(row, f"resource {resource.group}:{resource.kind} is not permitted in project {where}")
        try:
            outcome = self._patch(resource, target, dry_run=True)
        except ApiError as error:
            _, is_untypable, why = str(error).partition(_UNTYPABLE)
            if is_untypable and live is not None:
                raise ComparisonError(f"error building typed value from config resource: {why}") from error
            # Everything else shows only when the object is applied.
            return row
        return replace(row, outcome=outcome)

    def _patch(self, resource: Resource, target: Object, *, dry_run: bool) -> Object:
        return self._client.patch(
            resource,
            objects.name(target),
            target,
            namespace=objects.namespace(target) if resource.namespaced else "",
            patch_type=PatchType.APPLY,
            field_manager=FIELD_MANAGER,
            force=True,
            dry_run=dry_run,
        )

    def _tracked(self, application: Application, targets: Iterable[Object]) -> Iterator[tuple[Resource, Object]]:
        """The objects with the Application's tracking annotation, of its present kinds and its former ones."""
        had = application.status.get("resources") or ()
        kinds = {(str(obj["apiVersion"]), str(obj["kind"])) for obj in targets}
        kinds |= {(f"{one.get('group', '')}/{one['version']}".lstrip("/"), one["kind"]) for one in had}
        for api_version, kind in sorted(kinds):
            resource = self._resource({"apiVersion": api_version, "kind": kind})
            if resource is None:
                continue
            for item in self._client.list(resource).get("items") or ():
                # Items of a list lack what the list itself says.
                obj = {"apiVersion": api_version, "kind": kind, **item}
                if is_tracked(obj, application.name):
                    yield resource, obj

    def _resource(self, obj: Object) -> Resource | None:
        try:
            return self._kinds.resource_of(obj)
        except HelmError:
            return None

    def _settings(self, namespace: str) -> dict[str, str]:
        try:
            return self._client.get(CONFIG_MAPS, SETTINGS, namespace=namespace).get("data") or {}
        except NotFound:
            return {}


def _refused(row: Row, why: str) -> Row:
    return replace(row, refusal=why)
