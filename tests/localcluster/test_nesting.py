"""Hostile documents: nested without measure, numbers without measure, half characters."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from hack.localcluster import LocalCluster, Options
from hack.localcluster.nesting import fold, unfold
from tests.localcluster.samples import CRDS
from tests.localcluster.support import Answer, Api

_BOXES = "/apis/tests.example.com/v1/boxes"
_DEFINITION: dict[str, Any] = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "boxes.tests.example.com"},
    "spec": {
        "group": "tests.example.com",
        "scope": "Cluster",
        "names": {"plural": "boxes", "singular": "box", "kind": "Box"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": {"spec": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}},
                    }
                },
            }
        ],
    },
}


@pytest.fixture
def boxes(api: Api) -> Api:
    assert api.post(CRDS, _DEFINITION).code == 201
    return api


def _nested(levels: int, content: str = "1") -> str:
    return '{"a":' * levels + content + "}" * levels


def _listed(levels: int) -> str:
    return "[" * levels + '"]}\\""' + "]" * levels


def _box(spec: str, name: str = "box") -> str:
    kind = '"apiVersion":"tests.example.com/v1","kind":"Box"'
    return f'{{{kind},"metadata":{{"name":"{name}"}},"spec":{{"values":{spec}}}}}'


def _post(api: Api, body: str) -> Answer:
    return api.request("POST", _BOXES, body, content_type="application/json")


@pytest.mark.parametrize("values", [_nested(1500), _nested(5000), _listed(1500)], ids=len)
def test_an_object_nested_beyond_recursion_is_stored_and_served_whole(boxes: Api, values: str) -> None:
    created = _post(boxes, _box(values))
    assert created.code == 201
    assert values in created.body
    assert values in boxes.get(f"{_BOXES}/box").body
    assert values in boxes.get(_BOXES).body
    with boxes.watch(f"{_BOXES}?watch=1") as watch:
        assert values in watch.next_line()
    assert values in boxes.get(f"{_BOXES}/box", accept="application/yaml").body
    assert boxes.delete(f"{_BOXES}/box").code == 200


def test_a_deep_object_can_be_patched_applied_and_replaced(boxes: Api) -> None:
    _post(boxes, _box(_nested(1500)))
    merged = boxes.request(
        "PATCH", f"{_BOXES}/box", f'{{"spec":{{"b":{_nested(1500)}}}}}', content_type="application/merge-patch+json"
    )
    assert (merged.code, merged.body.count(_nested(1500))) == (200, 2)
    path = f"{_BOXES}/box?fieldManager=other&force=true"
    applied = boxes.request("PATCH", path, _box(_nested(2000)), content_type="application/apply-patch+yaml")
    assert applied.code == 200
    assert _nested(2000) in applied.body
    # The body holds managedFields, which are nested deeply as well.
    body = applied.body.replace(_nested(2000), _nested(3000))
    replaced = boxes.request("PUT", f"{_BOXES}/box", body, content_type="application/json")
    assert replaced.code == 200
    assert _nested(3000) in replaced.body
    assert '"manager":"other","operation":"Apply"' in replaced.body


def test_the_same_deep_content_is_not_a_change(boxes: Api) -> None:
    first = _post(boxes, _box(_nested(1500))).body
    patch = f'{{"spec":{{"values":{_nested(1500)}}}}}'
    again = boxes.request("PATCH", f"{_BOXES}/box", patch, content_type="application/merge-patch+json")
    assert (again.code, again.body) == (200, first)


def test_more_than_ten_thousand_levels_are_refused(boxes: Api) -> None:
    answer = _post(boxes, _box(_nested(10_000)))
    assert answer.code == 400
    assert "json parse error: invalid character '{' exceeded max depth (" in answer.body["message"]


@pytest.mark.parametrize("body", ["[" * 100_000, _nested(200, "x"), _nested(300)[:-1], _nested(300) + "}"], ids=len)
def test_deep_text_that_is_not_json_is_a_bad_request(boxes: Api, body: str) -> None:
    assert _post(boxes, body).code == 400


def test_a_deep_object_outlives_a_restart_and_stands_in_the_audit_log(tmp_path: Path) -> None:
    options = Options(state_file=str(tmp_path / "state"), audit_log=str(tmp_path / "audit"))
    with LocalCluster(options) as cluster, Api(cluster) as api:
        api.post(CRDS, _DEFINITION)
        _post(api, _box(_nested(1500)))
        assert _nested(1500) in api.get("/_test/audit").body
    assert _nested(1500) in (tmp_path / "audit").read_text()
    with LocalCluster(options) as cluster, Api(cluster) as api:
        assert _nested(1500) in api.get(f"{_BOXES}/box").body


@pytest.mark.parametrize("levels", [99, 100, 101, 102, 200, 201, 9_999, 10_000])
def test_a_folded_value_unfolds_to_the_same_text(levels: int) -> None:
    text = _nested(levels, '"\\\\\\" }] \\u0000 é"')
    folded = fold(text)
    assert (folded != text) == (levels > 100)
    assert unfold(folded) == text


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ('"\\ud800"', "�"),
        ('"\\udc00x\\ud800\\ud83d\\ude00"', "�x�\U0001f600"),
        ('"\\\\ud800\\u0000"', "\\ud800\x00"),
        ("9223372036854775807", 9223372036854775807),
        ("-9223372036854775808", -9223372036854775808),
        ("9223372036854775808", 9.223372036854775807e18),
    ],
)
def test_half_characters_and_large_numbers_are_read_as_go_reads_them(boxes: Api, given: str, stored: object) -> None:
    created = _post(boxes, _box(given))
    assert (created.code, created.body["spec"]["values"]) == (201, stored)
    assert type(created.body["spec"]["values"]) is type(stored)


@pytest.mark.parametrize("given", ["1e400", "-1e400", "9" * 400, "NaN", "Infinity"], ids=lambda text: text[:9])
def test_numbers_beyond_what_a_float_holds_are_refused(boxes: Api, given: str) -> None:
    assert _post(boxes, _box(given)).code == 400
