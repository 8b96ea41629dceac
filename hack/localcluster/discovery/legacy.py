"""Discovery in the older form: one document for the groups, and one for each group and each version."""

from __future__ import annotations

import base64
import hashlib

from ..objects import Object
from ..registry.catalog import Catalog
from ..registry.custom import CUSTOM_VERBS
from ..registry.resource import ResourceType

SUBRESOURCE_KINDS = {
    "scale": {"group": "autoscaling", "version": "v1", "kind": "Scale"},
    "token": {"group": "authentication.k8s.io", "version": "v1", "kind": "TokenRequest"},
}
SUBRESOURCE_VERBS = ("get", "patch", "update")


def core_versions(host: str) -> Object:
    """`/api`."""
    address = {"clientCIDR": "0.0.0.0/0", "serverAddress": host}
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": [address]}


def group_list(catalog: Catalog) -> Object:
    """`/apis`."""
    groups = [_group(name, versions) for name, versions in catalog.versions().items() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def group(catalog: Catalog, name: str) -> Object | None:
    """`/apis/{group}`, None for an unknown one."""
    versions = catalog.versions().get(name)
    return {"kind": "APIGroup", "apiVersion": "v1", **_group(name, versions)} if name and versions else None


def _group(name: str, versions: list[str]) -> Object:
    shown = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": shown, "preferredVersion": shown[0]}


def resource_list(catalog: Catalog, group: str, version: str) -> Object | None:
    """`/api/v1` and `/apis/{group}/{version}`, None for an unknown one."""
    found = [resource for resource in catalog if (resource.group, resource.version) == (group, version)]
    if not found:
        return None
    resources = [entry for resource in found for entry in _entries(resource)]
    if not found[0].custom:
        resources.sort(key=lambda entry: entry["name"])
    name = f"{group}/{version}" if group else version
    return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": name, "resources": resources}


def _entries(resource: ResourceType) -> list[Object]:
    verbs = CUSTOM_VERBS if resource.custom else resource.verbs
    entry: Object = {
        "name": resource.plural,
        "singularName": resource.singular,
        "namespaced": resource.namespaced,
        "kind": resource.kind,
        "verbs": list(verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    if "get" in resource.verbs:  # reviews are answered and not stored
        entry["storageVersionHash"] = storage_hash(resource)
    entries = [entry]
    for name in resource.subresources:
        below: Object = {
            "name": f"{resource.plural}/{name}",
            "singularName": "",
            "namespaced": resource.namespaced,
            "kind": resource.kind,
            "verbs": list(subresource_verbs(name)),
        }
        below.update(SUBRESOURCE_KINDS.get(name, {}))
        entries.append(below)
    return entries


def subresource_verbs(name: str) -> tuple[str, ...]:
    """Return the verbs of a subresource."""
    return {"finalize": ("update",), "token": ("create",)}.get(name, SUBRESOURCE_VERBS)


def storage_hash(resource: ResourceType) -> str:
    """Eight bytes of a hash of group, version and kind."""
    digest = hashlib.sha256(f"{resource.group}/{resource.version}/{resource.kind}".encode()).digest()
    return base64.b64encode(digest[:8]).decode()
