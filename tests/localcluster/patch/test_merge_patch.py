"""JSON merge patch."""

from __future__ import annotations

from typing import Any

import pytest

from hack.localcluster.patch import PatchError, merge_patch


@pytest.mark.parametrize(
    ("target", "patch", "result"),
    [
        ({"a": {"b": 1}}, {"a": {"c": 2}}, {"a": {"b": 1, "c": 2}}),
        ({"a": {"b": 1}}, {"a": None}, {}),
        ({"a": 1}, {"b": None}, {"a": 1}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": 1}, {"a": {"b": 2}}, {"a": {"b": 2}}),
        ({"a": {"b": 1}}, {"a": 2}, {"a": 2}),
        ({}, {"a": {"b": None, "c": {"d": None}}}, {"a": {"c": {}}}),
        ({}, {"a": [{"b": None, "c": 1}, None]}, {"a": [{"c": 1}, None]}),
        ({"a": "text"}, {"a": {"b": None}}, {"a": {}}),
    ],
)
def test_maps_merge_null_removes_and_the_rest_replaces(target: Any, patch: Any, result: Any) -> None:
    assert merge_patch(target, patch) == result


def test_the_target_is_left_alone() -> None:
    target = {"a": {"b": 1}}
    merge_patch(target, {"a": {"b": 2, "c": 3}})
    assert target == {"a": {"b": 1}}


def test_a_patch_that_is_not_an_object_is_a_bad_request() -> None:
    with pytest.raises(PatchError) as caught:
        merge_patch({}, [1])
    words = "error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}"
    assert (caught.value.code, caught.value.message) == (400, words)
