"""A namespace that belongs to somebody else: refused, adopted with consent, and given back."""

from __future__ import annotations

from typing import Any

import pytest

from controller.api.environment import ADOPT_ANNOTATION, ENVIRONMENT_LABEL
from controller.api.rbac import ROLE_BINDINGS
from controller.apimachinery.resources import NAMESPACES
from tests.integration.support.clusters import Cluster
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.environments import Environment, Environments, manifest
from tests.integration.support.fixtures import StartController
from tests.integration.support.history import History
from tests.integration.support.waiting import eventually

THEIRS = {"owner": "somebody", "team": "theirs"}


def metadata(environment: Environment) -> dict[str, Any]:
    """Everything about the namespace that we could have changed."""
    namespace = environment.namespace()
    assert namespace is not None
    return {name: namespace["metadata"].get(name) for name in ("uid", "labels", "annotations", "finalizers")}


@pytest.fixture
def environment(cluster: Cluster, environments: Environments) -> Environment:
    """One in whose way a foreign namespace stands."""
    name = cluster.name("pr-74")
    cluster.create_namespace(name, labels=THEIRS)
    return environments.apply(manifest(name, spec={"namespaceLabels": {"kind": "pr"}}))


def adopt(environment: Environment) -> None:
    """The owner's consent."""
    annotations = {ADOPT_ANNOTATION: environment.name}
    environment.cluster.client.patch(NAMESPACES, environment.name, {"metadata": {"annotations": annotations}})


def test_a_foreign_namespace_is_refused_with_field_value_and_remedy(
    environment: Environment, engine: Engine, controller: ThreadedController
) -> None:
    stalled = environment.stalled("NamespaceNotOwned")
    assert "metadata.name" in stalled["message"]
    assert environment.name in stalled["message"]
    assert ADOPT_ANNOTATION in stalled["message"]
    assert environment.condition("Ready")["status"] == "False"
    assert environment.helm_release() is None


def test_neither_the_refusal_nor_the_deletion_changes_a_foreign_namespace(
    cluster: Cluster, environments: Environments, engine: Engine, controller: ThreadedController, history: History
) -> None:
    name = cluster.name("pr-74")
    created = cluster.create_namespace(name, labels=THEIRS)
    environment = environments.apply(manifest(name, spec={"namespaceLabels": {"owner": "us"}}))
    environment.stalled("NamespaceNotOwned")
    environment.delete()
    environment.gone()
    namespace = environment.namespace()
    assert namespace is not None
    assert namespace["metadata"]["resourceVersion"] == created["metadata"]["resourceVersion"]
    assert namespace["metadata"]["labels"].items() >= THEIRS.items()


def test_a_foreign_namespace_is_adopted_when_its_owner_consents(
    environment: Environment, engine: Engine, controller: ThreadedController
) -> None:
    environment.stalled("NamespaceNotOwned")
    adopt(environment)
    environment.deployed()
    assert environment.labels().items() >= {**THEIRS, "kind": "pr", ENVIRONMENT_LABEL: environment.name}.items()
    eventually(lambda: "NamespaceAdopted" in environment.reasons(), "an Event says that it was adopted")
    assert "Stalled" not in [c["type"] for c in environment.status()["conditions"]]


def test_consent_for_another_environment_does_not_count(
    environment: Environment, engine: Engine, controller: ThreadedController
) -> None:
    environment.stalled("NamespaceNotOwned")
    annotations = {ADOPT_ANNOTATION: "another"}
    environment.cluster.client.patch(NAMESPACES, environment.name, {"metadata": {"annotations": annotations}})
    environment.label_namespace(touched="yes")
    environment.stalled("NamespaceNotOwned")
    assert ENVIRONMENT_LABEL not in environment.labels()


def test_an_adopted_namespace_survives_its_environment_and_loses_our_labels(
    environment: Environment, engine: Engine, controller: ThreadedController
) -> None:
    before = metadata(environment)
    adopt(environment)
    environment.deployed()
    environment.delete()
    environment.gone()
    after = metadata(environment)
    assert after["uid"] == before["uid"]
    assert after["labels"] == before["labels"]
    assert not [name for name in after["annotations"] if name.startswith("tronador") and name != ADOPT_ANNOTATION]
    assert environment.helm_release() is None
    assert environment.storage() == []
    assert environment.cluster.list(ROLE_BINDINGS, environment.name) == []


def test_an_adopted_namespace_survives_after_the_consent_is_withdrawn(
    environment: Environment, engine: Engine, controller: ThreadedController
) -> None:
    adopt(environment)
    environment.deployed()
    annotations = {ADOPT_ANNOTATION: None}
    environment.cluster.client.patch(NAMESPACES, environment.name, {"metadata": {"annotations": annotations}})
    environment.delete()
    environment.gone()
    assert environment.labels().items() >= THEIRS.items()


def test_an_environment_is_deployed_once_the_foreign_namespace_is_gone(
    environment: Environment, engine: Engine, controller: ThreadedController
) -> None:
    environment.stalled("NamespaceNotOwned")
    environment.cluster.client.delete(NAMESPACES, environment.name)
    environment.deployed()
    assert "owner" not in environment.labels()


def test_an_environment_of_the_same_name_takes_over_what_an_earlier_one_left(
    cluster: Cluster, environments: Environments, engine: Engine, start_controller: StartController
) -> None:
    # A cluster restored from a backup: the namespace is ours, and the environment has another UID.
    name = cluster.name("pr-74")
    cluster.create_namespace(
        name,
        labels={ENVIRONMENT_LABEL: name, "app.kubernetes.io/managed-by": "tronador.stakater.com", "team": "old"},
        annotations={
            "tronador.stakater.com/environment-uid": "00000000-0000-0000-0000-000000000000",
            "tronador.stakater.com/applied-labels": '{"team":"old"}',
        },
    )
    start_controller()
    environment = environments.apply(manifest(name, spec={"namespaceLabels": {"kind": "pr"}}))
    uid = environment.deployed()["metadata"]["uid"]
    namespace = environment.namespace()
    assert namespace is not None
    assert namespace["metadata"]["annotations"]["tronador.stakater.com/environment-uid"] == uid
    assert "team" not in namespace["metadata"]["labels"]
    assert namespace["metadata"]["labels"]["kind"] == "pr"


@pytest.mark.parametrize("name", ["default", "kube-system", "openshift-monitoring", "tronador-system"])
def test_a_protected_name_is_refused_even_with_consent(
    cluster: Cluster, environments: Environments, controller: ThreadedController, name: str
) -> None:
    if cluster.local is None:
        pytest.skip("this test changes system namespaces, which a real cluster needs")
    if cluster.get(NAMESPACES, name) is None:
        cluster.create_namespace(name)
    before = cluster.client.patch(NAMESPACES, name, {"metadata": {"annotations": {ADOPT_ANNOTATION: name}}})
    environment = environments.apply(manifest(name))
    stalled = environment.stalled("NamespaceProtected")
    assert repr(name) in stalled["message"]
    assert "--protected-namespaces" in stalled["message"]
    environment.delete()
    eventually(lambda: not environment.exists(), "it can be deleted")
    after = cluster.client.get(NAMESPACES, name)
    assert after["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"]
