"""Sets of fields and their FieldsV1 form."""

from __future__ import annotations

import pytest

from hack.localcluster.fieldmanager import fieldset


def test_a_document_is_read_and_written_back() -> None:
    document = {
        "f:metadata": {"f:labels": {".": {}, "f:a": {}}},
        "f:spec": {
            "f:containers": {'k:{"name":"x"}': {".": {}, "f:image": {}}},
            "f:finalizers": {'v:"a/b"': {}},
        },
    }
    fields = fieldset.decode(document)
    assert ("f:metadata", "f:labels") in fields
    assert ("f:spec",) not in fields
    assert fieldset.encode(fields) == document


def test_a_member_with_children_carries_a_dot_and_one_without_does_not() -> None:
    assert fieldset.encode([("f:a",), ("f:a", "f:b"), ("f:c",)]) == {"f:a": {".": {}, "f:b": {}}, "f:c": {}}
    assert fieldset.encode([("f:a", "f:b")]) == {"f:a": {"f:b": {}}}


def test_keys_are_the_same_however_a_client_spells_them() -> None:
    spelled = fieldset.decode({'k:{"protocol": "TCP", "port": 80}': {}})
    assert spelled == fieldset.decode({'k:{"port":80,"protocol":"TCP"}': {}})


@pytest.mark.parametrize("element", ["x:a", "plain", "k:{", "v:"])
def test_an_invalid_path_element_is_refused(element: str) -> None:
    with pytest.raises(ValueError, match=r"path element|Expecting"):
        fieldset.decode({element: {}})


def test_a_path_reads_as_people_write_it() -> None:
    path = ("f:spec", "f:containers", 'k:{"name":"app","port":80}', "f:args", 'v:"x"', "i:0")
    assert fieldset.path_text(path) == '.spec.containers[name="app",port=80].args[="x"][0]'


def test_subtrees_are_cut_with_everything_below() -> None:
    fields = frozenset([("f:status",), ("f:status", "f:phase"), ("f:spec",)])
    assert fieldset.without_subtrees(fields, [("f:status",)]) == {("f:spec",)}
