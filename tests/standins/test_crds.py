"""Our CRDs of the neighbours' kinds: what they have is what the originals' have, and a server accepts them."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

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

FIXTURES = Path(os.environ.get("TRONADOR_FIXTURES") or Path(__file__).parents[3] / "shared/fixtures")
NAMES = (
    "helmreleases.helm.fluxcd.io",
    "helmreleases.helm.toolkit.fluxcd.io",
    "gitrepositories.source.toolkit.fluxcd.io",
    "applications.argoproj.io",
)
# What a schema decides by; descriptions and the like are its own affair.
KEYWORDS = (
    "type",
    "format",
    "enum",
    "required",
    "pattern",
    "minLength",
    "maxLength",
    "minimum",
    "default",
    "x-kubernetes-preserve-unknown-fields",
    "x-kubernetes-validations",
)


def ours(name: str) -> dict[str, Any]:
    return next(found for found in crds.definitions() if found["metadata"]["name"] == name)


def original(name: str) -> dict[str, Any]:
    plural, _, group = name.partition(".")
    file = FIXTURES / f"crds/{group}_{plural}.yaml"
    if not file.exists():
        pytest.skip("the original CRDs are not beside this repository")
    return yaml.safe_load(file.read_text())


def version(crd: dict[str, Any]) -> dict[str, Any]:
    return crd["spec"]["versions"][0]


def schema(crd: dict[str, Any]) -> dict[str, Any]:
    return version(crd)["schema"]["openAPIV3Schema"]


def fields(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field's path with its keywords."""
    decisive = {key: schema[key] for key in KEYWORDS if key in schema}
    for key in ("enum", "required"):
        if key in decisive:
            decisive[key] = sorted(decisive[key])
    yield path, decisive
    for name, inner in (schema.get("properties") or {}).items():
        yield from fields(inner, f"{path}.{name}")
    for key, ending in (("items", "[]"), ("additionalProperties", "{}")):
        if key in schema:
            yield from fields(schema[key], f"{path}{ending}")


def create(bed: ClusterBed, resource: Resource, spec: dict[str, Any]) -> None:
    obj = {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "metadata": {"name": "run"},
        "spec": spec,
    }
    bed.client.create(resource, obj, namespace=bed.namespace)


@pytest.mark.parametrize("name", NAMES)
def test_every_field_is_as_the_original_has_it(name: str) -> None:
    theirs = dict(fields(schema(original(name))))
    different = {
        path: (field, theirs.get(path)) for path, field in fields(schema(ours(name))) if field != theirs.get(path)
    }
    assert different == {}


def test_the_helm_operator_s_has_no_further_field() -> None:
    name = "helmreleases.helm.fluxcd.io"
    assert set(dict(fields(schema(original(name))))) == set(dict(fields(schema(ours(name)))))


@pytest.mark.parametrize("name", NAMES)
def test_names_version_and_columns_are_the_original_s(name: str) -> None:
    mine, theirs = ours(name), original(name)
    for key in ("group", "scope", "names"):
        assert mine["spec"][key] == theirs["spec"][key]
    assert len(mine["spec"]["versions"]) == len([one for one in theirs["spec"]["versions"] if one["served"]])
    for key in ("name", "served", "storage", "subresources"):
        assert version(mine)[key] == version(theirs)[key]
    columns = [(one["name"], one["type"], one["jsonPath"]) for one in version(mine)["additionalPrinterColumns"]]
    assert columns == [
        (one["name"], one["type"], one["jsonPath"]) for one in version(theirs)["additionalPrinterColumns"]
    ]


def test_the_schema_knows_exactly_the_phases_that_are_played() -> None:
    status = schema(ours("helmreleases.helm.fluxcd.io"))["properties"]["status"]
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
