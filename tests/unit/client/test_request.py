"""Exact requests for every verb and scope, without a server."""

from __future__ import annotations

from typing import Any

import pytest

from controller.apimachinery.resources import EVENTS, NAMESPACES, SECRETS
from controller.client import DeletePropagation, PatchType
from controller.client import request as build
from tests.unit.fakes import WIDGETS


@pytest.mark.promise("client")
@pytest.mark.parametrize(
    ("resource", "namespace", "path"),
    [
        (NAMESPACES, "", "/api/v1/namespaces/x"),
        (SECRETS, "ns", "/api/v1/namespaces/ns/secrets/x"),
        (WIDGETS, "ns", "/apis/example.com/v1/namespaces/ns/widgets/x"),
    ],
)
def test_one_object_has_a_path_by_group_and_scope(resource: Any, namespace: str, path: str) -> None:
    request = build.get(resource, "x", namespace=namespace)
    assert (request.method, request.target, request.body) == ("GET", path, None)
    assert request.headers == {"Accept": "application/json"}
    assert not request.is_write


@pytest.mark.parametrize(
    ("resource", "namespace", "path"),
    [
        (NAMESPACES, "", "/api/v1/namespaces"),
        (WIDGETS, "", "/apis/example.com/v1/widgets"),
        (WIDGETS, "ns", "/apis/example.com/v1/namespaces/ns/widgets"),
    ],
)
def test_a_list_covers_a_namespace_or_all(resource: Any, namespace: str, path: str) -> None:
    request = build.list_page(resource, namespace=namespace)
    assert request.target == path
    assert request.headers["Accept-Encoding"] == "gzip"


def test_a_list_carries_every_parameter_that_is_given() -> None:
    request = build.list_page(
        WIDGETS,
        namespace="",
        label_selector="a in (b,c),!d",
        field_selector="metadata.name=x",
        limit=500,
        resource_version="7",
        resource_version_match="NotOlderThan",
    )
    assert request.target == (
        "/apis/example.com/v1/widgets?labelSelector=a%20in%20%28b%2Cc%29%2C%21d&fieldSelector=metadata.name%3Dx"
        "&limit=500&resourceVersion=7&resourceVersionMatch=NotOlderThan"
    )


def test_a_continue_token_excludes_a_version() -> None:
    request = build.list_page(
        WIDGETS, namespace="", limit=5, continue_token="t/=", resource_version="7", resource_version_match="Exact"
    )
    assert request.query == (("limit", "5"), ("continue", "t/="))


@pytest.mark.promise("client")
def test_metadata_alone_is_asked_for_with_no_other_choice() -> None:
    listed = build.list_page(SECRETS, namespace="ns", metadata_only=True)
    watched = build.watch(SECRETS, namespace="ns", metadata_only=True)
    assert listed.headers["Accept"] == "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    assert watched.headers["Accept"] == "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"


def test_a_watch_carries_every_parameter_that_is_given() -> None:
    request = build.watch(
        WIDGETS, namespace="ns", label_selector="a=b", resource_version="7", timeout_seconds=300, allow_bookmarks=True
    )
    assert request.target == (
        "/apis/example.com/v1/namespaces/ns/widgets"
        "?watch=true&labelSelector=a%3Db&resourceVersion=7&allowWatchBookmarks=true&timeoutSeconds=300"
    )
    assert request.headers["Accept-Encoding"] == "identity", "compression would hold small events back"


def test_a_watch_of_the_initial_state_says_so() -> None:
    request = build.watch(
        WIDGETS, namespace="", resource_version_match="NotOlderThan", send_initial_events=True, allow_bookmarks=True
    )
    assert request.query == (
        ("watch", "true"),
        ("resourceVersionMatch", "NotOlderThan"),
        ("allowWatchBookmarks", "true"),
        ("sendInitialEvents", "true"),
    )


def test_a_create_names_who_writes() -> None:
    request = build.create(EVENTS, {"a": 1}, namespace="ns", field_manager="tronador")
    assert (request.method, request.target) == (
        "POST",
        "/apis/events.k8s.io/v1/namespaces/ns/events?fieldManager=tronador",
    )
    assert request.headers["Content-Type"] == "application/json"
    assert request.body == {"a": 1}
    assert request.is_write


@pytest.mark.parametrize(
    ("patch_type", "content_type", "body"),
    [
        (PatchType.MERGE, "application/merge-patch+json", {"a": None}),
        (PatchType.JSON, "application/json-patch+json", [{"op": "test", "path": "/a", "value": 1}]),
        (PatchType.APPLY, "application/apply-patch+yaml", {"a": 1}),
    ],
)
def test_each_patch_has_its_content_type(patch_type: PatchType, content_type: str, body: Any) -> None:
    request = build.patch(WIDGETS, "x", body, namespace="ns", patch_type=patch_type, field_manager="m")
    assert (request.method, request.headers["Content-Type"], request.body) == ("PATCH", content_type, body)
    assert request.target == "/apis/example.com/v1/namespaces/ns/widgets/x?fieldManager=m"


