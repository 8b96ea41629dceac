"""Reading one's own writes from caches that lag (KEP-5647).

A reconcile that wrote something, and runs again before the write came back through the watch, would decide on a state
that it knows to be old: create twice, undo, count wrong. So every write is recorded with its resourceVersion, and a
reconcile first checks that each store has caught up with its owner's writes.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from controller.apimachinery.resources import Resource
from controller.cache.versions import is_older


class VersionedStore(Protocol):
    """What is asked of a store."""

    def last_sync_resource_version(self) -> str:
        """Up to which version the store is current."""
        ...


class ConsistencyError(Exception):
    """A store has not caught up with what was written for this owner: try again shortly, it is no failure."""


@dataclass(frozen=True, slots=True)
class _Written:
    """A write's version, and up to which version the store was current when it was made."""

    version: str
    cached: str


@dataclass(slots=True)
class _Record:
    uid: str
    versions: dict[Resource, _Written] = field(default_factory=dict)


class ConsistencyStore:
    """Who wrote what last, per owner. Thread-safe; the queue guarantees that one owner is in one worker at a time.

    Record only writes to objects that the stores watch: others would never be seen to arrive.
    """

    def __init__(self, *, stores: Mapping[Resource, VersionedStore]) -> None:
        self._stores = stores
        self._lock = threading.Lock()
        self._records: dict[str, _Record] = {}

    def wrote_at(self, owner_key: str, owner_uid: str, resource: Resource, resource_version: str) -> None:
        """Something of `resource` was written for the owner, and is at `resource_version` now.

        The greatest version per resource counts. An owner with another UID is another owner: its record starts over.
        """
        with self._lock:
            record = self._records.get(owner_key)
            if record is None or record.uid != owner_uid:
                record = self._records[owner_key] = _Record(uid=owner_uid)
            known = record.versions.get(resource)
            store = self._stores.get(resource)
            cached = store.last_sync_resource_version() if store else ""
            # Of a server that went back since, only what is written now counts.
            if known is None or is_older(cached, known.cached) or not is_older(resource_version, known.version):
                record.versions[resource] = _Written(resource_version, cached)

    def ensure_ready(self, owner_key: str) -> None:
        """Raise ConsistencyError while a store is older than what was written for the owner.

        A resource without a store, and versions that cannot be compared, never hold anything up. Neither does a store
        that went back since: the server was restored, and will never come to the version that it gave that write.
        """
        with self._lock:
            record = self._records.get(owner_key)
            versions = dict(record.versions) if record else {}
        for resource, written in versions.items():
            store = self._stores.get(resource)
            if store is None:
                continue
            current = store.last_sync_resource_version()
            if is_older(current, written.version) and not is_older(current, written.cached):
                raise ConsistencyError(f"{resource} is cached up to {current}, written at {written.version}")
        with self._lock:
            if self._records.get(owner_key) is record:
                self._records.pop(owner_key, None)

    def clear(self, owner_key: str, owner_uid: str | None = None) -> None:
        """Forget an owner that is gone; with `owner_uid` only if the record is that owner's and not a successor's."""
        with self._lock:
            record = self._records.get(owner_key)
            if record is not None and owner_uid in (None, record.uid):
                del self._records[owner_key]
