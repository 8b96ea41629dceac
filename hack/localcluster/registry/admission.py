"""Refuses new objects in a namespace, or of a definition, that is terminating; and deletions of three namespaces."""

from __future__ import annotations

from ..errors import forbidden, not_found
from ..objects import is_deleting
from ..storage.store import Store
from .resource import ResourceType

_IMMORTAL = ("default", "kube-system", "kube-public")
NAMESPACES = ("", "namespaces")
DEFINITIONS = ("apiextensions.k8s.io", "customresourcedefinitions")


def admit_create(store: Store, resource: ResourceType, namespace: str, name: str) -> None:
    """Refuse an object whose definition is on its way out, or its namespace, or whose namespace is missing.

    Raises:
        StatusError: 404 or 403.
    """
    definition = store.get(DEFINITIONS, "", f"{resource.plural}.{resource.group}") if resource.custom else None
    if definition is not None and is_deleting(definition):
        why = "create not allowed while custom resource definition is terminating"
        raise forbidden(resource.group, resource.plural, name, why)
    if not resource.namespaced:
        return
    found = store.get(NAMESPACES, "", namespace)
    if found is None:
        raise not_found("", "namespaces", namespace)
    if is_deleting(found):
        raise forbidden(
            resource.group,
            resource.plural,
            name,
            f"unable to create new content in namespace {namespace} because it is being terminated",
            [
                {
                    "reason": "NamespaceTerminating",
                    "message": f"namespace {namespace} is being terminated",
                    "field": "metadata.namespace",
                }
            ],
        )


def admit_update(store: Store, resource: ResourceType, namespace: str) -> None:
    """Refuse a change in a namespace that does not exist.

    Raises:
        StatusError: 404.
    """
    if resource.namespaced and store.get(NAMESPACES, "", namespace) is None:
        raise not_found("", "namespaces", namespace)


def admit_delete(resource: ResourceType, name: str) -> None:
    """Refuse to delete the namespaces a cluster cannot be without.

    Raises:
        StatusError: 403.
    """
    if resource.storage == NAMESPACES and name in _IMMORTAL:
        raise forbidden("", "namespaces", name, "this namespace may not be deleted")
