"""Reading and writing objects the way `registry/generic/registry/store.go` and `registry/rest` do.

Every write is one synchronous step: read, decide, validate, store. The event loop makes it atomic.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable

from .. import errors
from ..clock import now_seconds
from ..fielderrors import invalid
from ..objects import Object, is_deleting, meta, name_of, object_key, same_content, uid_of
from ..rbac.guard import WriteGuard
from ..storage.store import Store
from . import admission
from .catalog import Catalog
from .context import DeleteOptions, WriteContext
from .deletion import Deletion
from .kinds.core import NamespaceStrategy
from .managed import track
from .resource import ResourceType

_SYSTEM_FIELDS = ("uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink")
_SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
Change = Callable[[Object | None], Object]


class Registry:
    """The write paths and the single-object read path over a store.

    Args:
        guard: refuses writes by which a user would hand out rights that it does not have.
    """

    def __init__(self, store: Store, catalog: Catalog, guard: WriteGuard) -> None:
        self.store = store
        self.catalog = catalog
        self._guard = guard
        self._deletion = Deletion(store)

    def get(self, resource: ResourceType, namespace: str, name: str) -> Object:
        """The stored object.

        Raises:
            StatusError: 404.
        """
        found = self.store.get(resource.storage, namespace, name)
        if found is None:
            raise errors.not_found(resource.group, resource.plural, name)
        return found

    def create(self, resource: ResourceType, namespace: str, obj: Object, context: WriteContext) -> Object:
        """Add an object that was decoded and is of this resource's version; gives the stored form.

        Raises:
            StatusError: 400, 403, 404, 409, 422.
        """
        metadata = {key: value for key, value in obj["metadata"].items() if key not in _SYSTEM_FIELDS}
        obj = {**obj, "metadata": metadata}
        match_namespace(resource, namespace, metadata)
        self._guard.check(resource.storage, namespace, "", obj, None, context.user)
        obj = resource.face.stored(track(resource, None, obj, context))
        return self._insert(resource, namespace, obj, context)

    def _insert(
        self, resource: ResourceType, namespace: str, obj: Object, context: WriteContext, *, by_update: bool = False
    ) -> Object:
        metadata = dict(obj["metadata"])
        obj = {**obj, "metadata": metadata}
        admission.admit_create(self.store, resource, namespace, metadata.get("name") or "")
        metadata["uid"] = str(uuid.uuid4())
        metadata["creationTimestamp"] = now_seconds()
        generated = bool(metadata.get("generateName")) and not metadata.get("name")
        if generated:
            metadata["name"] = self._generate(resource, namespace, metadata["generateName"])
        strategy = resource.strategy
        obj = strategy.prepare_create(obj)
        problems = strategy.validate_create(obj, namespaced=resource.namespaced)
        if problems:
            raise errors.invalid(resource.storage[0], obj["kind"], name_of(obj), problems)
        if by_update:
            self._guard.check_create(resource.group, resource.plural, namespace, name_of(obj), context.user)
        if meta(obj).get("resourceVersion") not in (None, "", "0"):
            raise errors.bare_failure("resourceVersion should not be set on objects to be created")
        existing = self.store.get(resource.storage, namespace, name_of(obj))
        if existing is not None:
            refusal = errors.already_exists(resource.group, resource.plural, name_of(obj))
            if is_deleting(existing):
                refusal.message = f"object is being deleted: {refusal.message}"
            raise refusal
        if context.dry_run:
            return obj
        return self.store.create(resource.storage, obj)

    def _generate(self, resource: ResourceType, namespace: str, prefix: str) -> str:
        while True:
            name = prefix[:58] + "".join(random.choice(_SUFFIX_ALPHABET) for _ in range(5))
            if self.store.get(resource.storage, namespace, name) is None:
                return name

    def update(
        self,
        resource: ResourceType,
        namespace: str,
        name: str,
        change: Change,
        context: WriteContext,
        *,
        create_missing: bool = False,
        uid_precondition: str = "",
        tracked: bool = False,
    ) -> tuple[Object, bool]:
        """Replace the live object by the result of `change`. Returns the stored form, and whether it was created.

        Args:
            change: from the live object (this resource's version; None when missing) to the wanted one.
            create_missing: a missing object is created (apply; PUT of some kinds).
            uid_precondition: 409 unless the live object has this UID.
            tracked: `change` has seen to managedFields itself.

        Raises:
            StatusError: 400, 403, 404, 409, 422.
        """
        live = self.store.get(resource.storage, namespace, name)
        if live is None:
            if not create_missing or context.subresource:
                raise errors.not_found(resource.group, resource.plural, name)
            return self._create_by_update(resource, namespace, name, change, context, tracked, uid_precondition), True
        if uid_precondition and uid_precondition != uid_of(live):
            raise _uid_conflict(resource, namespace, name, uid_precondition, uid_of(live))
        shown = resource.face.shown(live)
        wanted = change(shown)
        match_namespace(resource, namespace, meta(wanted))
        self._guard.check(resource.storage, namespace, name, wanted, shown, context.user)
        if not tracked:
            wanted = track(resource, shown, wanted, context)
        new = resource.face.stored(wanted)
        self._check_version(resource, name, new, live)
        new = self._prepared(resource, new, live, context)
        admission.admit_update(self.store, resource, namespace)
        problems = resource.strategy.validate_update(
            new, live, namespaced=resource.namespaced, subresource=context.subresource
        )
        if problems:
            raise errors.invalid(resource.storage[0], new["kind"], name_of(new), problems)
        return self._replace(resource, new, live, context), False

    def _create_by_update(
        self,
        resource: ResourceType,
        namespace: str,
        name: str,
        change: Change,
        context: WriteContext,
        tracked: bool,
        uid_precondition: str,
    ) -> Object:
        wanted = change(None)
        metadata = dict(meta(wanted))
        if uid_precondition:
            raise _uid_conflict(resource, namespace, name, uid_precondition, "")
        for field in _SYSTEM_FIELDS:
            metadata.pop(field, None)
        match_namespace(resource, namespace, metadata)
        metadata.pop("resourceVersion", None)
        wanted = {**wanted, "metadata": metadata}
        self._guard.check(resource.storage, namespace, name, wanted, None, context.user)
        if not tracked:
            wanted = track(resource, None, wanted, context)
        return self._insert(resource, namespace, resource.face.stored(wanted), context, by_update=True)

    def _check_version(self, resource: ResourceType, name: str, new: Object, live: Object) -> None:
        version = new["metadata"].get("resourceVersion") or ""
        if not version:
            if resource.strategy.unconditional_update:
                return
            problem = invalid("metadata.resourceVersion", 0, "must be specified for an update")
            raise errors.invalid(resource.group, resource.plural, name, [problem])
        if version != live["metadata"]["resourceVersion"]:
            raise errors.stale(resource.group, resource.plural, name)

    def _prepared(self, resource: ResourceType, new: Object, live: Object, context: WriteContext) -> Object:
        strategy = resource.strategy
        if context.subresource == "status":
            return strategy.prepare_status(new, live)
        if context.subresource == "finalize" and isinstance(strategy, NamespaceStrategy):
            return strategy.prepare_finalize(new, live)
        before = live["metadata"]
        metadata = {**new["metadata"], "creationTimestamp": before["creationTimestamp"]}
        metadata.setdefault("uid", before["uid"])
        if not metadata["uid"]:
            metadata["uid"] = before["uid"]
        for field in ("deletionTimestamp", "deletionGracePeriodSeconds"):
            if field in before:
                metadata[field] = before[field]
        for field in ("labels", "annotations", "finalizers", "ownerReferences"):
            if not metadata.get(field):
                metadata.pop(field, None)
        return strategy.prepare_update({**new, "metadata": metadata}, live)

    def _replace(self, resource: ResourceType, new: Object, live: Object, context: WriteContext) -> Object:
        if same_content(new, live):
            return live
        version = live["metadata"]["resourceVersion"]
        new = {**new, "metadata": {**new["metadata"], "resourceVersion": version}}
        if self._deletion.due(resource, new, live):
            if not context.dry_run:
                self.store.delete(resource.storage, live)
            return new
        return new if context.dry_run else self.store.update(resource.storage, new, live)

    def delete(self, resource: ResourceType, namespace: str, name: str, options: DeleteOptions) -> Object:
        """Delete, or begin to delete. Returns a Status, or the object that remains.

        Raises:
            StatusError: 403, 404, 409.
        """
        admission.admit_delete(resource, name)
        live = self.get(resource, namespace, name)
        return self._deletion.delete(resource, live, options)


def match_namespace(resource: ResourceType, namespace: str, metadata: dict[str, object]) -> None:
    """Give the object the request's namespace, or none when it is cluster-scoped.

    Raises:
        StatusError: 400 when it names another one.
    """
    own = metadata.get("namespace") or ""
    if not resource.namespaced:
        metadata.pop("namespace", None)
    elif own and own != namespace:
        raise errors.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    else:
        metadata["namespace"] = namespace


def _uid_conflict(resource: ResourceType, namespace: str, name: str, wanted: str, found: str) -> errors.StatusError:
    """409 in the words of the storage layer, which shows its keys."""
    folder = f"{resource.group}/{resource.plural}" if resource.custom else resource.plural
    text = (
        f"StorageError: invalid object, Code: 4, Key: /registry/{folder}/{object_key(namespace, name)}, "
        f"ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition: {wanted}, "
        f"UID in object meta: {found}"
    )
    return errors.conflict(resource.group, resource.plural, name, text)
