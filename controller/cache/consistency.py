"""Makes a reconcile wait until the caches contain its own earlier writes (KEP-5647).

A reconcile may write an object and run again before the watch has delivered that write. It would then decide on an
outdated state: create a second object, undo the change, or count wrong. So every write is recorded with its
resourceVersion, and a reconcile first checks that each store has caught up with the writes for its owner.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from controller.apimachinery.resources import Resource
from controller.cache.versions import is_older


class VersionedStore(Protocol):
    """The part of a store that is needed here."""

    def last_sync_resource_version(self) -> str:
        """Return the resourceVersion up to which the store is current."""
        ...


class ConsistencyError(Exception):
    """A store has not caught up with the writes for this owner. This is not a failure: try again shortly."""


@dataclass(frozen=True, slots=True)
class _Written:
    """The resourceVersion of a write, and the one up to which the store was current at the time of the write."""

    version: str
    cached: str


@dataclass(slots=True)
class _Record:
    uid: str
    versions: dict[Resource, _Written] = field(default_factory=dict)


class ConsistencyStore:
    """The latest writes for each owner. Thread-safe; the queue ensures that only one worker handles an owner at a time.

    Record only writes to objects that the stores watch. Other writes would never appear in a store.
    """

    def __init__(self, *, stores: Mapping[Resource, VersionedStore]) -> None:
        self._stores = stores
        self._lock = threading.Lock()
        self._records: dict[str, _Record] = {}

    def wrote_at(self, owner_key: str, owner_uid: str, resource: Resource, resource_version: str) -> None:
        """Record that an object of `resource` was written for the owner and is now at `resource_version`.

        For each resource the greatest version counts. A different UID means a different owner, so its record starts
        over.
        """
        with self._lock:
            record = self._records.get(owner_key)
            if record is None or record.uid != owner_uid:
                record = self._records[owner_key] = _Record(uid=owner_uid)
            known = record.versions.get(resource)
            store = self._stores.get(resource)
            cached = store.last_sync_resource_version() if store else ""
            # If the server was restored from a backup since the last write, only the new write counts.
            if known is None or is_older(cached, known.cached) or not is_older(resource_version, known.version):
                record.versions[resource] = _Written(resource_version, cached)

    def ensure_ready(self, owner_key: str) -> None:
        """Raise ConsistencyError while a store is older than a write for the owner.

        Three cases never block: a resource without a store, versions that cannot be compared, and a store whose version
        went back after the write. In the last case the server was restored from a backup, and the write is lost.
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
                raise ConsistencyError(f"{resource} is cached up to {current}, but written at {written.version}")
        with self._lock:
            if self._records.get(owner_key) is record:
                self._records.pop(owner_key, None)

    def clear(self, owner_key: str, owner_uid: str | None = None) -> None:
        """Drop the record of a deleted owner. With `owner_uid`, keep the record if it belongs to a successor."""
        with self._lock:
            record = self._records.get(owner_key)
            if record is not None and owner_uid in (None, record.uid):
                del self._records[owner_key]
