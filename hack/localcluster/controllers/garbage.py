"""Garbage collection: deletes the dependents of deleted owners, in the foreground or background, or orphans them."""

from __future__ import annotations

from typing import Any

from ..errors import StatusError
from ..objects import Object, finalizers_of, is_deleting, name_of, namespace_of, uid_of
from ..registry.context import DeleteOptions
from ..registry.deletion import FOREGROUND, ORPHAN
from ..registry.registry import Registry
from ..registry.resource import ResourceType
from ..storage.changes import Change
from ..storage.store import GroupPlural
from .writing import rewrite

Place = tuple[GroupPlural, str, str]
"""Storage, namespace and name of an object."""


class GarbageCollector:
    """Keeps an index of dependents by owner UID, and of owners that wait for theirs, and acts on both."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._dependents: dict[str, set[Place]] = {}
        self._waiting: dict[str, Place] = {}
        for storage in registry.store.resources():
            for obj in registry.store.items(storage):
                self._index(storage, obj)
                self._note_waiting(storage, obj)

    def react(self, resource: GroupPlural, change: Change) -> None:
        """Handle one change."""
        if change.old is not None:
            self._unindex(resource, change.old)
        live = self._registry.store.get(resource, namespace_of(change.obj), name_of(change.obj))
        if live is not None:
            self._index(resource, live)
            self._note_waiting(resource, live)
        if change.kind == "DELETED":
            self._waiting.pop(uid_of(change.obj), None)
            self._owner_gone(uid_of(change.obj))
            for reference in _references(change.obj):
                self._check_foreground_owner(reference["uid"])
            return
        if live is None or uid_of(live) != uid_of(change.obj):
            return
        if is_deleting(live):
            self._finish_deletion(resource, live)
        if _references(live) and (change.old is None or _references(change.old) != _references(live)):
            self._check_owners(resource, live)
        if change.old is not None and _references(change.old) != _references(live):
            for reference in _references(change.old):
                self._check_foreground_owner(reference["uid"])

    def _index(self, storage: GroupPlural, obj: Object) -> None:
        for reference in _references(obj):
            key = (storage, namespace_of(obj), name_of(obj))
            self._dependents.setdefault(reference["uid"], set()).add(key)

    def _unindex(self, storage: GroupPlural, obj: Object) -> None:
        for reference in _references(obj):
            keys = self._dependents.get(reference["uid"])
            if keys is not None:
                keys.discard((storage, namespace_of(obj), name_of(obj)))
                if not keys:
                    del self._dependents[reference["uid"]]

    def _dependents_of(self, uid: str) -> list[tuple[GroupPlural, Object]]:
        found = []
        for storage, namespace, name in sorted(self._dependents.get(uid, ())):
            obj = self._registry.store.get(storage, namespace, name)
            if obj is not None:
                found.append((storage, obj))
        return found

    def _owner_gone(self, uid: str) -> None:
        for storage, dependent in self._dependents_of(uid):
            self._check_owners(storage, dependent)

    def _check_owners(self, storage: GroupPlural, obj: Object) -> None:
        """Delete an object none of whose owners exist; drop references to those that do not, if some do."""
        references = _references(obj)
        alive = [one for one in references if self._owner(obj, one) is not None]
        if len(alive) == len(references):
            return
        if alive:
            gone = {one["uid"] for one in references} - {one["uid"] for one in alive}
            self._drop_references(storage, obj, gone)
        elif not is_deleting(obj):
            policy = None if {ORPHAN, FOREGROUND} & set(finalizers_of(obj)) else "Background"
            self._delete(storage, obj, policy)

    def _owner(self, obj: Object, reference: dict[str, Any]) -> Object | None:
        """Return the live owner, or None. An object with another namespace or UID is not the owner.

        A reference that cannot be resolved (a kind that is not served, a namespaced owner of a cluster-scoped object)
        counts as alive: the real collector retries it forever instead of deleting on a guess.
        """
        resource = self._registry.catalog.by_kind(reference.get("apiVersion", ""), reference.get("kind", ""))
        if resource is None or (resource.namespaced and not namespace_of(obj)):
            return {}
        namespace = namespace_of(obj) if resource.namespaced else ""
        owner = self._registry.store.get(resource.storage, namespace, reference.get("name", ""))
        return owner if owner is not None and uid_of(owner) == reference["uid"] else None

    def _finish_deletion(self, storage: GroupPlural, obj: Object) -> None:
        finalizers = finalizers_of(obj)
        if ORPHAN in finalizers:
            for dependent_storage, dependent in self._dependents_of(uid_of(obj)):
                self._drop_references(dependent_storage, dependent, {uid_of(obj)})
            self._remove_finalizer(storage, obj, ORPHAN)
        elif FOREGROUND in finalizers:
            self._delete_dependents(storage, obj)

    def _delete_dependents(self, storage: GroupPlural, obj: Object) -> None:
        blocking = False
        for dependent_storage, dependent in self._dependents_of(uid_of(obj)):
            blocks = any(one["uid"] == uid_of(obj) and one.get("blockOwnerDeletion") for one in _references(dependent))
            others = [one for one in _references(dependent) if one["uid"] != uid_of(obj)]
            if any(self._owner(dependent, one) is not None for one in others):
                self._drop_references(dependent_storage, dependent, {uid_of(obj)})
                continue
            blocking = blocking or blocks
            if not is_deleting(dependent):
                # Only objects with dependents are deleted in the foreground: a leaf has nothing to wait for.
                policy = "Foreground" if self._dependents.get(uid_of(dependent)) else "Background"
                self._delete(dependent_storage, dependent, policy)
        if not blocking:
            self._remove_finalizer(storage, obj, FOREGROUND)

    def _note_waiting(self, storage: GroupPlural, obj: Object) -> None:
        if is_deleting(obj) and FOREGROUND in finalizers_of(obj):
            self._waiting[uid_of(obj)] = (storage, namespace_of(obj), name_of(obj))

    def _check_foreground_owner(self, uid: str) -> None:
        """Delete the owner if this was the last dependent that it waited for."""
        if uid not in self._waiting:
            return
        storage, namespace, name = self._waiting[uid]
        owner = self._registry.store.get(storage, namespace, name)
        if owner is not None and uid_of(owner) == uid and FOREGROUND in finalizers_of(owner):
            self._delete_dependents(storage, owner)

    def _resource(self, storage: GroupPlural) -> ResourceType:
        return self._registry.catalog.of_storage(storage)

    def _delete(self, storage: GroupPlural, obj: Object, policy: str | None) -> None:
        options = DeleteOptions(propagation=policy, uid=uid_of(obj))
        try:
            self._registry.delete(self._resource(storage), namespace_of(obj), name_of(obj), options)
        except StatusError as error:
            if error.code not in (403, 404, 409):
                raise

    def _drop_references(self, storage: GroupPlural, obj: Object, uids: set[str]) -> None:
        def edit(live: Object) -> None:
            live["metadata"]["ownerReferences"] = [one for one in _references(live) if one["uid"] not in uids]

        rewrite(self._registry, self._resource(storage), namespace_of(obj), name_of(obj), edit)

    def _remove_finalizer(self, storage: GroupPlural, obj: Object, finalizer: str) -> None:
        def edit(live: Object) -> None:
            live["metadata"]["finalizers"] = [name for name in finalizers_of(live) if name != finalizer]

        rewrite(self._registry, self._resource(storage), namespace_of(obj), name_of(obj), edit)


def _references(obj: Object) -> list[dict[str, Any]]:
    return obj.get("metadata", {}).get("ownerReferences") or []
