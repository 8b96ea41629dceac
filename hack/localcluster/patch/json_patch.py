"""JSON patch (RFC 6902), applied by the `jsonpatch` library, refused in the API server's words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jsonpatch
import jsonpointer

from .errors import PatchError, json_kind, rejected, unreadable

MAX_OPERATIONS = 10_000


def json_patch(target: Mapping[str, Any], operations: Any) -> Any:
    """`target` with the operations applied in order.

    Raises:
        PatchError: 400 if `operations` is not a list of objects, 413 if there are too many, 422 if one of them does
            not fit the target (a failed test, a path that is not there).
    """
    if not isinstance(operations, list):
        raise unreadable(operations, "[]handlers.jsonPatchOp")
    for operation in operations:
        if operation is not None and not isinstance(operation, dict):
            raise PatchError(
                400,
                f"error decoding patch: json: cannot unmarshal {json_kind(operation)} "
                "into Go value of type handlers.jsonPatchOp",
            )
    if len(operations) > MAX_OPERATIONS:
        raise PatchError(
            413,
            f"The allowed maximum operations in a JSON patch is {MAX_OPERATIONS}, got {len(operations)}",
        )
    try:
        return jsonpatch.JsonPatch(operations).apply(dict(target))
    except (jsonpatch.JsonPatchException, jsonpointer.JsonPointerException, TypeError, KeyError) as error:
        raise rejected() from error
