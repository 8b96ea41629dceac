"""Computes and applies patches between plain objects, in the two formats that custom resources accept.

A JSON patch (RFC 6902) can express every change, including explicit nulls in free-form Helm values. A merge patch
(RFC 7386) cannot set a null, but it creates missing parents, so it suits metadata and status.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

# The API server accepts 10 000 operations in one patch, but fewer are easier to read in its audit log.
_OPERATIONS_LIMIT: Final = 1000
_CANONICAL: Final = msgspec.json.Encoder(order="deterministic")


def equal(left: Any, right: Any) -> bool:
    """Whether two values are equal in JSON. Python considers `True == 1` true, and so would miss such a change."""
    if left is right:
        return True
    if not isinstance(left, dict | list):
        return _equal(left, right)
    # Nearly all values that are compared are equal, and this compares them in C.
    return bool(left == right) and (_have_one_text(left, right) or _equal(left, right))


def json_patch(current: Any, wanted: Any, path: str = "") -> list[dict[str, Any]]:
    """Return the operations that turn `current` into `wanted`, both at JSON pointer `path`.

    Lists are replaced as a whole, and so are maps with very many differences.
    """
    whole = {"op": "replace", "path": path, "value": wanted}
    if equal(current, wanted):
        return []
    if not (isinstance(current, Mapping) and isinstance(wanted, Mapping)):
        return [whole]
    operations: list[dict[str, Any]] = []
    for key in current:
        if key not in wanted:
            operations.append({"op": "remove", "path": f"{path}/{_escape(key)}"})
    for key, value in wanted.items():
        pointer = f"{path}/{_escape(key)}"
        if key not in current:
            operations.append({"op": "add", "path": pointer, "value": value})
        else:
            operations += json_patch(current[key], value, pointer)
    return operations if len(operations) <= _OPERATIONS_LIMIT else [whole]


def merge_patch(current: Mapping[str, Any], wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the merge patch that turns `current` into `wanted`; {} if they are equal. Neither may contain nulls."""
    patch: dict[str, Any] = {key: None for key in current if key not in wanted}
    for key, value in wanted.items():
        before = current.get(key)
        if key in current and equal(before, value):
            continue
        if isinstance(before, Mapping) and isinstance(value, Mapping):
            value = merge_patch(before, value)
        patch[key] = value
    return patch


def apply_json_patch(obj: Mapping[str, Any], operations: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return `obj` after the operations `test`, `add`, `replace` and `remove`, which may address only maps.

    Raises ValueError: a test fails, or a path is not there.
    """
    outcome = copy.deepcopy(dict(obj))
    for operation in operations:
        *parents, last = [_unescape(token) for token in operation["path"].split("/")[1:]]
        place: Any = outcome
        for token in parents:
            place = place.get(token) if isinstance(place, dict) else None
        if not isinstance(place, dict) or (operation["op"] != "add" and last not in place):
            raise ValueError(f"{operation['path']} is not there")
        match operation["op"]:
            case "test" if not equal(place[last], operation["value"]):
                raise ValueError(f"{operation['path']} is another one")
            case "add" | "replace":
                place[last] = copy.deepcopy(operation["value"])
            case "remove":
                del place[last]
    return outcome


def apply_merge_patch(obj: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Return `obj` after a merge patch: maps are merged, null removes, everything else is replaced."""
    outcome = dict(obj)
    for key, value in patch.items():
        if value is None:
            outcome.pop(key, None)
        elif isinstance(value, Mapping):
            before = outcome.get(key)
            outcome[key] = apply_merge_patch(before if isinstance(before, Mapping) else {}, value)
        else:
            outcome[key] = value
    return outcome


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return left.keys() == right.keys() and all(_equal(value, right[key]) for key, value in left.items())
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(_equal(a, b) for a, b in zip(left, right, strict=True))
    return isinstance(left, bool) == isinstance(right, bool) and bool(left == right)


def _have_one_text(left: Any, right: Any) -> bool:
    try:
        return _CANONICAL.encode(left) == _CANONICAL.encode(right)
    except (TypeError, ValueError, OverflowError):
        # A part that JSON cannot have, such as one that could not be read.
        return False


def _unescape(token: str) -> str:
    return token.replace("~1", "/").replace("~0", "~")


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
