"""Transforms, indexes, and objects that cannot be read."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from controller.apimachinery.nesting import Unreadable
from controller.apimachinery.objects import LAST_APPLIED, Object
from tests.unit.cache.informer.rig import Handler, Rig
from tests.unit.fakes import (
    added,
    event,
    eventually,
    keys,
    widget,
)


class TestObjects:
    @pytest.mark.promise("listing")
    def test_managed_fields_are_dropped(self, rig: Rig) -> None:
        informer = rig.started()
        obj = widget("a", 11)
        obj["metadata"]["managedFields"] = [{"manager": "x"}]
        rig.api.stream().send(event("ADDED", obj))
        stored = eventually(lambda: informer.store.get("ns/a"))
        assert "managedFields" not in stored["metadata"]

    def test_the_copy_of_what_kubectl_applied_is_dropped(self, rig: Rig) -> None:
        informer = rig.started()
        obj = widget("a", 11)
        obj["metadata"]["annotations"] = {LAST_APPLIED: "{}", "owner": "somebody"}
        rig.api.stream().send(event("ADDED", obj))
        stored = eventually(lambda: informer.store.get("ns/a"))
        assert stored["metadata"]["annotations"] == {"owner": "somebody"}

    def test_a_transform_runs_once_for_each_object_that_comes_in(self, rig: Rig, handler: Handler) -> None:
        runs: list[str] = []

        def transform(obj: dict[str, Any]) -> Object:
            runs.append(obj["metadata"]["name"])
            return {**obj, "short": True}

        informer = rig.started("a", handler=handler, transform=transform)
        rig.api.stream().send(added("b", 11))
        handler.expect("+a10", "+b11")
        assert runs == ["a", "b"]
        assert all(obj["short"] for obj in informer.store.list())

    def test_an_object_on_which_the_transform_fails_is_skipped_alone(self, rig: Rig) -> None:
        def transform(obj: dict[str, Any]) -> Object:
            if obj["metadata"]["name"] == "bad":
                raise RuntimeError("a bug in a transform")
            return obj

        informer = rig.started("a", "bad", "b", transform=transform)
        rig.api.stream().send(added("bad", 11), added("c", 12))
        eventually(lambda: keys(informer.store) == {"ns/a", "ns/b", "ns/c"})
        assert rig.measured("tronador_reflector_skipped_objects_total") == 2

    @pytest.mark.promise("watching")
    @pytest.mark.parametrize(
        "odd",
        [
            {"apiVersion": "example.com/v1", "kind": "Widget"},
            {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"resourceVersion": "11"}},
            {"apiVersion": "example.com/v1", "kind": "Widget", "metadata": {"name": "x"}},
            {"apiVersion": "example.com/v2", "kind": "Widget", "metadata": {"name": "x", "resourceVersion": "11"}},
            {"apiVersion": "meta.k8s.io/v1", "kind": "Table", "metadata": {"name": "x", "resourceVersion": "11"}},
            {"metadata": {"name": "x", "resourceVersion": "11"}},
            widget("x", 11) | {"metadata": []},
            widget("x", 11) | {"metadata": {"name": {"a": 1}, "resourceVersion": "11"}},
            widget("x", 11) | {"metadata": {"name": "x", "resourceVersion": 11}},
            widget("x", 11) | {"metadata": {"name": "x", "resourceVersion": "11", "labels": ["a"]}},
            widget("x", 11) | {"metadata": {"name": "x", "resourceVersion": "11", "annotations": {"a": 1}}},
        ],
    )
    def test_a_malformed_object_is_skipped_and_the_stream_continues(
        self, rig: Rig, handler: Handler, odd: dict[str, Any]
    ) -> None:
        rig.started("a", handler=handler)
        rig.api.stream().send(event("ADDED", odd), added("b", 12))
        handler.expect("+a10", "+b12")
        assert rig.measured("tronador_reflector_skipped_objects_total") == 1

    @pytest.mark.promise("listing")
    def test_a_partly_unreadable_object_is_stored_logged_and_counted(self, rig: Rig, handler: Handler) -> None:
        with capture_logs() as logs:
            informer = rig.started("a", handler=handler)
            deep = Unreadable("nested 1400 levels deep", 1400)
            rig.api.stream().send(added("odd", 11, spec={"values": {"x": deep}}), added("b", 12))
            handler.expect("+a10", "+odd11", "+b12")
        assert informer.store.last_sync_resource_version() == "12"
        assert (informer.store.get("ns/odd") or {})["spec"] == {"values": {"x": deep}}
        assert rig.measured("tronador_reflector_unreadable_objects_total") == 1
        assert [(log["object"], log["field"]) for log in logs if log["event"] == "object partly unreadable"] == [
            ("ns/odd", "spec.values.x")
        ]

    @pytest.mark.promise("listing")
    def test_an_object_on_which_an_index_fails_is_missing_from_it_alone(self, rig: Rig, handler: Handler) -> None:
        def initial(obj: Object) -> list[str]:
            if obj["metadata"]["name"].startswith("bad"):
                raise RuntimeError("a bug in an index function")
            return [obj["metadata"]["name"][0]]

        informer = rig.started("a", "bad", "b", indexers={"initial": initial}, handler=handler)
        rig.api.stream().send(added("bad2", 11))
        rig.api.stream().send(added("b2", 12))
        handler.expect("+a10", "+bad10", "+b10", "+bad211", "+b212")
        assert [obj["metadata"]["name"] for obj in informer.store.by_index("initial", "b")] == ["b", "b2"]
        assert keys(informer.store) == {"ns/a", "ns/bad", "ns/b", "ns/bad2", "ns/b2"}
        assert rig.measured("tronador_reflector_index_failures_total") == 2

    def test_objects_are_found_by_index(self, rig: Rig) -> None:
        informer = rig.started("a", "b", indexers={"initial": lambda obj: [obj["metadata"]["name"][0]]})
        eventually(informer.has_synced)
        assert [obj["metadata"]["name"] for obj in informer.store.by_index("initial", "b")] == ["b"]
