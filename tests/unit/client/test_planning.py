"""The client of dry runs: it sends no write, and answers each as the API server would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

import pytest

from controller.api.environment import ENVIRONMENTS
from controller.api.helm_operator import HELM_RELEASES
from controller.apimachinery.errors import AlreadyExists, ApiError, Conflict, Invalid, NotFound, status_error
from controller.apimachinery.resources import CONFIG_MAPS, NAMESPACES, SECRETS, SERVICE_ACCOUNTS, Resource
from controller.client import Client, PatchType, PlanningClient

FORBIDDEN = status_error(403, {"kind": "Status", "reason": "Forbidden"})
NO_SUCH_KIND = status_error(404, "404 page not found")
EXISTING = {
    "apiVersion": "helm.fluxcd.io/v1",
    "kind": "HelmRelease",
    "metadata": {"name": "app", "namespace": "pr-1", "uid": "u1", "resourceVersion": "7", "generation": 2},
    "spec": {"values": {"tag": "one"}},
}


class Cluster:
    """Has only the methods that a dry run may call, none of which writes."""

    def __init__(self, *objects: Mapping[str, Any], error: ApiError | None = None) -> None:
        self._objects = {(o["metadata"].get("namespace", ""), o["metadata"]["name"]): o for o in objects}
        self._error = error

    def get(self, resource: Resource, name: str, *, namespace: str = "") -> dict[str, Any]:
        if self._error is not None:
            raise self._error
        if (namespace, name) not in self._objects:
            raise status_error(404, {"kind": "Status", "reason": "NotFound"})
        return dict(self._objects[(namespace, name)])

    def list(self, resource: Resource, *, namespace: str = "", **selectors: Any) -> dict[str, Any]:
        return {"items": [o for (where, _), o in self._objects.items() if where == namespace]}


def planning(*objects: Mapping[str, Any], error: ApiError | None = None) -> PlanningClient:
    return PlanningClient(cast(Client, Cluster(*objects, error=error)))


def named(name: str, **rest: Any) -> dict[str, Any]:
    return {"metadata": {"name": name}, **rest}


def listed(client: PlanningClient) -> list[str]:
    return [
        " ".join(filter(None, (w.verb, w.resource, w.subresource, w.namespace, w.name, ",".join(w.fields))))
        for w in client.writes
    ]


def test_a_planned_object_exists_afterwards() -> None:
    client = planning()
    created = client.create(HELM_RELEASES, named("app", spec={"a": 1}), namespace="pr-1")
    assert created["metadata"]["generation"] == 1
    assert created["metadata"]["uid"]
    assert client.get(HELM_RELEASES, "app", namespace="pr-1") == created
    assert listed(client) == ["create helmreleases.helm.fluxcd.io pr-1 app"]


def test_a_planned_namespace_is_active_and_has_only_its_default_account() -> None:
    client = planning(error=FORBIDDEN)
    created = client.create(NAMESPACES, named("pr-1"))
    assert created["status"] == {"phase": "Active"}
    assert client.get(SERVICE_ACCOUNTS, "default", namespace="pr-1")["metadata"]["name"] == "default"
    with pytest.raises(NotFound):
        client.get(SECRETS, "token", namespace="pr-1")
    assert client.list(SECRETS, namespace="pr-1") == {"items": []}


def test_an_object_missing_from_the_cache_is_found() -> None:
    client = planning(EXISTING)
    with pytest.raises(AlreadyExists):
        client.create(HELM_RELEASES, named("app"), namespace="pr-1")
    assert listed(client) == ["create helmreleases.helm.fluxcd.io pr-1 app"]


def test_a_kind_that_the_cluster_does_not_know_is_refused() -> None:
    client = planning(error=NO_SUCH_KIND)
    with pytest.raises(NotFound) as created:
        client.create(HELM_RELEASES, named("app"), namespace="pr-1")
    with pytest.raises(NotFound) as applied:
        client.patch(CONFIG_MAPS, "x", named("x"), namespace="pr-1", patch_type=PatchType.APPLY)
    assert created.value.resource_missing
    assert applied.value.resource_missing


def test_an_unreadable_object_is_planned_as_missing() -> None:
    client = planning(error=FORBIDDEN)
    client.patch(SECRETS, "x", named("x", data={"a": "b"}), namespace="pr-1", patch_type=PatchType.APPLY)
    assert listed(client) == ["patch secrets pr-1 x"]


def test_a_json_patch_changes_the_object_and_raises_its_generation() -> None:
    client = planning(EXISTING)
    body = [
        {"op": "test", "path": "/metadata/uid", "value": "u1"},
        {"op": "replace", "path": "/spec/values/tag", "value": "two"},
        {"op": "add", "path": "/metadata/labels", "value": {"a.example/b": "c"}},
    ]
    outcome = client.patch(HELM_RELEASES, "app", body, namespace="pr-1", patch_type=PatchType.JSON)
    assert outcome["spec"]["values"]["tag"] == "two"
    assert outcome["metadata"]["generation"] == 3
    assert listed(client) == ["patch helmreleases.helm.fluxcd.io pr-1 app metadata.labels,spec.values.tag"]
    assert EXISTING["metadata"]["generation"] == 2


def test_a_json_patch_for_another_uid_is_refused() -> None:
    body = [{"op": "test", "path": "/metadata/uid", "value": "u0"}]
    with pytest.raises(Invalid):
        planning(EXISTING).patch(HELM_RELEASES, "app", body, namespace="pr-1", patch_type=PatchType.JSON)


def test_a_merge_patch_for_an_older_version_is_a_conflict() -> None:
    with pytest.raises(Conflict):
        planning(EXISTING).patch(HELM_RELEASES, "app", {"metadata": {"resourceVersion": "6"}}, namespace="pr-1")


def test_a_planned_status_names_its_fields_and_keeps_the_generation() -> None:
    client = planning(EXISTING)
    body = {"metadata": {"resourceVersion": "7"}, "status": {"phase": "x"}}
    outcome = client.patch(HELM_RELEASES, "app", body, namespace="pr-1", subresource="status")
    assert outcome["metadata"]["generation"] == 2
    assert listed(client) == ["patch helmreleases.helm.fluxcd.io status pr-1 app status"]


def test_a_planned_apply_keeps_the_fields_of_others() -> None:
    existing = {"metadata": {"name": "x", "namespace": "pr-1", "labels": {"theirs": "1"}}, "data": {"a": "1"}}
    client = planning(existing)
    body = {"metadata": {"name": "x", "labels": {"a.example/ours": "1"}}, "data": {"a": "2"}}
    outcome = client.patch(CONFIG_MAPS, "x", body, namespace="pr-1", patch_type=PatchType.APPLY, force=True)
    assert outcome["metadata"]["labels"] == {"theirs": "1", "a.example/ours": "1"}
    assert listed(client) == ["patch configmaps pr-1 x metadata.labels[a.example/ours],data.a"]


def test_a_planned_deletion_removes_the_object_unless_a_finalizer_holds_it() -> None:
    held = {"metadata": {"name": "pr-1", "uid": "u2", "finalizers": ["x"]}}
    client = planning(EXISTING, held)
    client.delete(HELM_RELEASES, "app", namespace="pr-1", uid="u1")
    client.delete(ENVIRONMENTS, "pr-1", uid="u2")
    with pytest.raises(NotFound):
        client.get(HELM_RELEASES, "app", namespace="pr-1")
    assert client.get(ENVIRONMENTS, "pr-1")["metadata"]["deletionTimestamp"]


def test_a_planned_deletion_makes_a_namespace_terminating() -> None:
    client = planning({"metadata": {"name": "pr-1", "uid": "u2"}})
    client.delete(NAMESPACES, "pr-1", uid="u2")
    assert client.get(NAMESPACES, "pr-1")["status"] == {"phase": "Terminating"}


def test_an_object_with_another_uid_is_not_deleted() -> None:
    with pytest.raises(Conflict):
        planning(EXISTING).delete(HELM_RELEASES, "app", namespace="pr-1", uid="u0")
    with pytest.raises(NotFound):
        planning().delete(HELM_RELEASES, "app", namespace="pr-1", uid="u1")
