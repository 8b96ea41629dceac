"""Our CRDs of the engines' and Argo CD's kinds: a server accepts them, and they refuse what the originals refuse."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from controller.apimachinery.errors import Invalid
from controller.apimachinery.resources import Resource
from controller.client import Client
from controller.client.config import load
from hack.localcluster import LocalCluster
from hack.standins import crds
from hack.standins.flux.resources import GIT_REPOSITORIES
from hack.standins.flux.resources import HELM_RELEASES as FLUX_HELM_RELEASES
from hack.standins.helm_operator.resource import HELM_RELEASES
from hack.standins.helm_operator.status import PHASES
from tests.standins.cluster_bed import URL, ClusterBed


def ours(name: str) -> dict[str, Any]:
    return next(found for found in crds.definitions() if found["metadata"]["name"] == name)


def create(bed: ClusterBed, resource: Resource, spec: dict[str, Any]) -> None:
    obj = {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {"name": "run"},
        "spec": spec,
    }
    bed.client.create(resource, obj, namespace=bed.namespace)


def test_the_schema_knows_exactly_the_phases_that_are_played() -> None:
    [version] = ours("helmreleases.helm.fluxcd.io")["spec"]["versions"]
    status = version["schema"]["openAPIV3Schema"]["properties"]["status"]
    assert set(status["properties"]["phase"]["enum"]) == set(PHASES)


def test_installing_again_leaves_what_is_there_alone(bed: ClusterBed) -> None:
    name = "helmreleases.helm.fluxcd.io"
    before = bed.client.get(crds.CRDS, name)["metadata"]["resourceVersion"]
    crds.install(bed.client, threading.Event(), crds.HELM_OPERATOR)
    assert bed.client.get(crds.CRDS, name)["metadata"]["resourceVersion"] == before


@pytest.mark.parametrize("groups", [crds.HELM_OPERATOR, crds.FLUX, crds.ARGO_CD], ids=lambda groups: groups[0])
def test_a_program_brings_only_its_own_kinds(groups: tuple[str, ...]) -> None:
    with LocalCluster() as cluster:
        client = Client(connection=load(kubeconfig=str(cluster.kubeconfig)))
        crds.install(client, threading.Event(), groups)
        found = client.list(crds.CRDS)["items"]
        client.close()
    assert {definition["spec"]["group"] for definition in found} == set(groups)


def test_values_are_kept_as_they_are(bed: ClusterBed) -> None:
    values = {"any": {"thing": [1, {"goes": None}]}}
    bed.create(values=values)
    assert bed.client.get(HELM_RELEASES, "run", namespace=bed.namespace)["spec"]["values"] == values


def test_an_unreconciled_object_has_observed_generation_minus_one(bed: ClusterBed) -> None:
    create(bed, GIT_REPOSITORIES, {"url": URL, "interval": "1m"})
    assert bed.client.get(GIT_REPOSITORIES, "run", namespace=bed.namespace)["status"] == {"observedGeneration": -1}


CHART = {"spec": {"chart": "deploy", "sourceRef": {"kind": "GitRepository", "name": "run"}}}


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        ({"interval": "1m"}, "either chart or chartRef must be set"),
        ({"interval": "1m", "chart": CHART, "chartRef": {"kind": "HelmChart", "name": "c"}}, "either chart or"),
        ({"chart": CHART}, "spec.interval: Required value"),
        ({"interval": "1 minute", "chart": CHART}, "spec.interval: Invalid value"),
        ({"interval": "1m", "chart": CHART, "releaseName": "r" * 54}, "spec.releaseName: Too long"),
    ],
)
def test_a_release_that_the_original_refuses_is_refused(bed: ClusterBed, spec: dict[str, Any], words: str) -> None:
    with pytest.raises(Invalid, match=words):
        create(bed, FLUX_HELM_RELEASES, spec)
