"""The store: content, indices and version."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from controller.apimachinery.objects import Object, labels
from controller.cache import Store
from tests.unit.fakes import keys, widget


def colours(obj: Object) -> Iterable[str]:
    return (labels(obj).get("colours") or "").split(",") if labels(obj) else ()


def painted(name: str, value: str, version: int = 1) -> Object:
    obj = widget(name, version)
    obj["metadata"]["labels"] = {"colours": value}
    return obj


@pytest.fixture
def store() -> Store:
    return Store(indexers={"colour": colours})


def names(objects: Iterable[Object]) -> list[str]:
    return [obj["metadata"]["name"] for obj in objects]


def test_an_empty_store_returns_nothing(store: Store) -> None:
    assert store.get("ns/a") is None
    assert store.list() == []
    assert keys(store) == set()
    assert store.last_sync_resource_version() == ""
    assert store.by_index("colour", "red") == ()


def test_put_returns_the_previous_object(store: Store) -> None:
    one, two = widget("a", 1), widget("a", 2)
    assert store.put("ns/a", one, resource_version="1") is None
    assert store.put("ns/a", two, resource_version="2") is one
    assert store.get("ns/a") is two
    assert len(store) == 1


def test_remove_returns_the_removed_object(store: Store) -> None:
    one = widget("a")
    store.put("ns/a", one, resource_version="1")
    assert store.remove("ns/a", resource_version="2") is one
    assert store.remove("ns/a", resource_version="3") is None
    assert keys(store) == set()


@pytest.mark.promise("store")
def test_the_version_follows_every_change_and_bookmark(store: Store) -> None:
    seen = []
    store.replace({"ns/a": widget("a", 7)}, resource_version="10")
    seen.append(store.last_sync_resource_version())
    store.put("ns/a", widget("a", 11), resource_version="11")
    seen.append(store.last_sync_resource_version())
    store.remove("ns/a", resource_version="12")
    seen.append(store.last_sync_resource_version())
    store.bookmark("20")
    seen.append(store.last_sync_resource_version())
    assert seen == ["10", "11", "12", "20"]


def test_without_its_resource_a_store_keeps_its_content_but_no_version(store: Store) -> None:
    store.put("ns/a", widget("a"), resource_version="10")
    store.disconnect()
    assert (store.last_sync_resource_version(), len(store)) == ("", 1)


def test_objects_are_found_by_every_value_of_an_index(store: Store) -> None:
    store.put("ns/a", painted("a", "red,blue"), resource_version="1")
    store.put("ns/b", painted("b", "red"), resource_version="2")
    store.put("ns/c", widget("c"), resource_version="3")
    assert names(store.by_index("colour", "red")) == ["a", "b"]
    assert names(store.by_index("colour", "blue")) == ["a"]
    assert store.index_sizes("colour") == {"red": 2, "blue": 1}


@pytest.mark.promise("store")
def test_a_changed_value_moves_the_object_in_the_index(store: Store) -> None:
    store.put("ns/a", painted("a", "red"), resource_version="1")
    store.put("ns/a", painted("a", "blue"), resource_version="2")
    assert store.by_index("colour", "red") == ()
    assert names(store.by_index("colour", "blue")) == ["a"]


@pytest.mark.promise("store")
def test_index_values_without_objects_are_removed(store: Store) -> None:
    store.put("ns/a", painted("a", "red"), resource_version="1")
    store.put("ns/a", painted("a", "blue"), resource_version="2")
    assert store.index_sizes("colour") == {"blue": 1}
    store.remove("ns/a", resource_version="3")
    assert store.index_sizes("colour") == {}


@pytest.mark.promise("store")
def test_a_replace_exchanges_content_and_indices_in_one_step(store: Store) -> None:
    old = painted("a", "red")
    store.put("ns/a", old, resource_version="1")
    former = store.replace({"ns/b": painted("b", "green")}, resource_version="5")
    assert former == {"ns/a": old}
    assert keys(store) == {"ns/b"}
    assert store.index_sizes("colour") == {"green": 1}


@pytest.mark.promise("store")
def test_an_index_added_later_covers_existing_objects(store: Store) -> None:
    store.put("ns/a", widget("a"), resource_version="1")
    store.add_indexers({"name": lambda obj: [obj["metadata"]["name"]]})
    assert names(store.by_index("name", "a")) == ["a"]
    store.put("ns/b", widget("b"), resource_version="2")
    assert names(store.by_index("name", "b")) == ["b"]


def test_an_index_cannot_be_added_twice(store: Store) -> None:
    with pytest.raises(ValueError, match="colour"):
        store.add_indexers({"colour": colours})


def test_an_unknown_index_raises_key_error(store: Store) -> None:
    with pytest.raises(KeyError):
        store.by_index("shape", "round")


@pytest.mark.promise("store")
def test_an_index_function_that_raises_leaves_the_store_unchanged() -> None:
    def broken(obj: Object) -> Iterable[str]:
        return [obj["spec"]["must"]]

    store = Store(indexers={"broken": broken})
    good = widget("a", spec={"must": "x"})
    store.put("ns/a", good, resource_version="1")
    with pytest.raises(KeyError):
        store.put("ns/a", widget("a"), resource_version="2")
    with pytest.raises(KeyError):
        store.replace({"ns/b": widget("b")}, resource_version="3")
    assert store.get("ns/a") is good
    assert store.last_sync_resource_version() == "1"
    assert store.by_index("broken", "x") == (good,)


def test_later_writes_do_not_change_earlier_results(store: Store) -> None:
    store.put("ns/a", widget("a"), resource_version="1")
    listed = store.list()
    store.replace({}, resource_version="2")
    assert names(listed) == ["a"]
