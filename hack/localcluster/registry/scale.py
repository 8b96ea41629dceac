"""The /scale subresource: one view of everything that has replicas."""

from __future__ import annotations

from typing import Any

from ..objects import Object, clone
from .resource import ResourceType


def scale_of(resource: ResourceType, obj: Object) -> Object:
    """Return an object as an `autoscaling/v1` Scale."""
    paths = _paths(resource)
    metadata = obj["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    status: Object = {"replicas": _read(obj, paths["statusReplicasPath"]) or 0}
    selector = _selector(obj, paths.get("labelSelectorPath", ""))
    if selector:
        status["selector"] = selector
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: metadata[key] for key in kept if key in metadata},
        "spec": {"replicas": _read(obj, paths["specReplicasPath"]) or 0},
        "status": status,
    }


def with_scale(resource: ResourceType, obj: Object, scale: Object) -> Object:
    """Return the object with the replicas of a Scale. A resourceVersion of the Scale becomes the precondition."""
    result: Object = clone(obj)
    *parents, last = _keys(_paths(resource)["specReplicasPath"])
    place = result
    for key in parents:
        place = place.setdefault(key, {})
    place[last] = (scale.get("spec") or {}).get("replicas", 0)
    version = (scale.get("metadata") or {}).get("resourceVersion")
    if version:
        result["metadata"]["resourceVersion"] = version
    return result


def _paths(resource: ResourceType) -> dict[str, str]:
    builtin = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}
    return resource.scale or builtin


def _keys(path: str) -> list[str]:
    return path.strip(".").split(".")


def _read(obj: Object, path: str) -> Any:
    value: Any = obj
    for key in _keys(path):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _selector(obj: Object, path: str) -> str:
    if path:
        return str(_read(obj, path) or "")
    found = _read(obj, ".spec.selector") or {}
    labels = found.get("matchLabels", found)
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()) if isinstance(value, str))
