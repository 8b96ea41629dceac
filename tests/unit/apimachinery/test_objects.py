"""Reading plain objects: absent and null fields never raise."""

import pytest

from controller.apimachinery import objects


@pytest.mark.parametrize(
    "obj", [{}, {"metadata": None}, {"metadata": {}}, {"metadata": dict.fromkeys(("name", "labels"))}]
)
def test_absent_metadata_reads_as_empty(obj):
    assert objects.name(obj) == objects.namespace(obj) == objects.uid(obj) == objects.resource_version(obj) == ""
    assert objects.generation(obj) == 0
    assert objects.labels(obj) == objects.annotations(obj) == {}
    assert objects.finalizers(obj) == ()
    assert not objects.is_deleting(obj)


@pytest.mark.parametrize(("namespace", "name", "key"), [("", "a", "a"), ("ns", "a", "ns/a")])
def test_a_key_joins_and_splits(namespace, name, key):
    assert objects.join_key(namespace, name) == key
    assert objects.split_key(key) == (namespace, name)
    assert objects.key({"metadata": {"namespace": namespace, "name": name}}) == key


def test_an_object_with_a_deletion_timestamp_is_being_deleted():
    assert objects.is_deleting({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}})
