"""Reads plain Kubernetes objects. Objects are never mutated: to change one, build a new one."""

from collections.abc import Mapping
from typing import Any

Object = Mapping[str, Any]

# kubectl and Argo CD keep a copy of what they applied in it.
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


# Not every schema defines the type of a field, and other programs write objects too. These four functions treat a value
# of the wrong type as absent.


def mapping(value: Any) -> Mapping[str, Any]:
    """Return `value` if it is a map, else an empty map."""
    # The check for `dict` is much quicker than the one for `Mapping`, and nearly every map is one.
    return value if isinstance(value, (dict, Mapping)) else {}


def mappings(value: Any) -> tuple[Mapping[str, Any], ...]:
    """Return the maps in the list `value`, or () if it is not a list."""
    if not isinstance(value, list | tuple):
        return ()
    # Conditions are read so often that the call of a generator for each of them would be noticed.
    return tuple([item for item in value if isinstance(item, (dict, Mapping))])


def text(value: Any) -> str:
    """Return `value` if it is a string, else ""."""
    return value if isinstance(value, str) else ""


def number(value: Any) -> int:
    """Return `value` if it is a whole number, else 0."""
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def metadata(obj: Object) -> Mapping[str, Any]:
    """`metadata`, or an empty mapping."""
    return obj.get("metadata") or {}


def slim(obj: Object) -> dict[str, Any]:
    """Return an object without what is often more than half of it, and what no decision reads.

    That is `metadata.managedFields`, and the annotation in which kubectl and Argo CD keep what they applied.
    """
    slimmed = {**metadata(obj)}
    slimmed.pop("managedFields", None)
    annotations = slimmed.get("annotations")
    if isinstance(annotations, dict) and LAST_APPLIED in annotations:
        slimmed["annotations"] = {name: value for name, value in annotations.items() if name != LAST_APPLIED}
    return {**obj, "metadata": slimmed}


# A reconcile asks these questions hundreds of times, so they do not call `metadata` for it.


def name(obj: Object) -> str:
    """`metadata.name`, or ""."""
    return str((obj.get("metadata") or {}).get("name") or "")


def namespace(obj: Object) -> str:
    """`metadata.namespace`, or "" for cluster-scoped objects."""
    return str((obj.get("metadata") or {}).get("namespace") or "")


def key(obj: Object) -> str:
    """Return the cache key: `namespace/name`, or `name` for cluster-scoped objects."""
    return join_key(namespace(obj), name(obj))


def join_key(namespace: str, name: str) -> str:
    """Return `namespace/name`, or `name` if the namespace is ""."""
    return f"{namespace}/{name}" if namespace else name


def split_key(key: str) -> tuple[str, str]:
    """Return (namespace, name) of a cache key."""
    namespace, _, name = key.rpartition("/")
    return namespace, name


def uid(obj: Object) -> str:
    """`metadata.uid`, or ""."""
    return str((obj.get("metadata") or {}).get("uid") or "")


def resource_version(obj: Object) -> str:
    """`metadata.resourceVersion`, or ""."""
    return str((obj.get("metadata") or {}).get("resourceVersion") or "")


def generation(obj: Object) -> int:
    """`metadata.generation`, or 0."""
    return int((obj.get("metadata") or {}).get("generation") or 0)


def labels(obj: Object) -> Mapping[str, str]:
    """`metadata.labels`, or an empty mapping."""
    return (obj.get("metadata") or {}).get("labels") or {}


def annotations(obj: Object) -> Mapping[str, str]:
    """`metadata.annotations`, or an empty mapping."""
    return (obj.get("metadata") or {}).get("annotations") or {}


def finalizers(obj: Object) -> tuple[str, ...]:
    """`metadata.finalizers`, or an empty tuple."""
    return tuple((obj.get("metadata") or {}).get("finalizers") or ())


def is_deleting(obj: Object) -> bool:
    """Whether the object is being deleted."""
    return bool((obj.get("metadata") or {}).get("deletionTimestamp"))
