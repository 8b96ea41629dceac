"""Patches: applying the patch of two objects to the first one gives the second, whatever the difference."""

import copy

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.apimachinery.nesting import READ_LIMIT
from controller.apimachinery.patches import apply_json_patch, apply_merge_patch, equal, json_patch, merge_patch

SCALARS = st.booleans() | st.integers(-2, 2) | st.text("a/~", max_size=2) | st.floats(-1, 1)
KEYS = st.text("ab/~", max_size=3)
WITH_NULLS = st.recursive(
    SCALARS | st.none(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=8,
)
WITHOUT_NULLS = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)


def _merge(current, patch):
    """RFC 7386."""
    if not isinstance(patch, dict):
        return patch
    result = dict(current) if isinstance(current, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = _merge(result.get(key), value)
    return result


@given(st.dictionaries(KEYS, WITH_NULLS, max_size=3), st.dictionaries(KEYS, WITH_NULLS, max_size=3))
def test_a_json_patch_leads_from_one_object_to_the_other(current, wanted):
    patched = jsonpatch.apply_patch(copy.deepcopy(current), json_patch(current, wanted))

    assert equal(patched, wanted)


@given(st.dictionaries(KEYS, WITHOUT_NULLS, max_size=3), st.dictionaries(KEYS, WITHOUT_NULLS, max_size=3))
def test_a_merge_patch_leads_from_one_object_to_the_other(current, wanted):
    assert equal(_merge(current, merge_patch(current, wanted)), wanted)


@given(st.dictionaries(KEYS, WITH_NULLS, max_size=3))
def test_equal_objects_need_no_patch(obj):
    assert json_patch(obj, copy.deepcopy(obj)) == []
    assert merge_patch(obj, copy.deepcopy(obj)) == {}


@pytest.mark.parametrize(
    ("left", "right"), [(True, 1), (False, 0), ({"a": True}, {"a": 1}), ([0], [False]), (None, {})]
)
def test_values_that_differ_in_json_are_not_equal(left, right):
    assert not equal(left, right)
    assert not equal(right, left)


@pytest.mark.parametrize(("left", "right"), [(1, 1.0), (True, True), ({"a": [1]}, {"a": [1.0]}), (None, None)])
def test_values_that_are_the_same_in_json_are_equal(left, right):
    assert equal(left, right)


def test_the_pointer_escapes_special_characters_in_keys():
    assert json_patch({}, {"a/b~c": 1}, "/metadata/labels") == [
        {"op": "add", "path": "/metadata/labels/a~1b~0c", "value": 1}
    ]


def test_a_json_patch_carries_explicit_nulls():
    assert json_patch({"a": 1}, {"a": None, "b": None}, "/spec") == [
        {"op": "replace", "path": "/spec/a", "value": None},
        {"op": "add", "path": "/spec/b", "value": None},
    ]


def test_lists_are_replaced_whole():
    assert json_patch({"a": [1, 2]}, {"a": [1]}) == [{"op": "replace", "path": "/a", "value": [1]}]
    assert merge_patch({"a": [1, 2]}, {"a": [1]}) == {"a": [1]}


def test_a_merge_patch_names_only_what_differs():
    assert merge_patch({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 1}}) == {"a": {"c": None}, "d": None}


@pytest.mark.parametrize("number", [1000, 1001, 10_000])
def test_a_map_that_differs_in_very_many_places_is_replaced_whole(number):
    current = {"values": {f"key{i}": {"a": 0} for i in range(number)}, "other": 1}
    wanted = {"values": {f"key{i}": {"a": 1} for i in range(number)}, "other": 2}
    patch = json_patch(current, wanted, "/spec")
    assert len(patch) <= 1001
    assert jsonpatch.apply_patch({"spec": current}, patch) == {"spec": wanted}


def test_values_at_the_read_limit_can_be_compared():
    def nested(inner):
        for _ in range(READ_LIMIT // 2):
            inner = {"a": [inner]}
        return inner

    assert equal(nested(1), nested(1))
    assert json_patch({"spec": nested(1)}, {"spec": nested(1)}) == []
    assert len(json_patch({"spec": nested(1)}, {"spec": nested(2)})) == 1
    assert merge_patch({"spec": nested(1)}, {"spec": nested(2)}) == {"spec": nested(2)}


@given(st.dictionaries(KEYS, WITH_NULLS, max_size=3), st.dictionaries(KEYS, WITH_NULLS, max_size=3))
def test_a_json_patch_of_ours_can_be_applied_here(current, wanted):
    before = copy.deepcopy(current)

    assert equal(apply_json_patch(current, json_patch(current, wanted)), wanted)
    assert equal(current, before)


@given(st.dictionaries(KEYS, WITHOUT_NULLS, max_size=3), st.dictionaries(KEYS, WITH_NULLS, max_size=3))
def test_a_merge_patch_is_applied_here_as_rfc_7386_says(current, patch):
    assert equal(apply_merge_patch(current, patch), _merge(current, patch))


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/a", "value": 2},
        {"op": "test", "path": "/b", "value": 1},
        {"op": "replace", "path": "/b", "value": 1},
        {"op": "remove", "path": "/b"},
        {"op": "add", "path": "/b/c", "value": 1},
        {"op": "add", "path": "/a/c", "value": 1},
    ],
)
def test_a_json_patch_that_does_not_fit_is_refused(operation):
    with pytest.raises(ValueError, match=r"is not there|is another one"):
        apply_json_patch({"a": 1}, [operation])
