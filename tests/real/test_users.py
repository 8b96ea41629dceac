"""manifests/users as a real API server enforces it: a developer changes four annotations of environments, no more.

tests/manifests/test_users.py evaluates the policy alone. Here the server also asks RBAC whom the policy is for. All
changes are dry runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from controller.api.environment import (
    ACTIVE_AT_ANNOTATION,
    ADOPT_ANNOTATION,
    ENVIRONMENTS,
    EXPIRE_AT_ANNOTATION,
    KEEP_ANNOTATION,
    RECONCILE_AT_ANNOTATION,
)
from controller.apimachinery.errors import Forbidden
from controller.client import Client
from hack.paths import MANIFESTS
from hack.yamlfiles import documents
from tests.integration.support.accounts import RESOURCES
from tests.integration.support.clusters import Cluster
from tests.integration.support.developers import make_developer
from tests.integration.support.environments import manifest
from tests.integration.support.waiting import eventually
from tests.real.support.accounts import as_user

THEIRS = (KEEP_ANNOTATION, ACTIVE_AT_ANNOTATION, EXPIRE_AT_ANNOTATION, RECONCILE_AT_ANNOTATION)


@pytest.fixture
def name(cluster: Cluster) -> str:
    """An environment on which the policy is in force. Its controller is away."""
    name = cluster.name("shop-74")
    for document in documents(MANIFESTS / "users" / "policy.yaml"):
        cluster.put(RESOURCES[document["kind"]], document)
    obj = manifest(name)
    obj["metadata"].update(annotations={"x": "y", KEEP_ANNOTATION: "true"}, labels={"a": "b"})
    cluster.client.create(ENVIRONMENTS, obj)
    return name


@pytest.fixture
def developer(cluster: Cluster, name: str, tmp_path: Path) -> Iterator[Client]:
    """A developer, to whom the policy applies."""
    with as_user(make_developer(cluster, tmp_path)) as client:
        eventually(lambda: why(client, name, {"metadata": {"labels": {"a": "c"}}}), "the policy is in force")
        yield client


def why(client: Client, name: str, change: Mapping[str, Any]) -> str:
    """Why the policy refuses a change; "" if it does not. Raises for a refusal by anybody else."""
    try:
        client.patch(ENVIRONMENTS, name, change, dry_run=True)
    except Forbidden as error:
        if error.by_admission and "tronador-users" in error.message:
            return error.message
        raise
    return ""


def test_a_developer_changes_four_annotations_and_nothing_else(cluster: Cluster, developer: Client, name: str) -> None:
    for key in THEIRS:
        assert why(developer, name, {"metadata": {"annotations": {key: "2026-01-31T12:00:00Z"}}}) == "", key
    assert why(developer, name, {"metadata": {"annotations": {KEEP_ANNOTATION: None}}}) == ""

    owner = {"apiVersion": "v1", "kind": "Namespace", "name": "default", "uid": "1"}
    for change, words in (
        ({"spec": {"suspend": True}}, "may not change the spec"),
        ({"metadata": {"labels": {"a": None}}}, "may not change labels"),
        ({"metadata": {"finalizers": ["example.com/mine"]}}, "may not change labels, finalizers"),
        ({"metadata": {"ownerReferences": [owner]}}, "may not change labels, finalizers or owners"),
        ({"metadata": {"annotations": {"x": "z"}}}, "only the annotations keep"),
        ({"metadata": {"annotations": {"x": None}}}, "only the annotations keep"),
        ({"metadata": {"annotations": {ADOPT_ANNOTATION: "shop"}}}, "only the annotations keep"),
        ({"metadata": {"annotations": {KEEP_ANNOTATION: "x" * 257}}}, "at most 256 characters"),
    ):
        assert words in why(developer, name, change), change
        assert why(cluster.client, name, change) == "", "an administrator is not limited"


def test_a_developer_neither_makes_nor_removes_environments(cluster: Cluster, developer: Client, name: str) -> None:
    for write in (
        lambda: developer.create(ENVIRONMENTS, manifest(cluster.name("other"))),
        lambda: developer.delete(ENVIRONMENTS, name),
        lambda: developer.patch(ENVIRONMENTS, name, {"status": {"url": "https://example.com"}}, subresource="status"),
    ):
        with pytest.raises(Forbidden) as refusal:
            write()
        assert not refusal.value.by_admission
