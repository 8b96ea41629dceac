"""What we remember of what we applied, and the marks by which we know it again."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.api.environment import APPLIED_HASH_ANNOTATION, APPLIED_RESOURCES_ANNOTATION, Environment
from controller.apimachinery import objects
from controller.environment.resources.item import Identity, build
from controller.environment.resources.memory import LOST, Memory, remembered
from tests.unit.environment.support.builders import NAME, environment

PROXY = Identity("v1", "ConfigMap", "proxy")


def _namespace(text):
    return {"metadata": {"annotations": {APPLIED_RESOURCES_ANNOTATION: text}}}


def _item(body, of=None):
    return build(Environment(of or environment()), "somewhere", PROXY, body)


def test_the_memory_can_be_read_again():
    memory = Memory(frozenset({PROXY, Identity("apps/v1", "Deployment", "a")}), {"default": frozenset({"b", "a"})})
    assert remembered(_namespace(memory.text)) == memory
    assert remembered(_namespace(memory.text)).text == memory.text


_NAMES = st.from_regex(r"[a-z][a-z0-9.-]{0,7}", fullmatch=True)
_VERSIONS = st.sampled_from(["v1", "apps/v1", "example.com/v1alpha1"])
_IDENTITIES = st.builds(Identity, _VERSIONS, _NAMES, _NAMES)
_MEMORIES = st.builds(
    Memory,
    st.frozensets(_IDENTITIES, max_size=5),
    st.dictionaries(_NAMES, st.frozensets(_NAMES, min_size=1, max_size=3), max_size=3),
    st.just(""),
)
_ORIGINS = st.sampled_from(["", "uid-of-a-namespace", LOST])


@given(_MEMORIES, _ORIGINS)
def test_every_memory_survives_being_written_and_read(memory, origin):
    whole = memory if memory.is_empty else replace(memory, origin=origin)
    assert remembered(_namespace(whole.text or "")) == whole


def test_an_empty_memory_has_no_annotation():
    assert Memory().text is None
    assert Memory(pull_secrets={"default": frozenset()}).text is None
    assert remembered(None).is_empty
    assert remembered({"metadata": {}}).is_empty


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[" * 100_000,
        "[]",
        "7",
        '{"objects": 1}',
        '{"objects": [["a", "b"], ["v1", "", "x"], 7]}',
        '{"imagePullSecrets": []}',
    ],
)
def test_an_invalid_memory_is_ignored(text):
    assert remembered(_namespace(text)).is_empty


def test_only_labels_and_annotations_of_a_manifests_metadata_are_used():
    metadata = {
        "name": "proxy",
        "namespace": "elsewhere",
        "labels": {"a": "b"},
        "annotations": {"c": "d"},
        "finalizers": ["x"],
        "ownerReferences": [{}],
        "uid": "y",
        "resourceVersion": "1",
    }
    body = _item({"metadata": metadata, "data": {"e": "f"}, "status": {"g": "h"}}).body
    assert body["metadata"].keys() == {"name", "namespace", "labels", "annotations"}
    assert body["metadata"]["namespace"] == NAME
    assert objects.labels(body)["a"] == "b"
    assert objects.annotations(body)["c"] == "d"
    assert "status" not in body


def test_the_hash_changes_only_with_the_content():
    def hash_of(body, of=None):
        return objects.annotations(_item(body, of).body)[APPLIED_HASH_ANNOTATION]

    assert hash_of({"data": {"a": "b"}}) == hash_of({"data": {"a": "b"}, "status": {}})
    assert hash_of({"data": {"a": "b"}}) != hash_of({"data": {}})
    assert hash_of({"data": {"a": "b"}}) != hash_of({"data": {"a": "b"}}, environment(uid="another"))


def test_an_item_never_shows_its_content():
    assert "hunter2" not in repr(_item({"data": {"password": "hunter2"}}))
