"""Strategic merge patch: a merge patch that knows which lists are merged by which key, and a few directives.

Source of the rules: k8s.io/apimachinery, package util/strategicpatch.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from ..fieldmanager.walk import same
from ..schema.typing import Typing
from .errors import PatchError, json_kind

_DIRECTIVE = "$patch"
_DELETE_PRIMITIVES = "$deleteFromPrimitiveList/"
_ELEMENT_ORDER = "$setElementOrder/"
_RETAIN_KEYS = "$retainKeys"


def strategic_merge_patch(target: dict[str, Any], patch: Any, typing: Typing) -> dict[str, Any]:
    """`target` with `patch` merged in as the typing's patch strategies and merge keys say.

    Raises:
        PatchError: 400 if the patch is not an object; 422 or 500, as on the real server, if a directive is invalid.
    """
    if not isinstance(patch, dict):
        kind = json_kind(patch)
        raise PatchError(400, f"json: cannot unmarshal {kind} into Go value of type map[string]interface {{}}")
    return _merge_map(copy.deepcopy(target), copy.deepcopy(patch), typing)


def _merge_map(original: dict[str, Any], patch: dict[str, Any], typing: Typing) -> dict[str, Any]:
    if _DIRECTIVE in patch:
        return _directed_map(patch)
    patch = dict(patch)
    _retain_keys(original, patch)
    _merge_ordered_lists(original, patch, typing)
    for key, value in patch.items():
        deletes = key.startswith(_DELETE_PRIMITIVES)
        name = key.removeprefix(_DELETE_PRIMITIVES)
        if value is None:
            original.pop(name, None)
            continue
        if name not in original or type(original[name]) is not type(value):
            if not deletes:
                kept, keep = _without_directives(_without_nulls(value))
                if keep:
                    original[name] = kept
                else:
                    original.pop(name, None)
            continue
        inner = typing.field(name)
        if isinstance(value, dict):
            replaces = "replace" in inner.patch_strategies
            original[name] = value if replaces else _merge_map(original[name], value, inner)
        elif isinstance(value, list):
            original[name] = _merge_list(original[name], value, inner, deletes=deletes)
        else:
            original[name] = value
    return original


def _directed_map(patch: dict[str, Any]) -> dict[str, Any]:
    directive = patch[_DIRECTIVE]
    if directive == "replace":
        return {name: value for name, value in patch.items() if name != _DIRECTIVE}
    if directive == "delete":
        return {}
    raise PatchError(500, f"unknown patch type: {_go_text(directive)} in map: {_go_map(patch)}")


def _retain_keys(original: dict[str, Any], patch: dict[str, Any]) -> None:
    retained = patch.pop(_RETAIN_KEYS, _RETAIN_KEYS)
    if retained is _RETAIN_KEYS:
        return
    stray = isinstance(retained, list) and any(
        value is not None and name not in retained
        for name, value in patch.items()
        if not name.startswith((_DELETE_PRIMITIVES, _ELEMENT_ORDER))
    )
    if stray or not isinstance(retained, list):
        raise PatchError(400, "invalid patch format of retainKeys")
    for name in [name for name in original if name not in retained]:
        del original[name]


def _merge_ordered_lists(original: dict[str, Any], patch: dict[str, Any], typing: Typing) -> None:
    """Lists that come with a $setElementOrder: merged, then put into that order."""
    for directive in [key for key in patch if key.startswith(_ELEMENT_ORDER)]:
        order = patch.pop(directive)
        name = directive.removeprefix(_ELEMENT_ORDER)
        inner = typing.field(name)
        key = inner.patch_merge_key
        if not isinstance(order, list):
            raise PatchError(500, f"expected a []interface{{}}, but received a {_go_type(order)}")
        live, changes = original.get(name), patch.pop(name, None)
        _check_order(changes or [], order, key)
        if live is None and changes is None:
            continue
        if live is None:
            merged = _without_directives(changes)[0]
        elif changes is None:
            merged = live
        else:
            merged = _merge_list(live, changes, inner, deletes=False)
        matches = _identity(key)
        listed = [item for item in merged if any(matches(item, wanted) for wanted in order)]
        others = [item for item in merged if not any(matches(item, wanted) for wanted in order)]
        original[name] = _ordered(listed, others, order, live or [], matches)


def _check_order(changes: list[Any], order: list[Any], key: str) -> None:
    """The items of a patch must stand in the same order as in its $setElementOrder list."""
    present = [item for item in changes if not (isinstance(item, dict) and _DIRECTIVE in item)]
    matches = _identity(key)
    at = 0
    for wanted in order:
        if at < len(present) and matches(present[at], wanted):
            at += 1
    if at < len(present):
        listed, wanted_order = _go_list(changes), _go_list(order)
        raise PatchError(
            500, f"The order in patch list:\n{listed}\n doesn't match $setElementOrder list:\n{wanted_order}\n"
        )


def _merge_list(original: list[Any], patch: list[Any], typing: Typing, *, deletes: bool) -> list[Any]:
    if not deletes and "merge" not in typing.patch_strategies:
        return patch
    if not original and not patch:
        return original
    matches: Callable[[Any, Any], bool]
    if not isinstance((original or patch)[0], dict):
        if deletes:
            return [item for item in original if not any(same(item, gone) for gone in patch)]
        merged = _unique([*original, *patch])
        matches = same
    else:
        key = typing.patch_merge_key
        if not key:
            raise PatchError(500, "cannot merge lists without merge key")
        original, patch = _apply_item_directives(original, patch, key)
        merged = _merge_items(original, patch, typing)
        matches = _identity(key)
    mentioned = [item for item in merged if any(matches(item, wanted) for wanted in patch)]
    others = [item for item in merged if not any(matches(item, wanted) for wanted in patch)]
    return _ordered(mentioned, others, patch, original, matches)


def _apply_item_directives(original: list[Any], patch: list[Any], key: str) -> tuple[list[Any], list[Any]]:
    rest, replaces = [], False
    for item in patch:
        directive = item.get(_DIRECTIVE)
        if directive is None:
            rest.append(item)
        elif directive == "delete":
            if key not in item:
                raise _no_merge_key(item, key)
            original = [old for old in original if not same(old.get(key), item[key])]
        elif directive == "replace":
            replaces = True
        elif directive == "merge":
            raise PatchError(500, "merging lists cannot yet be specified in the patch")
        else:
            raise PatchError(500, f"unknown patch type: {_go_text(directive)} in map: {_go_map(item)}")
    return (rest, []) if replaces else (original, rest)


def _merge_items(original: list[Any], patch: list[Any], typing: Typing) -> list[Any]:
    key = typing.patch_merge_key
    merged = list(original)
    for item in patch:
        if key not in item:
            raise _no_merge_key(item, key)
        for index, old in enumerate(merged):
            if key in old and same(old[key], item[key]):
                merged[index] = _merge_map(old, item, typing.element)
                break
        else:
            merged.append(item)
    return merged


def _ordered(
    mentioned: list[Any], others: list[Any], order: list[Any], live: list[Any], matches: Callable[[Any, Any], bool]
) -> list[Any]:
    """`mentioned` in the order of the patch, `others` in the live order, interleaved by where they stood live."""

    def place(item: Any, items: list[Any]) -> int:
        return next((index for index, other in enumerate(items) if matches(item, other)), -1)

    left = sorted(mentioned, key=lambda item: place(item, order))
    right = sorted(others, key=lambda item: place(item, live))
    result: list[Any] = []
    while left and right:
        at_left, at_right = place(left[0], live), place(right[0], live)
        # Without a common place in the live list the patch's item comes first.
        take_left = at_left < 0 or at_right < 0 or at_left <= at_right
        result.append((left if take_left else right).pop(0))
    return result + left + right


def _identity(key: str) -> Callable[[Any, Any], bool]:
    if not key:
        return same
    return lambda left, right: same(left.get(key), right.get(key))


def _unique(items: list[Any]) -> list[Any]:
    result: list[Any] = []
    for item in items:
        if not any(same(item, seen) for seen in result):
            result.append(item)
    return result


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nulls(item) for item in value]
    return value


def _without_directives(value: Any) -> tuple[Any, bool]:
    """The value without directives, and whether anything of it stays."""
    if isinstance(value, dict):
        if _DIRECTIVE in value:
            return None, False
        pairs = ((name, _without_directives(inner)) for name, inner in value.items())
        return {name: inner for name, (inner, keep) in pairs if keep}, True
    if isinstance(value, list):
        return [inner for inner, keep in map(_without_directives, value) if keep], True
    return value, True


def _no_merge_key(item: dict[str, Any], key: str) -> PatchError:
    return PatchError(500, f"map: {_go_map(item)} does not contain declared merge key: {key}")


def _go_map(item: dict[str, Any]) -> str:
    return "map[" + " ".join(f"{name}:{_go_text(item[name])}" for name in sorted(item)) + "]"


def _go_list(items: list[Any]) -> str:
    return "[" + " ".join(_go_text(item) for item in items) + "]"


def _go_text(value: Any) -> str:
    if isinstance(value, dict):
        return _go_map(value)
    if isinstance(value, list):
        return _go_list(value)
    if isinstance(value, bool):
        return str(value).lower()
    return "<nil>" if value is None else str(value)


def _go_type(value: Any) -> str:
    if isinstance(value, dict):
        return "map[string]interface {}"
    if isinstance(value, str):
        return "string"
    return "bool" if isinstance(value, bool) else "float64"
