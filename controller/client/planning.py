"""A client for dry runs. It reads from the cluster, and answers every write itself as the API server would.

So a reconcile runs to its end and shows all its writes, even those that depend on the answer to an earlier write. It
sends no write, not even with `dryRun=All`, which would need permission to write. It cannot know what the API server or
an admission policy would refuse, or what defaults and webhooks would add.

A namespace that would be created is active at once and has its `default` ServiceAccount.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from controller.apimachinery import objects, patches
from controller.apimachinery.errors import ApiError, Forbidden, NotFound, status_error
from controller.apimachinery.objects import Object
from controller.apimachinery.resources import NAMESPACES, SERVICE_ACCOUNTS, Resource
from controller.apimachinery.timestamps import to_time
from controller.client.client import Client
from controller.client.request import Body, DeletePropagation, PatchType

_PLAIN: Final = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class PlannedWrite:
    """A write that was not sent.

    Attributes:
        verb: create, patch or delete, as in audit logs.
        resource: `plural.group`.
        namespace, name, subresource: each may be "".
        fields: the paths that a patch would change, but not the values, which may be secret.
    """

    verb: str
    resource: str
    namespace: str
    name: str
    subresource: str = ""
    fields: tuple[str, ...] = ()


class PlanningClient:
    """See the module. Not thread-safe. Use a new instance for each reconcile, because it keeps all planned writes."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._writes: list[PlannedWrite] = []
        # The objects as the cluster would have them; None for a deleted object.
        self._changed: dict[tuple[Resource, str, str], Object | None] = {}
        self._new_namespaces: set[str] = set()

    @property
    def writes(self) -> tuple[PlannedWrite, ...]:
        """The planned writes, in order."""
        return tuple(self._writes)

    def get(self, resource: Resource, name: str, *, namespace: str = "") -> dict[str, Any]:
        """Return one object. Raises NotFound, and everything that the client raises."""
        key = (resource, namespace, name)
        if key in self._changed:
            changed = self._changed[key]
            if changed is None:
                raise _missing(resource, name)
            return dict(changed)
        if namespace in self._new_namespaces:
            raise _missing(resource, name)
        return self._client.get(resource, name, namespace=namespace)

    def list(
        self,
        resource: Resource,
        *,
        namespace: str = "",
        label_selector: str = "",
        field_selector: str = "",
        metadata_only: bool = False,
        limit: int | None = None,
    ) -> dict[str, Any]:
        """Return a list as the cluster has it now; empty in a namespace that does not exist yet."""
        if namespace in self._new_namespaces:
            return {"items": []}
        return self._client.list(
            resource,
            namespace=namespace,
            label_selector=label_selector,
            field_selector=field_selector,
            metadata_only=metadata_only,
            limit=limit,
        )

    def create(self, resource: Resource, obj: Body, *, namespace: str = "") -> dict[str, Any]:
        """Record a creation and return the object as it would be stored. Raises AlreadyExists and NotFound."""
        assert isinstance(obj, Mapping), "what is created is an object"
        name = objects.name(obj)
        self._note("create", resource, namespace, name)
        if self._find(resource, name, namespace) is not None:
            message = f'{resource} "{name}" already exists'
            raise _refused(409, "AlreadyExists", message)
        return self._store_new(resource, obj, namespace)

    def patch(
        self,
        resource: Resource,
        name: str,
        body: Body,
        *,
        namespace: str = "",
        patch_type: PatchType = PatchType.MERGE,
        subresource: str = "",
        force: bool = False,
    ) -> dict[str, Any]:
        """Record a patch and return its result. Raises Conflict, Invalid and NotFound, as the server would."""
        if patch_type is PatchType.APPLY:
            assert isinstance(body, Mapping), "what is applied is an object"
            current = self._find(resource, name, namespace)
            if current is None:
                self._note("patch", resource, namespace, name)
                return self._store_new(resource, body, namespace)
            outcome = patches.apply_merge_patch(current, body)
        else:
            current = self.get(resource, name, namespace=namespace)
            outcome = _patched(resource, name, current, body)
        fields = tuple(_path(change["path"]) for change in patches.json_patch(current, outcome))
        self._note("patch", resource, namespace, name, subresource, fields)
        if not patches.equal(current.get("spec"), outcome.get("spec")) and objects.generation(current):
            outcome["metadata"] = {**outcome["metadata"], "generation": objects.generation(current) + 1}
        self._changed[(resource, namespace, name)] = outcome
        return dict(outcome)

    def delete(
        self,
        resource: Resource,
        name: str,
        *,
        namespace: str = "",
        uid: str | None = None,
        resource_version: str | None = None,
        propagation: DeletePropagation | None = None,
    ) -> dict[str, Any]:
        """Record a deletion. Raises NotFound if the object does not exist, and Conflict if a precondition fails."""
        current = self._find(resource, name, namespace)
        self._note("delete", resource, namespace, name)
        if current is None:
            raise _missing(resource, name)
        if uid and uid != objects.uid(current):
            raise _refused(409, "Conflict", f"{resource} {name!r} is another one by now")
        if resource_version and resource_version != objects.resource_version(current):
            raise _refused(409, "Conflict", f"{resource} {name!r} has changed")
        left: Object | None = None
        if objects.finalizers(current) or resource == NAMESPACES:
            left = {**current, "metadata": {**objects.metadata(current), "deletionTimestamp": _now()}}
            if resource == NAMESPACES:
                left["status"] = {"phase": "Terminating"}
        self._changed[(resource, namespace, name)] = left
        return dict(left or {})

    def _find(self, resource: Resource, name: str, namespace: str) -> Object | None:
        """Return the object or None. Raises NotFound if the cluster does not serve the resource."""
        key = (resource, namespace, name)
        if key in self._changed:
            return self._changed[key]
        try:
            # Ask even if the namespace does not exist yet, because the answer shows whether the server serves the
            # resource.
            return self._live(resource, namespace, name)
        except NotFound as error:
            if error.resource_missing:
                raise
            return None

    def _live(self, resource: Resource, namespace: str, name: str) -> Object | None:
        try:
            return self._client.get(resource, name, namespace=namespace)
        except Forbidden:
            # Without permission to read it, only a write would show that it exists, and a dry run does not write.
            return None

    def _store_new(self, resource: Resource, obj: Object, namespace: str) -> dict[str, Any]:
        name = objects.name(obj)
        metadata = {
            **objects.metadata(obj),
            "uid": f"planned-{len(self._writes)}",
            "resourceVersion": "0",
            "generation": 1,
            "creationTimestamp": _now(),
        }
        stored = {**obj, "metadata": metadata}
        if resource == NAMESPACES:
            self._new_namespaces.add(name)
            stored["status"] = {"phase": "Active"}
            account = {"metadata": {"name": "default", "namespace": name, "uid": "planned", "resourceVersion": "0"}}
            self._changed[(SERVICE_ACCOUNTS, name, "default")] = account
        self._changed[(resource, namespace, name)] = stored
        return dict(stored)

    def _note(
        self,
        verb: str,
        resource: Resource,
        namespace: str,
        name: str,
        subresource: str = "",
        fields: tuple[str, ...] = (),
    ) -> None:
        self._writes.append(PlannedWrite(verb, str(resource), namespace, name, subresource, fields))


def _patched(resource: Resource, name: str, current: Object, body: Body) -> dict[str, Any]:
    if isinstance(body, list):
        try:
            return dict(patches.apply_json_patch(current, body))
        except ValueError as error:
            raise _refused(422, "Invalid", str(error)) from error
    version = objects.resource_version(body)
    if version and version != objects.resource_version(current):
        raise _refused(409, "Conflict", f'{resource} "{name}": the object has been modified')
    return dict(patches.apply_merge_patch(current, body))


def _path(pointer: str) -> str:
    """`/metadata/labels/a.example~1b` as `metadata.labels[a.example/b]`."""
    path = ""
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        path += f".{key}" if _PLAIN.fullmatch(key) else f"[{key}]"
    return path.removeprefix(".")


def _missing(resource: Resource, name: str) -> ApiError:
    return _refused(404, "NotFound", f'{resource} "{name}" not found')


def _refused(code: int, reason: str, message: str) -> ApiError:
    return status_error(
        code, {"kind": "Status", "status": "Failure", "code": code, "reason": reason, "message": message}
    )


def _now() -> str:
    return to_time(datetime.now(UTC))
