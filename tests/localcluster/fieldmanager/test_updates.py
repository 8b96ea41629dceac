"""Ownership after create, update and patch."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hack.localcluster.fieldmanager import track_update
from hack.localcluster.schema import Structural, builtin_types

Json = dict[str, Any]

CONFIG_MAP = builtin_types().typing("", "v1", "ConfigMap")
START = dt.datetime(2024, 1, 1, tzinfo=dt.UTC)


def config_map(data: Json | None = None, **metadata: Any) -> Json:
    obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c", "uid": "u", **metadata}}
    return obj if data is None else {**obj, "data": data}


def track(old: Json | None, new: Json, manager: str = "m", *, seconds: int = 0, **options: Any) -> Json:
    """`new` as stored; managedFields of `old` are kept as clients keep them."""
    settings = {"api_version": "v1", "typing": CONFIG_MAP, **options}
    return track_update(old, new, manager=manager, now=START + dt.timedelta(seconds=seconds), **settings)


def owned(obj: Json) -> Json:
    """manager -> FieldsV1."""
    entries = obj["metadata"].get("managedFields") or []
    return {entry["manager"] + entry.get("subresource", ""): entry["fieldsV1"] for entry in entries}


def times(obj: Json) -> Json:
    return {entry["manager"]: entry["time"] for entry in obj["metadata"]["managedFields"]}


def test_the_creator_owns_what_it_set_but_not_the_identity() -> None:
    created = track(None, config_map({"a": "1"}, labels={"x": "y"}, resourceVersion="5", generation=1))
    assert created["metadata"]["managedFields"] == [
        {
            "manager": "m",
            "operation": "Update",
            "apiVersion": "v1",
            "time": "2024-01-01T00:00:00Z",
            "fieldsType": "FieldsV1",
            "fieldsV1": {
                "f:data": {".": {}, "f:a": {}},
                "f:metadata": {"f:labels": {".": {}, "f:x": {}}},
            },
        }
    ]


def test_a_nameless_manager_is_unknown() -> None:
    assert list(owned(track(None, config_map({"a": "1"}), manager=""))) == ["unknown"]


def test_changing_a_field_takes_it_from_its_owner() -> None:
    created = track(None, config_map({"a": "1", "b": "1"}))
    changed = track(created, config_map({"a": "2", "b": "1"}), manager="n", seconds=5)
    assert owned(changed) == {"m": {"f:data": {".": {}, "f:b": {}}}, "n": {"f:data": {"f:a": {}}}}
    assert times(changed) == {"m": "2024-01-01T00:00:00Z", "n": "2024-01-01T00:00:05Z"}


def test_removing_a_field_removes_it_from_all_managers_and_adds_no_owner() -> None:
    created = track(None, config_map({"a": "1", "b": "1"}))
    changed = track(created, config_map({"b": "1"}), manager="n", seconds=5)
    assert owned(changed) == {"m": {"f:data": {".": {}, "f:b": {}}}}
    assert times(changed) == {"m": "2024-01-01T00:00:00Z"}


def test_a_manager_that_no_longer_owns_a_field_disappears() -> None:
    created = track(None, config_map({"a": "1"}))
    assert owned(track(created, config_map(None), manager="n")) == {}


def test_a_write_without_a_change_keeps_all_entries() -> None:
    created = track(None, config_map({"a": "1"}))
    assert track(created, config_map({"a": "1"}), manager="n", seconds=5) == created


def test_an_own_entry_grows_and_its_time_moves() -> None:
    created = track(None, config_map({"a": "1"}))
    grown = track(created, config_map({"a": "1", "b": "1"}), seconds=5)
    assert owned(grown) == {"m": {"f:data": {".": {}, "f:a": {}, "f:b": {}}}}
    assert times(grown) == {"m": "2024-01-01T00:00:05Z"}


def test_subresources_have_their_own_entries_and_take_no_other_fields() -> None:
    schema = Structural(
        {
            "type": "object",
            "properties": {
                "spec": {"type": "object", "properties": {"a": {"type": "string"}}},
                "status": {"type": "object", "properties": {"b": {"type": "string"}}},
            },
        }
    )
    common = {"typing": schema.typing, "api_version": "e.com/v1"}
    base = {"apiVersion": "e.com/v1", "kind": "W", "metadata": {"name": "w", "uid": "u"}}
    created = track(None, {**base, "spec": {"a": "1"}}, reset_fields=[("f:status",)], **common)
    wanted = {**created, "spec": {"a": "2"}, "status": {"b": "1"}}
    changed = track(created, wanted, subresource="status", reset_fields=[("f:spec",), ("f:metadata",)], **common)
    assert owned(changed) == {"m": {"f:spec": {".": {}, "f:a": {}}}, "mstatus": {"f:status": {".": {}, "f:b": {}}}}
    assert [entry.get("subresource") for entry in changed["metadata"]["managedFields"]] == [None, "status"]


def test_an_empty_list_resets_ownership_until_the_next_apply() -> None:
    created = track(None, config_map({"a": "1"}))
    reset = track(created, config_map({"a": "1"}, managedFields=[]))
    assert "managedFields" not in reset["metadata"]
    assert "managedFields" not in track(reset, config_map({"a": "2"}), manager="n")["metadata"]


def test_entries_that_the_client_sends_replace_the_stored_ones() -> None:
    created = track(None, config_map({"a": "1", "b": "1"}))
    entry = {**created["metadata"]["managedFields"][0], "manager": "renamed"}
    assert list(owned(track(created, config_map({"a": "1", "b": "1"}, managedFields=[entry])))) == ["renamed"]


def test_an_object_that_differs_only_in_times_is_not_written() -> None:
    created = track(None, config_map({"a": "1"}))
    entry = {**created["metadata"]["managedFields"][0], "time": "2030-01-01T00:00:00Z"}
    assert track(created, config_map({"a": "1"}, managedFields=[entry])) == created


def test_invalid_entries_are_ignored() -> None:
    created = track(None, config_map({"a": "1"}))
    assert track(created, config_map({"a": "1"}, managedFields=[{"manager": "x"}])) == created


def test_appliers_stand_first_then_updaters_by_time_and_name() -> None:
    obj = track(None, config_map({"a": "1"}), manager="z")
    obj = track(obj, config_map({"a": "1", "b": "1"}), manager="b", seconds=5)
    obj = track(obj, config_map({"a": "1", "b": "1", "c": "1"}), manager="a", seconds=5)
    assert list(owned(obj)) == ["z", "a", "b"]


def test_old_updaters_become_ancient_changes() -> None:
    obj = track(None, config_map({"k0": ""}), manager="m00")
    data = {"k0": ""}
    for number in range(1, 12):
        data = {**data, f"k{number}": ""}
        obj = track(obj, config_map(data), manager=f"m{number:02}", seconds=number)
    names = list(owned(obj))
    assert len(names) == 10
    assert "ancient-changes" in names
    assert names[-1] == "m11"
    assert set(owned(obj)["ancient-changes"]["f:data"]) == {".", "f:k0", "f:k1", "f:k2"}


def test_inputs_are_left_alone() -> None:
    created = track(None, config_map({"a": "1"}))
    new = config_map({"a": "2"})
    before = repr(created), repr(new)
    track(created, new, manager="n")
    assert (repr(created), repr(new)) == before
