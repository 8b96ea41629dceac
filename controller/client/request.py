"""Builds requests: pure functions that return a frozen `Request`, so that tests need no server.

The transport sends the requests unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any
from urllib.parse import quote, urlencode

from controller.apimachinery.resources import Resource

JSON = "application/json"
# Accepting metadata and nothing else keeps the content (a Secret's data) out of this process.
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
METADATA = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"

Body = Mapping[str, Any] | list[Any]


class PatchType(Enum):
    """The kind of a patch; each value is the content type. Custom resources do not support strategic merge."""

    MERGE = "application/merge-patch+json"
    JSON = "application/json-patch+json"
    APPLY = "application/apply-patch+yaml"


class DeletePropagation(Enum):
    """What happens to the dependents of a deleted object."""

    BACKGROUND = "Background"
    FOREGROUND = "Foreground"
    ORPHAN = "Orphan"


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request without host and credentials."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Body | None = None

    @property
    def target(self) -> str:
        """Path and query as they are sent."""
        return f"{self.path}?{urlencode(self.query, quote_via=quote)}" if self.query else self.path

    @property
    def is_write(self) -> bool:
        """Whether the request may change something."""
        return self.method not in ("GET", "HEAD")


def group_version_path(resource: Resource) -> str:
    """Return `/api/v1` for the core group, otherwise `/apis/GROUP/VERSION`."""
    return f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"


def collection_path(resource: Resource, namespace: str) -> str:
    """Return the path for listing and creating objects of `resource`.

    Namespace "" means cluster-scoped, or all namespaces. Raises ValueError for a namespace of a cluster-scoped
    resource.
    """
    if not namespace:
        return f"{group_version_path(resource)}/{resource.plural}"
    if not resource.namespaced:
        raise ValueError(f"{resource} is cluster-scoped: remove the namespace {namespace!r}")
    return f"{group_version_path(resource)}/namespaces/{_segment(namespace)}/{resource.plural}"


def object_path(resource: Resource, namespace: str, name: str, subresource: str = "") -> str:
    """Return the path of one object. Raises ValueError if a namespace is missing or a part is not a valid name."""
    if resource.namespaced and not namespace:
        raise ValueError(f"{resource} {name!r} needs a namespace")
    path = f"{collection_path(resource, namespace)}/{_segment(name)}"
    return f"{path}/{_segment(subresource)}" if subresource else path


def get(resource: Resource, name: str, *, namespace: str) -> Request:
    """Return the request that reads one object."""
    return Request("GET", object_path(resource, namespace, name), headers={"Accept": JSON})


def list_page(
    resource: Resource,
    *,
    namespace: str,
    label_selector: str = "",
    field_selector: str = "",
    limit: int | None = None,
    continue_token: str = "",
    resource_version: str | None = None,
    resource_version_match: str | None = None,
    metadata_only: bool = False,
) -> Request:
    """Return the request for one page of a list.

    A continue token determines the version, so the two version parameters are left out with it.
    """
    query = _query(
        labelSelector=label_selector,
        fieldSelector=field_selector,
        limit=limit,
        resourceVersion=None if continue_token else resource_version,
        resourceVersionMatch=None if continue_token else resource_version_match,
    )
    if continue_token:
        query += (("continue", continue_token),)
    accept = METADATA_LIST if metadata_only else JSON
    headers = {"Accept": accept, "Accept-Encoding": "gzip"}
    return Request("GET", collection_path(resource, namespace), query, headers)


def watch(
    resource: Resource,
    *,
    namespace: str,
    label_selector: str = "",
    field_selector: str = "",
    resource_version: str | None = None,
    resource_version_match: str | None = None,
    timeout_seconds: int | None = None,
    allow_bookmarks: bool = True,
    send_initial_events: bool = False,
    metadata_only: bool = False,
) -> Request:
    """Return the request that opens a watch. It asks for no compression, which would delay small events."""
    query = _query(
        watch=True,
        labelSelector=label_selector,
        fieldSelector=field_selector,
        resourceVersion=resource_version,
        resourceVersionMatch=resource_version_match,
        allowWatchBookmarks=allow_bookmarks or None,
        sendInitialEvents=send_initial_events or None,
        timeoutSeconds=timeout_seconds,
    )
    accept = METADATA if metadata_only else JSON
    return Request(
        "GET", collection_path(resource, namespace), query, {"Accept": accept, "Accept-Encoding": "identity"}
    )


def create(resource: Resource, obj: Body, *, namespace: str, field_manager: str) -> Request:
    """Return the request that creates an object. Raises ValueError if its resource needs a namespace."""
    if resource.namespaced and not namespace:
        raise ValueError(f"creating {resource} needs a namespace")
    return _write("POST", collection_path(resource, namespace), obj, JSON, _query(fieldManager=field_manager))


def replace(
    resource: Resource, name: str, obj: Body, *, namespace: str, subresource: str = "", field_manager: str
) -> Request:
    """Return the request that replaces an object. It fails if `metadata.resourceVersion` in `obj` is outdated."""
    path = object_path(resource, namespace, name, subresource)
    return _write("PUT", path, obj, JSON, _query(fieldManager=field_manager))


def patch(
    resource: Resource,
    name: str,
    body: Body,
    *,
    namespace: str,
    patch_type: PatchType,
    subresource: str = "",
    field_manager: str,
    force: bool = False,
    dry_run: bool = False,
) -> Request:
    """Return the request that patches an object.

    `force` (server-side apply only) takes over fields that other managers own. With `dry_run` the server returns the
    result and stores nothing. Raises ValueError if `force` or the body does not fit the type of the patch.
    """
    if force and patch_type is not PatchType.APPLY:
        raise ValueError("force is only valid with server-side apply")
    if isinstance(body, list) != (patch_type is PatchType.JSON):
        # The `kubernetes` package silently sends an object with the JSON patch type as a strategic merge patch.
        raise ValueError("a JSON patch must be a list of operations, and every other patch an object")
    path = object_path(resource, namespace, name, subresource)
    query = _query(fieldManager=field_manager, force=force or None, dryRun="All" if dry_run else None)
    return _write("PATCH", path, body, patch_type.value, query)


def delete(
    resource: Resource,
    name: str,
    *,
    namespace: str,
    uid: str | None = None,
    resource_version: str | None = None,
    propagation: DeletePropagation | None = None,
) -> Request:
    """Return the request that deletes an object, optionally only if it has this `uid` and `resource_version`."""
    options: dict[str, Any] = {"apiVersion": "v1", "kind": "DeleteOptions"}
    preconditions = {k: v for k, v in (("uid", uid), ("resourceVersion", resource_version)) if v}
    if preconditions:
        options["preconditions"] = preconditions
    if propagation:
        options["propagationPolicy"] = propagation.value
    return _write("DELETE", object_path(resource, namespace, name), options, JSON, ())


def discovery(group_version: str) -> Request:
    """Return the request for the resources of one group version (`v1`, `apps/v1`)."""
    group, slash, version = group_version.rpartition("/")
    prefix = f"/apis/{_segment(group)}" if slash else "/api"
    return Request("GET", f"{prefix}/{_segment(version)}", (), {"Accept": JSON})


def version() -> Request:
    """Return the request for the server's version."""
    return Request("GET", "/version", (), {"Accept": JSON})


def ready() -> Request:
    """Return the request that asks whether the server is ready."""
    return Request("GET", "/readyz", (), {})


def _write(method: str, path: str, body: Body, content_type: str, query: tuple[tuple[str, str], ...]) -> Request:
    return Request(method, path, query, {"Accept": JSON, "Content-Type": content_type}, body)


def _query(**parameters: str | int | bool | None) -> tuple[tuple[str, str], ...]:
    """Return the given parameters in order, without those that are None or ""."""
    return tuple(
        (key, str(value).lower() if isinstance(value, bool) else str(value))
        for key, value in parameters.items()
        if value is not None and value != ""
    )


def _segment(text: str) -> str:
    # An empty name would turn "delete this object" into "delete the collection", and dots would climb the path. A slash
    # leads elsewhere even if it is escaped, because the API server unescapes the path.
    if not text or text in (".", "..") or "/" in text or "%" in text:
        raise ValueError(f"{text!r} is not a valid name")
    return quote(text, safe="")
