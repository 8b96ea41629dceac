"""An API server's memory behind the client's verbs: enough for one sync at a time, without HTTP, watches or schemas."""

from __future__ import annotations

import copy
import itertools
from typing import Any

from controller.apimachinery.errors import status_error
from controller.apimachinery.resources import Resource
from controller.client import PatchType

KINDS = {
    "v1": [("configmaps", "ConfigMap"), ("secrets", "Secret"), ("services", "Service"), ("events", "Event")],
    "apps/v1": [("deployments", "Deployment"), ("deployments/scale", "Scale")],
    "helm.fluxcd.io/v1": [("helmreleases", "HelmRelease")],
}


class MemoryClient:
    """`objects`: (plural, namespace, name) -> object. `log`: (verb, plural, name) of every call."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str, str], dict[str, Any]] = {}
        self.log: list[tuple[str, str, str]] = []
        # What patches of the status subresource and replacements of it left behind, in order.
        self.statuses: list[dict[str, Any]] = []
        self.refused: set[str] = set()
        self._numbers = itertools.count(1)

    def get(self, resource: Resource, name: str, *, namespace: str = "") -> dict[str, Any]:
        self.log.append(("get", resource.plural, name))
        return copy.deepcopy(self._find(resource, namespace, name))

    def create(self, resource: Resource, obj: dict[str, Any], *, namespace: str = "") -> dict[str, Any]:
        obj = copy.deepcopy(obj)
        name = obj["metadata"].setdefault("name", f"{obj['metadata'].get('generateName')}{next(self._numbers)}")
        self.log.append(("create", resource.plural, name))
        self._refuse(resource)
        if (resource.plural, namespace, name) in self.objects:
            raise _error(409, "AlreadyExists", f"{name} exists")
        obj["metadata"]["namespace"] = namespace
        return self._put(resource, namespace, name, obj)

    def patch(
        self,
        resource: Resource,
        name: str,
        body: dict[str, Any],
        *,
        namespace: str = "",
        patch_type: PatchType = PatchType.MERGE,
        subresource: str = "",
        field_manager: str = "",
        force: bool = False,
    ) -> dict[str, Any]:
        self.log.append((patch_type.name.lower(), resource.plural, name))
        self._refuse(resource)
        if patch_type is PatchType.APPLY and (resource.plural, namespace, name) not in self.objects:
            return self._put(resource, namespace, name, copy.deepcopy(body))
        current = self._find(resource, namespace, name)
        return self._put(resource, namespace, name, _merge(current, body))

    def replace(
        self, resource: Resource, name: str, obj: dict[str, Any], *, namespace: str = "", subresource: str = ""
    ) -> dict[str, Any]:
        self.log.append(("replace", resource.plural, name))
        current = self._find(resource, namespace, name)
        version = obj["metadata"].get("resourceVersion")
        if version and version != current["metadata"]["resourceVersion"]:
            raise _error(409, "Conflict", "the object has been modified")
        if subresource == "status":
            self.statuses.append(copy.deepcopy(obj["status"]))
        return self._put(resource, namespace, name, copy.deepcopy(obj))

    def delete(self, resource: Resource, name: str, *, namespace: str = "", **_: Any) -> dict[str, Any]:
        self.log.append(("delete", resource.plural, name))
        self._find(resource, namespace, name)
        return self.objects.pop((resource.plural, namespace, name))

    def api_resources(self, group_version: str) -> list[dict[str, Any]]:
        return [{"name": name, "kind": kind, "namespaced": True} for name, kind in KINDS.get(group_version, ())]

    def kinds(self) -> list[str]:
        """Plurals of everything there is, sorted, without the operator's own bookkeeping."""
        return sorted(plural for plural, _, _ in self.objects if plural not in ("helmreleases", "events", "secrets"))

    def secrets(self) -> dict[str, str]:
        """Storage Secrets: name -> status label."""
        return {
            name: obj["metadata"]["labels"]["status"]
            for (plural, _, name), obj in sorted(self.objects.items())
            if plural == "secrets"
        }

    def list(self, resource: Resource, *, namespace: str = "", label_selector: str = "") -> dict[str, Any]:
        self.log.append(("list", resource.plural, ""))
        wanted = dict(term.split("=") for term in label_selector.split(",")) if label_selector else {}
        items = [
            obj
            for (plural, where, _), obj in self.objects.items()
            if (plural, where) == (resource.plural, namespace)
            and wanted.items() <= (obj["metadata"].get("labels") or {}).items()
        ]
        return {"items": copy.deepcopy(items)}

    def _find(self, resource: Resource, namespace: str, name: str) -> dict[str, Any]:
        try:
            return self.objects[resource.plural, namespace, name]
        except KeyError:
            raise _error(404, "NotFound", f'{resource.plural} "{name}" not found') from None

    def _put(self, resource: Resource, namespace: str, name: str, obj: dict[str, Any]) -> dict[str, Any]:
        obj["metadata"]["resourceVersion"] = str(next(self._numbers))
        self.objects[resource.plural, namespace, name] = obj
        return copy.deepcopy(obj)

    def _refuse(self, resource: Resource) -> None:
        if resource.plural in self.refused:
            raise _error(403, "Forbidden", f"{resource.plural} are refused")


def _error(code: int, reason: str, message: str) -> Exception:
    return status_error(code, {"kind": "Status", "reason": reason, "message": message})


def _merge(current: Any, patch: Any) -> Any:
    if not isinstance(current, dict) or not isinstance(patch, dict):
        return copy.deepcopy(patch)
    merged = {**current, **{key: _merge(current.get(key), value) for key, value in patch.items()}}
    return {key: value for key, value in merged.items() if value is not None}
