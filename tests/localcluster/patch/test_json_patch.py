"""JSON patch."""

from __future__ import annotations

from typing import Any

import pytest

from hack.localcluster.patch import PatchError, json_patch

REJECTED = "the server rejected our request due to an error in our request"


def test_operations_are_applied_in_order() -> None:
    operations = [
        {"op": "test", "path": "/a", "value": 1},
        {"op": "add", "path": "/labels", "value": {"x/y": "1"}},
        {"op": "replace", "path": "/labels/x~1y", "value": "2"},
        {"op": "add", "path": "/list/-", "value": "b"},
        {"op": "move", "from": "/a", "path": "/moved"},
        {"op": "copy", "from": "/moved", "path": "/copied"},
        {"op": "remove", "path": "/list/0"},
    ]
    target = {"a": 1, "list": ["a"]}
    assert json_patch(target, operations) == {"labels": {"x/y": "2"}, "list": ["b"], "moved": 1, "copied": 1}
    assert target == {"a": 1, "list": ["a"]}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/a", "value": 2},
        {"op": "test", "path": "/missing", "value": 2},
        {"op": "remove", "path": "/missing"},
        {"op": "replace", "path": "/missing", "value": 1},
        {"op": "add", "path": "/missing/child", "value": 1},
        {"op": "add", "path": "/list/7", "value": 1},
        {"op": "move", "from": "/missing", "path": "/b"},
        {"op": "sing", "path": "/a"},
        {"op": "add", "path": "no-slash", "value": 1},
        {"path": "/a"},
    ],
)
def test_a_patch_that_does_not_fit_the_object_is_rejected_without_details(operation: dict[str, Any]) -> None:
    with pytest.raises(PatchError) as caught:
        json_patch({"a": 1, "list": []}, [operation])
    assert (caught.value.code, caught.value.message, caught.value.with_details) == (422, REJECTED, True)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"op": "add"}, "object into Go value of type []handlers.jsonPatchOp"),
        ("text", "string into Go value of type []handlers.jsonPatchOp"),
        ([1], "number into Go value of type handlers.jsonPatchOp"),
    ],
)
def test_an_invalid_patch_is_a_bad_request(document: Any, words: str) -> None:
    with pytest.raises(PatchError) as caught:
        json_patch({}, document)
    assert (caught.value.code, caught.value.message) == (400, f"error decoding patch: json: cannot unmarshal {words}")


def test_a_patch_has_an_end() -> None:
    with pytest.raises(PatchError) as caught:
        json_patch({}, [{"op": "add", "path": "/a", "value": 1}] * 10_001)
    assert caught.value.code == 413
    assert caught.value.message == "The allowed maximum operations in a JSON patch is 10000, got 10001"
