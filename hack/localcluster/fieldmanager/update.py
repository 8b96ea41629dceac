"""Ownership of fields after create, update and every kind of patch but apply.

Source of the rules: k8s.io/apimachinery, package util/managedfields/internal, and the server's handling of timestamps
of writes that change nothing.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..schema.typing import Typing
from . import managed
from .fieldset import EMPTY, FieldSet, Path
from .managed import Manager, Managers, Ownership
from .walk import Comparison, compare, same


def track_update(
    old: Mapping[str, Any] | None,
    new: Mapping[str, Any],
    *,
    manager: str,
    api_version: str,
    subresource: str = "",
    now: dt.datetime,
    typing: Typing,
    reset_fields: Iterable[Path] = (),
) -> dict[str, Any]:
    """Return `new` with its managedFields as the server would write them.

    Args:
        old: the stored object, or None on create.
        new: the object to be stored, as the client sent or patched it. Its managedFields, if any, replace the stored
            ones (clients may edit them); an empty list resets them.
        manager: the request's field manager; "" means `unknown`.
        api_version: the version the request speaks.
        subresource: `status`, `scale` or "".
        now: the moment of the write.
        typing: how objects of this kind merge.
        reset_fields: paths that this endpoint discards, e.g. `("f:status",)`; a write never makes a manager own them.
    """
    creating = old is None
    before = managed.without_managed_fields(old or {})
    after = managed.without_managed_fields(new)
    managers = _starting_managers(old or {}, new, subresource=subresource)
    if not managers and not creating and (old or {}).get("metadata", {}).get("uid"):
        # After a reset, the ownership of an object is tracked again only once a client applies it.
        return managed.with_managed_fields(after, {})
    changes, managers = release_changed(
        before, after, managers, api_version=api_version, typing=typing, reset_fields=frozenset(reset_fields), keep=None
    )
    gained = managed.ignore(changes.modified | changes.added, frozenset(reset_fields))
    gained = managed.strip_unowned(gained)
    if gained:
        identity = Manager.of(name=manager, operation="Update", api_version=api_version, subresource=subresource)
        previous = managers.get(identity)
        managers[identity] = Ownership(
            fields=gained | (previous.fields if previous else EMPTY),
            api_version=api_version,
            time=managed.now_text(now),
        )
    result = managed.with_managed_fields(after, managed.cap_updaters(managers))
    return result if creating else _keep_times_of_noop(old or {}, result)


def release_changed(
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    managers: Managers,
    *,
    api_version: str,
    typing: Typing,
    reset_fields: FieldSet,
    keep: Manager | None,
) -> tuple[Comparison, Managers]:
    """Take from every manager but `keep` what the change from `before` to `after` modified, added or removed."""
    changes = compare(before, after, typing).without(lambda fields: managed.ignore(fields, reset_fields))
    gone = changes.modified | changes.added | changes.removed
    left = {
        manager: owned if manager == keep else replace(owned, fields=owned.fields - gone)
        for manager, owned in managers.items()
    }
    return changes, managed.drop_empty(left)


def _starting_managers(old: Mapping[str, Any], new: Mapping[str, Any], *, subresource: str) -> Managers:
    """The managers to start from: those the request brings, else the stored ones."""
    stored = (old.get("metadata") or {}).get("managedFields")
    brought = (new.get("metadata") or {}).get("managedFields")
    if not subresource:
        if brought is not None and (brought == [] or brought == [{}]):
            return {}
        managers = _read_or_none(brought)
        if managers:
            return managers
    return _read_or_none(stored) or {}


def _read_or_none(entries: Any) -> Managers | None:
    try:
        return managed.read(entries)
    except ValueError:
        return None


def _keep_times_of_noop(old: Mapping[str, Any], result: dict[str, Any]) -> dict[str, Any]:
    """A write that changes nothing but times of managedFields keeps the stored times, so that nothing is written."""
    stored = (old.get("metadata") or {}).get("managedFields")
    entries = (result.get("metadata") or {}).get("managedFields")
    if not stored or not entries or stored == entries or not same(_timeless(stored), _timeless(entries)):
        return result
    if not same(managed.without_managed_fields(old), managed.without_managed_fields(result)):
        return result
    return {**result, "metadata": {**result["metadata"], "managedFields": stored}}


def _timeless(entries: Any) -> list[dict[str, Any]]:
    return [{k: v for k, v in entry.items() if k != "time"} for entry in entries]