def test_a_patch_can_go_to_a_subresource_and_force_an_apply() -> None:
    request = build.patch(
        WIDGETS,
        "x",
        {},
        namespace="ns",
        patch_type=PatchType.APPLY,
        subresource="status",
        field_manager="m",
        force=True,
    )
    assert request.target == "/apis/example.com/v1/namespaces/ns/widgets/x/status?fieldManager=m&force=true"


def test_only_an_apply_can_be_forced() -> None:
    with pytest.raises(ValueError, match="server-side apply"):
        build.patch(WIDGETS, "x", {}, namespace="ns", patch_type=PatchType.MERGE, field_manager="m", force=True)


def test_a_patch_can_be_tried_without_being_kept() -> None:
    kwargs: dict[str, Any] = {"namespace": "ns", "patch_type": PatchType.APPLY, "field_manager": "m"}
    assert ("dryRun", "All") in build.patch(WIDGETS, "x", {}, dry_run=True, **kwargs).query
    assert "dryRun" not in dict(build.patch(WIDGETS, "x", {}, **kwargs).query)


@pytest.mark.parametrize(("patch_type", "body"), [(PatchType.JSON, {}), (PatchType.MERGE, []), (PatchType.APPLY, [])])
def test_a_body_of_the_wrong_shape_for_its_patch_is_refused(patch_type: PatchType, body: Any) -> None:
    with pytest.raises(ValueError, match="JSON patch must be a list"):
        build.patch(WIDGETS, "x", body, namespace="ns", patch_type=patch_type, field_manager="m")


def test_a_replace_puts_the_whole_object() -> None:
    request = build.replace(WIDGETS, "x", {"a": 1}, namespace="ns", field_manager="m")
    assert (request.method, request.body) == ("PUT", {"a": 1})
    assert request.target == "/apis/example.com/v1/namespaces/ns/widgets/x?fieldManager=m"


def test_a_delete_can_be_limited_to_one_uid_and_version() -> None:
    request = build.delete(
        WIDGETS,
        "x",
        namespace="ns",
        uid="u1",
        resource_version="7",
        propagation=DeletePropagation.FOREGROUND,
    )
    assert (request.method, request.target) == ("DELETE", "/apis/example.com/v1/namespaces/ns/widgets/x")
    assert request.body == {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "preconditions": {"uid": "u1", "resourceVersion": "7"},
        "propagationPolicy": "Foreground",
    }


def test_a_plain_delete_has_no_conditions() -> None:
    request = build.delete(NAMESPACES, "x", namespace="")
    assert request.body == {"apiVersion": "v1", "kind": "DeleteOptions"}


@pytest.mark.parametrize(("group_version", "path"), [("v1", "/api/v1"), ("apps/v1", "/apis/apps/v1")])
def test_discovery_asks_for_one_group_version(group_version: str, path: str) -> None:
    assert build.discovery(group_version).target == path


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_an_invalid_name_never_becomes_a_path(name: str) -> None:
    with pytest.raises(ValueError, match="not a valid name"):
        build.delete(NAMESPACES, name, namespace="")


def test_names_are_escaped() -> None:
    assert build.get(NAMESPACES, "a b?c", namespace="").target == "/api/v1/namespaces/a%20b%3Fc"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "../x", "..%2f", "%2e%2e"])
def test_a_text_that_leads_elsewhere_is_not_a_valid_name(name: str) -> None:
    with pytest.raises(ValueError, match="is not a valid name"):
        build.get(WIDGETS, name, namespace="ns")
    with pytest.raises(ValueError, match="is not a valid name"):
        build.get(WIDGETS, "x", namespace=name or "..")
    with pytest.raises(ValueError, match="is not a valid name"):
        build.discovery(f"apps/{name}")


@pytest.mark.parametrize("group_version", ["", "../v1", "a/b/v1", "..", "v1%2f.."])
def test_a_group_version_is_one_group_and_one_version(group_version: str) -> None:
    with pytest.raises(ValueError, match="is not a valid name"):
        build.discovery(group_version)


def test_scope_and_namespace_must_match() -> None:
    with pytest.raises(ValueError, match="needs a namespace"):
        build.get(WIDGETS, "x", namespace="")
    with pytest.raises(ValueError, match="needs a namespace"):
        build.create(WIDGETS, {}, namespace="", field_manager="m")
    with pytest.raises(ValueError, match="cluster-scoped"):
        build.get(NAMESPACES, "x", namespace="ns")
