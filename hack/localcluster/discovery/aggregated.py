"""Aggregated discovery (apidiscovery.k8s.io/v2): everything in two requests."""

from __future__ import annotations

from ..objects import Object
from ..registry.catalog import Catalog
from ..registry.custom import CUSTOM_VERBS
from ..registry.resource import ResourceType
from .legacy import SUBRESOURCE_KINDS, subresource_verbs

CONTENT_TYPE = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def wanted(accept: str) -> bool:
    """Whether a client prefers the aggregated form."""
    first = accept.partition(",")[0].replace(" ", "")
    parts = set(first.split(";"))
    return {"application/json", "g=apidiscovery.k8s.io", "v=v2", "as=APIGroupDiscoveryList"} <= parts


def groups(catalog: Catalog, *, core: bool) -> Object:
    """The groups below `/api` (core) or `/apis`."""
    items = [_group(catalog, name, versions) for name, versions in catalog.versions().items() if bool(name) != core]
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    }


def _group(catalog: Catalog, name: str, versions: list[str]) -> Object:
    shown = []
    for version in versions:
        resources = [_resource(one) for one in catalog if (one.group, one.version) == (name, version)]
        shown.append({"version": version, "resources": resources, "freshness": "Current"})
    metadata = {"name": name} if name else {}
    return {"metadata": metadata, "versions": shown}


def _resource(resource: ResourceType) -> Object:
    kind = {"group": resource.group, "version": resource.version, "kind": resource.kind}
    entry: Object = {
        "resource": resource.plural,
        "responseKind": kind,
        "scope": "Namespaced" if resource.namespaced else "Cluster",
        "singularResource": resource.singular,
        "verbs": list(CUSTOM_VERBS if resource.custom else resource.verbs),
    }
    if resource.short_names:
        entry["shortNames"] = list(resource.short_names)
    if resource.categories:
        entry["categories"] = list(resource.categories)
    below = [
        {
            "subresource": name,
            "responseKind": SUBRESOURCE_KINDS.get(name, kind),
            "verbs": list(subresource_verbs(name)),
        }
        for name in resource.subresources
    ]
    if below:
        entry["subresources"] = below
    return entry
