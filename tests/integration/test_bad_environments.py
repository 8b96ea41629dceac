"""Bad environments: refused by the API server with the field named, or stalled with field, value and remedy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from controller.api.environment import ENVIRONMENTS
from controller.apimachinery.errors import Invalid
from tests.integration.support.clusters import Cluster, environment_definition
from tests.integration.support.controllers import ThreadedController
from tests.integration.support.engines import Engine
from tests.integration.support.environments import GIT_URL, Environments, manifest
from tests.integration.support.fixtures import StartController
from tests.integration.support.waiting import eventually

CHART = {"git": GIT_URL, "path": "deploy", "ref": "run-pipeline"}
RELEASE = "spec.application.release"

BAD_RELEASES: Mapping[str, tuple[dict[str, Any], str]] = {
    "a release name of 60 characters": ({"releaseName": "r" * 60}, f"{RELEASE}.releaseName"),
    "a release name with capitals": ({"releaseName": "Run"}, f"{RELEASE}.releaseName"),
    "a file URL": ({"chart": {**CHART, "git": "file:///etc"}}, f"{RELEASE}.chart.git"),
    "a local path": ({"chart": {**CHART, "git": "/etc"}}, f"{RELEASE}.chart.git"),
    "a transport helper": ({"chart": {**CHART, "git": "ext::sh -c id"}}, f"{RELEASE}.chart.git"),
    "a password in the URL": ({"chart": {**CHART, "git": "https://u:p4ss@example.com/r"}}, f"{RELEASE}.chart.git"),
    "a token in the URL": ({"chart": {**CHART, "git": "https://t0ken@example.com/r"}}, f"{RELEASE}.chart.git"),
    "a missing path": ({"chart": {"git": GIT_URL, "path": None}}, f"{RELEASE}.chart.path"),
    "an empty path": ({"chart": {**CHART, "path": ""}}, f"{RELEASE}.chart.path"),
    "a path that leads out": ({"chart": {**CHART, "path": "../../etc"}}, f"{RELEASE}.chart.path"),
    "a ref that is an option": ({"chart": {**CHART, "ref": "--upload-pack=x"}}, f"{RELEASE}.chart.ref"),
    "a missing chart": ({"chart": None}, f"{RELEASE}.chart"),
    "a target namespace": ({"targetNamespace": "kube-system"}, f"{RELEASE}.targetNamespace"),
    "value file secrets": ({"valueFileSecrets": [{"name": "x"}]}, f"{RELEASE}.valueFileSecrets"),
    "Helm 2": ({"helmVersion": "v2"}, f"{RELEASE}.helmVersion"),
    "a chart from a Helm repository": ({"chart": {**CHART, "repository": "https://c.example"}}, f"{RELEASE}.chart"),
}
# As long as it is, an old or a hand-made CustomResourceDefinition lets everything through.
STALLED = {
    "a release name of 60 characters": "InvalidSpec",
    "a file URL": "InvalidSpec",
    "a password in the URL": "CredentialsInURL",
    "a missing path": "InvalidSpec",
    "a path that leads out": "InvalidSpec",
    "a target namespace": "FieldNotAllowed",
    "value file secrets": "FieldNotAllowed",
    "Helm 2": "InvalidSpec",
    "a chart from a Helm repository": "FieldNotAllowed",
}


@pytest.mark.parametrize("what", BAD_RELEASES)
def test_the_api_server_refuses_and_names_the_field(cluster: Cluster, what: str) -> None:
    release, field = BAD_RELEASES[what]
    with pytest.raises(Invalid) as refused:
        cluster.client.create(ENVIRONMENTS, manifest(cluster.name("bad"), **release))
    assert field in [cause.get("field") for cause in refused.value.causes], refused.value.message


@pytest.mark.parametrize("name", ["n" * 70, "dots.are.none", "n" * 64])
def test_the_api_server_refuses_a_name_that_no_namespace_can_have(cluster: Cluster, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        cluster.client.create(ENVIRONMENTS, manifest(name))
    assert "metadata.name" in [cause.get("field") for cause in refused.value.causes]


def test_the_api_server_refuses_a_label_value_that_no_namespace_can_have(cluster: Cluster) -> None:
    with pytest.raises(Invalid) as refused:
        cluster.client.create(ENVIRONMENTS, manifest("bad", spec={"namespaceLabels": {"team": "not a value"}}))
    assert "spec.namespaceLabels.team" in [cause.get("field") for cause in refused.value.causes]


@pytest.mark.parametrize("absent", ["namespaceLabels", "values", "valuesFrom", "rollback", "test"])
def test_null_means_absent(
    environments: Environments, engine: Engine, controller: ThreadedController, absent: str
) -> None:
    at_the_top = absent == "namespaceLabels"
    environment = environments.create(
        spec={absent: None} if at_the_top else None, **{} if at_the_top else {absent: None}
    )
    environment.deployed()


@pytest.mark.parametrize("what", STALLED)
def test_behind_an_older_schema_it_is_stalled_with_field_value_and_remedy(
    cluster: Cluster, environments: Environments, engine: Engine, controller: ThreadedController, what: str
) -> None:
    if cluster.local is None:
        pytest.skip("replaces the CustomResourceDefinition, which a real cluster shares")
    cluster.install(permissive_definition())
    release, field = BAD_RELEASES[what]
    environment = environments.create("bad", **release)
    message = environment.stalled(STALLED[what])["message"]
    assert field in message
    assert "p4ss" not in message
    assert environment.namespace() is None
    environment.patch_release(
        chart={**CHART, "repository": None},
        releaseName="good",
        targetNamespace=None,
        valueFileSecrets=None,
        helmVersion=None,
    )
    environment.deployed()
    assert "Stalled" not in [c["type"] for c in environment.status()["conditions"]]


def permissive_definition() -> dict[str, Any]:
    """Our CustomResourceDefinition with a schema that refuses nothing."""
    definition = environment_definition()
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"] = {
        "type": "object",
        "properties": {"spec": anything, "status": anything},
    }
    return definition


@pytest.mark.parametrize(
    "label", ["app.kubernetes.io/managed-by", "tronador.stakater.com/environment", "tronador.stakater.com/anything"]
)
def test_ownership_labels_in_the_spec_are_refused(
    environments: Environments, engine: Engine, controller: ThreadedController, label: str
) -> None:
    environment = environments.create(spec={"namespaceLabels": {label: "somebody-else"}})
    message = environment.stalled("LabelReserved")["message"]
    assert label in message
    assert "somebody-else" in message
    assert environment.namespace() is None
    environment.patch({"namespaceLabels": {label: None}})
    environment.deployed()


def test_a_bad_environment_does_not_affect_fifty_good_ones(
    cluster: Cluster, environments: Environments, engine: Engine, start_controller: StartController
) -> None:
    start_controller(workers=2)
    cluster.create_namespace(cluster.name("bad"))
    bad = environments.apply(manifest(cluster.name("bad")))
    worse = environments.create("worse", spec={"namespaceLabels": {"tronador.stakater.com/x": "y"}})
    good = [environments.create(f"pr-{number}") for number in range(50)]
    bad.stalled("NamespaceNotOwned")
    worse.stalled("LabelReserved")
    for environment in good:
        environment.deployed()
    eventually(lambda: bad.condition("Stalled") and worse.condition("Stalled"), "the bad ones still are")
