"""Deleting: at once, or by marking the object and waiting for its finalizers (registry/generic/registry/store.go)."""

from __future__ import annotations

from .. import errors
from ..clock import now_seconds
from ..objects import Object, finalizers_of, is_deleting, name_of, same_content, uid_of
from ..storage.store import Store
from .context import DeleteOptions
from .kinds.core import NamespaceStrategy
from .resource import ResourceType

ORPHAN = "orphan"
FOREGROUND = "foregroundDeletion"


class Deletion:
    """Carries out DELETE requests."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def due(self, resource: ResourceType, new: Object, live: Object) -> bool:
        """Whether an update leaves an object that was only waiting to lose its last finalizer."""
        if finalizers_of(new) or not is_deleting(live):
            return False
        if isinstance(resource.strategy, NamespaceStrategy):
            return not (new.get("spec") or {}).get("finalizers")
        return not live["metadata"].get("deletionGracePeriodSeconds")

    def delete(self, resource: ResourceType, live: Object, options: DeleteOptions) -> Object:
        """Delete `live`, or mark it; gives what DELETE answers with.

        Raises:
            StatusError: 409 when a precondition fails.
        """
        _check_preconditions(resource, live, options)
        if isinstance(resource.strategy, NamespaceStrategy):
            return self._delete_namespace(resource, live, options)
        finalizers = _finalizers_for(resource, live, options)
        if not finalizers:
            return self._remove(resource, live, options)
        return self._mark(resource, live, finalizers, options, grace=0)

    def _delete_namespace(self, resource: ResourceType, live: Object, options: DeleteOptions) -> Object:
        metadata = live["metadata"]
        finalizers = _finalizers_for(resource, live, options)
        if not finalizers and not (live.get("spec") or {}).get("finalizers") and is_deleting(live):
            return self._remove(resource, live, options)
        marked = {**live, "status": {**(live.get("status") or {}), "phase": "Terminating"}}
        return self._mark(resource, marked, finalizers, options, grace=None, live=live, known=metadata)

    def _mark(
        self,
        resource: ResourceType,
        obj: Object,
        finalizers: list[str],
        options: DeleteOptions,
        *,
        grace: int | None,
        live: Object | None = None,
        known: Object | None = None,
    ) -> Object:
        live = live if live is not None else obj
        metadata = dict(known if known is not None else obj["metadata"])
        if finalizers:
            metadata["finalizers"] = finalizers
        if not metadata.get("deletionTimestamp"):
            metadata["deletionTimestamp"] = now_seconds()
            if metadata.get("generation"):
                metadata["generation"] += 1
        if grace is not None:
            metadata["deletionGracePeriodSeconds"] = grace
        marked = {**obj, "metadata": metadata}
        if same_content(marked, live):
            return live
        return marked if options.dry_run else self._store.update(resource.storage, marked, live)

    def _remove(self, resource: ResourceType, live: Object, options: DeleteOptions) -> Object:
        gone = live if options.dry_run else self._store.delete(resource.storage, live)
        if resource.strategy.returns_deleted:
            return gone
        details = {"name": name_of(live), "group": resource.group, "kind": resource.plural, "uid": uid_of(live)}
        return {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Success",
            "details": {key: value for key, value in details.items() if value},
        }


def _check_preconditions(resource: ResourceType, live: Object, options: DeleteOptions) -> None:
    name = name_of(live)
    if options.uid is not None and options.uid != uid_of(live):
        text = (
            f"the UID in the precondition ({options.uid}) does not match the UID in record ({uid_of(live)}). "
            "The object might have been deleted and then recreated"
        )
        raise errors.conflict(resource.storage[0], resource.kind, name, text)
    version = live["metadata"]["resourceVersion"]
    if options.resource_version is not None and options.resource_version != version:
        text = (
            f"the ResourceVersion in the precondition ({options.resource_version}) does not match the ResourceVersion "
            f"in record ({version}). The object might have been modified"
        )
        raise errors.conflict(resource.storage[0], resource.kind, name, text)


def _finalizers_for(resource: ResourceType, live: Object, options: DeleteOptions) -> list[str]:
    """The object's finalizers with the garbage collector's own as the propagation policy wants them."""
    before = finalizers_of(live)
    finalizers = [name for name in before if name not in (ORPHAN, FOREGROUND)]
    policy = _policy(resource, before, options)
    if policy == ORPHAN:
        finalizers.append(ORPHAN)
    elif policy == FOREGROUND:
        finalizers.append(FOREGROUND)
    return before if set(before) == set(finalizers) else finalizers


def _policy(resource: ResourceType, before: list[str], options: DeleteOptions) -> str:
    default = resource.strategy.garbage_collection
    if default == "unsupported":
        return ""
    if options.orphan_dependents is not None:
        return ORPHAN if options.orphan_dependents else ""
    if options.propagation is not None:
        return {"Orphan": ORPHAN, "Foreground": FOREGROUND}.get(options.propagation, "")
    for name in (ORPHAN, FOREGROUND):
        if name in before:
            return name
    return ORPHAN if default == "orphan" else ""
