"""JSON merge patch (RFC 7386)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import unreadable


def merge_patch(target: Mapping[str, Any], patch: Any) -> dict[str, Any]:
    """`target` with `patch` merged in: maps member by member, null removes, everything else replaces.

    Raises:
        PatchError: 400 when the patch is no object.
    """
    if not isinstance(patch, dict):
        raise unreadable(patch, "map[string]interface {}")
    return _merge(target, patch)


def _merge(target: Any, patch: dict[str, Any]) -> dict[str, Any]:
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            result[name] = _merge(result.get(name), value)
        else:
            result[name] = value
    return result
