"""Server-side apply: merges a configuration, removes fields that its manager no longer names, and finds conflicts.

Source of the rules: sigs.k8s.io/structured-merge-diff, package merge, and k8s.io/apimachinery, util/managedfields.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from typing import Any

from ..fielderrors import go_quote
from ..nesting import unfold
from ..objects import decode
from ..schema.typing import Typing
from . import managed
from .fieldset import EMPTY, FieldSet, Path, path_text, preorder
from .managed import Manager, Managers, Ownership
from .merge import merge, remove, with_named_parents
from .typed import check_typed
from .update import release_changed
from .walk import compare, field_set, same

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_BEFORE_FIRST_APPLY = "before-first-apply"


class ApplyConflict(Exception):
    """An intent would change fields that others manage; answered with 409.

    Attributes:
        conflicts: (manager, path) pairs, in the order of the causes.
        message: the Status message.
        causes: `details.causes` of the Status.
    """

    def __init__(self, conflicts: Iterable[tuple[Manager, Path]]) -> None:
        self.conflicts = tuple(conflicts)
        super().__init__(self.message)

    @property
    def message(self) -> str:
        if len(self.conflicts) == 1:
            manager, path = self.conflicts[0]
            return f"Apply failed with 1 conflict: conflict with {_printed(manager)}: {path_text(path)}"
        lines = []
        for owner in sorted({manager for manager, _ in self.conflicts}):
            lines.append(f"conflicts with {_printed(owner)}:")
            lines.extend(f"- {path_text(path)}" for manager, path in self.conflicts if manager == owner)
        return f"Apply failed with {len(self.conflicts)} conflicts: " + "\n".join(lines)

    @property
    def causes(self) -> list[dict[str, str]]:
        return [
            {
                "reason": "FieldManagerConflict",
                "message": f"conflict with {_printed(manager)}",
                "field": path_text(path),
            }
            for manager, path in self.conflicts
        ]


def _printed(manager: Manager) -> str:
    text = go_quote(manager.name)
    if manager.subresource:
        text = f"{text} with subresource {go_quote(manager.subresource)}"
    if manager.operation == "Update":
        text = f"{text} using {manager.api_version}"
    return text


def apply(
    live: Mapping[str, Any] | None,
    intent: Mapping[str, Any],
    *,
    manager: str,
    force: bool,
    api_version: str,
    subresource: str = "",
    now: dt.datetime,
    typing: Typing,
    reset_fields: Iterable[Path] = (),
) -> dict[str, Any]:
    """`live` with `intent` applied, managedFields included.

    Args:
        live: the stored object, or None when the apply creates it.
        intent: the applied configuration; it must not carry managedFields.
        manager: the field manager (required by the server for apply).
        force: take fields over from other managers instead of failing.
        api_version, subresource, now, typing, reset_fields: as for `track_update`.

    Raises:
        ApplyConflict: somebody else manages a field that the intent would change.
        TypingError: the intent does not fit its typing (undeclared fields, other types, list items without identity).
        ValueError: the stored managedFields cannot be read.
    """
    check_typed(intent, typing)
    stored = live or {}
    resets = frozenset(reset_fields)
    managers = managed.read((stored.get("metadata") or {}).get("managedFields"))
    before = managed.without_managed_fields(stored)
    if live is not None and not managers:
        added = managed.ignore(compare({}, before, typing).added, resets)
        managers = _before_first_apply(added, api_version=api_version, subresource=subresource, now=now)
    identity = Manager.of(name=manager, operation="Apply", api_version=api_version, subresource=subresource)
    merged, left, conflicts = _merge_and_prune(
        before, intent, managers, identity, api_version=api_version, typing=typing, resets=resets
    )
    if conflicts and not force:
        if manager == "kubectl":
            allowed = _last_applied_fields(before, api_version=api_version, typing=typing)
            conflicts = [conflict for conflict in conflicts if conflict[1] not in allowed]
        if conflicts:
            raise ApplyConflict(conflicts)
    changed = not same(before, merged)
    owned = left.get(identity)
    if owned:
        # A manager that joins without changing anything gets an entry without a time: so does the real server.
        time = managed.now_text(now) if changed else managers[identity].time if identity in managers else ""
        left[identity] = Ownership(fields=managed.strip_unowned(owned.fields), api_version=api_version, time=time)
    result = managed.with_managed_fields(merged, managed.drop_empty(left))
    return _with_last_applied(result, intent) if manager == "kubectl" else result


def _merge_and_prune(
    before: Mapping[str, Any],
    intent: Mapping[str, Any],
    managers: Managers,
    identity: Manager,
    *,
    api_version: str,
    typing: Typing,
    resets: FieldSet,
) -> tuple[dict[str, Any], Managers, list[tuple[Manager, Path]]]:
    last = managers.get(identity)
    owned = managed.ignore(field_set(intent, typing), resets)
    claims: Managers = {**managers, identity: Ownership(fields=owned, api_version=api_version, time="")}
    merged = merge(before, dict(intent), typing)
    if last and last.fields:
        merged = _prune(merged, last.fields, claims, typing)
    changes, left = release_changed(
        before, merged, claims, api_version=api_version, typing=typing, reset_fields=resets, keep=identity
    )
    taken = changes.modified | changes.added
    conflicts = [
        (other, path)
        for other in sorted(managers)
        if other != identity
        for path in preorder(managers[other].fields & taken)
    ]
    return merged, left, conflicts


def _prune(merged: dict[str, Any], last: FieldSet, claims: Managers, typing: Typing) -> dict[str, Any]:
    """Remove the fields that the manager applied last time and that no manager claims now."""
    last_named = with_named_parents(last, typing)
    pruned = remove(merged, last_named, typing) or {}
    everything = with_named_parents(field_set(merged, typing), typing)

    def removed_from(kept: FieldSet) -> FieldSet:
        return everything - kept

    claimed = frozenset().union(*(owned.fields for owned in claims.values()))
    kept = with_named_parents(field_set(pruned, typing), typing) | with_named_parents(claimed, typing)
    pruned = remove(merged, removed_from(kept), typing) or {}
    kept = with_named_parents(field_set(pruned, typing), typing)
    return remove(merged, removed_from(kept) & last_named, typing) or {}


def _before_first_apply(fields: FieldSet, *, api_version: str, subresource: str, now: dt.datetime) -> Managers:
    """An object of unknown history: everything in it belongs to a manager called before-first-apply."""
    fields = managed.strip_unowned(fields)
    if not fields:
        return {}
    owner = Manager.of(name=_BEFORE_FIRST_APPLY, operation="Update", api_version=api_version, subresource=subresource)
    return {owner: Ownership(fields=fields, api_version=api_version, time=managed.now_text(now))}


def _last_applied_fields(before: Mapping[str, Any], *, api_version: str, typing: Typing) -> FieldSet:
    """Fields that kubectl applied from the client before and that still have those values: it may take them over."""
    text = ((before.get("metadata") or {}).get("annotations") or {}).get(LAST_APPLIED)
    if not text:
        return EMPTY
    try:
        applied = decode(text.encode())
        if applied.get("apiVersion") != api_version:
            return EMPTY
        changes = compare(applied, before, typing)
        return field_set(applied, typing) - changes.modified - changes.added - changes.removed
    except (ValueError, AttributeError):
        return EMPTY


def _with_last_applied(result: dict[str, Any], intent: Mapping[str, Any]) -> dict[str, Any]:
    """Keeps kubectl's annotation in step, for clients that still apply from the client's side."""
    metadata = result.get("metadata") or {}
    annotations = metadata.get("annotations") or {}
    if not annotations.get(LAST_APPLIED):
        return result
    own = {k: v for k, v in ((intent.get("metadata") or {}).get("annotations") or {}).items() if k != LAST_APPLIED}
    stated = {**intent, "metadata": {**(intent.get("metadata") or {}), "annotations": own}}
    if not own:
        stated["metadata"].pop("annotations")
    text = unfold(json.dumps(stated, separators=(",", ":"), sort_keys=True)) + "\n"
    return {**result, "metadata": {**metadata, "annotations": {**annotations, LAST_APPLIED: text}}}
