"""A release's objects in the cluster: created, changed and removed through the API by this program's own client."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from controller.apimachinery import objects
from controller.apimachinery.errors import AlreadyExists, NotFound
from controller.apimachinery.objects import Object
from controller.client import Client, DeletePropagation, PatchType
from hack.standins.helm.engine import HelmError
from hack.standins.helm.kinds import Kinds

MANAGED_BY = "app.kubernetes.io/managed-by"
RELEASE_NAME = "meta.helm.sh/release-name"
RELEASE_NAMESPACE = "meta.helm.sh/release-namespace"


class Applier:
    """The objects of one release. API errors pass through; what Helm itself refuses is a HelmError."""

    def __init__(self, *, client: Client, kinds: Kinds, release: str, namespace: str, field_manager: str) -> None:
        self._client = client
        self._kinds = kinds
        self._release = release
        self._namespace = namespace
        self._field_manager = field_manager

    def refuse_foreign(self, found: Iterable[Object]) -> None:
        """Raise HelmError if one of the objects exists and this release does not own it."""
        for obj in found:
            live = self.get(obj)
            if live is not None and not self._is_ours(live):
                raise HelmError(
                    "rendered manifests contain a resource that already exists. Unable to continue: "
                    f'{obj["kind"]} "{objects.name(obj)}" in namespace "{self._namespace_of(obj)}" exists and cannot '
                    "be imported into the current release: invalid ownership metadata"
                )

    def apply(self, obj: Object) -> None:
        """Create the object, or update the fields that the chart sets."""
        resource = self._kinds.resource_of(obj)
        name = objects.name(obj)
        namespace = self._namespace_of(obj)
        self._client.patch(
            resource,
            name,
            self._owned(obj, namespace),
            namespace=namespace,
            patch_type=PatchType.APPLY,
            field_manager=self._field_manager,
            force=True,
        )

    def create_missing(self, crd: Object) -> bool:
        """Create a CustomResourceDefinition as in the chart, without ownership marks. Returns False if it exists."""
        try:
            self._client.create(self._kinds.resource_of(crd), crd)
        except AlreadyExists:
            return False
        return True

    def serves(self, crd: Object) -> bool:
        """Whether the API server serves all versions of a CustomResourceDefinition."""
        spec = crd["spec"]
        kind = spec["names"]["kind"]
        versions = [f"{spec['group']}/{version['name']}" for version in spec["versions"] if version.get("served")]
        return all(self._kinds.serves(version, kind) for version in versions)

    def get(self, obj: Object) -> Object | None:
        """The live object, or None."""
        resource = self._kinds.resource_of(obj)
        try:
            return self._client.get(resource, objects.name(obj), namespace=self._namespace_of(obj))
        except NotFound:
            return None

    def delete(self, obj: Object) -> None:
        """Delete the object and its dependents in the background, if it is there."""
        resource = self._kinds.resource_of(obj)
        try:
            self._client.delete(
                resource,
                objects.name(obj),
                namespace=self._namespace_of(obj),
                propagation=DeletePropagation.BACKGROUND,
            )
        except NotFound:
            return

    def annotate(self, obj: Object, key: str, value: str) -> None:
        """Set an annotation on the live object. Raises NotFound when it is gone."""
        resource = self._kinds.resource_of(obj)
        body = {"metadata": {"annotations": {key: value}}}
        self._client.patch(resource, objects.name(obj), body, namespace=self._namespace_of(obj))

    def identity(self, obj: Object) -> tuple[str, str, str, str]:
        """Return the identity of an object: group, kind, namespace, name."""
        group = str(obj.get("apiVersion") or "").rpartition("/")[0]
        return group, str(obj.get("kind")), self._namespace_of(obj), objects.name(obj)

    def _namespace_of(self, obj: Object) -> str:
        if not self._kinds.resource_of(obj).namespaced:
            return ""
        return objects.namespace(obj) or self._namespace

    def _is_ours(self, live: Object) -> bool:
        annotations = objects.annotations(live)
        return (
            objects.labels(live).get(MANAGED_BY) == "Helm"
            and annotations.get(RELEASE_NAME) == self._release
            and annotations.get(RELEASE_NAMESPACE) == self._namespace
        )

    def _owned(self, obj: Object, namespace: str) -> dict[str, Any]:
        metadata = dict(objects.metadata(obj))
        metadata["labels"] = {**objects.labels(obj), MANAGED_BY: "Helm"}
        metadata["annotations"] = {
            **objects.annotations(obj),
            RELEASE_NAME: self._release,
            RELEASE_NAMESPACE: self._namespace,
        }
        if namespace:
            metadata["namespace"] = namespace
        return {**obj, "metadata": metadata}
