"""JSON merge patch (RFC 7386), with the one liberty of the API server's library: nulls in new lists of objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .errors import unreadable

_ABSENT = object()


def merge_patch(target: Mapping[str, Any], patch: Any) -> dict[str, Any]:
    """`target` with `patch` merged in: maps member by member, null removes, everything else replaces.

    Null members of objects that are new to the target vanish, those inside lists too; null items of lists stay.

    Raises:
        PatchError: 400 if the patch is not an object.
    """
    if not isinstance(patch, dict):
        raise unreadable(patch, "map[string]interface {}")
    return _merged(dict(target), patch)


def _merged(target: dict[str, Any], patch: dict[str, Any]) -> dict[str, Any]:
    result = dict(target)
    for name, value in patch.items():
        current = result.get(name, _ABSENT)
        if value is None:
            result.pop(name, None)
        elif isinstance(current, dict):
            result[name] = _merged(current, value) if isinstance(value, dict) else value
        else:
            result[name] = _without_nulls(value)
    return result


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value
