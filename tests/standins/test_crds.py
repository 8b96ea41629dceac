"""Our CRD of the HelmRelease: everything that the original's has, and a server accepts it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from hack.standins import crds
from hack.standins.helm_operator.resource import HELM_RELEASES
from hack.standins.helm_operator.status import PHASES
from tests.standins.cluster_bed import ClusterBed

FIXTURES = Path(os.environ.get("TRONADOR_FIXTURES") or Path(__file__).parents[3] / "shared/fixtures")
ORIGINAL = FIXTURES / "crds/helm.fluxcd.io_helmreleases.yaml"
# What a schema decides by; descriptions and the like are its own affair.
KEYWORDS = ("type", "format", "enum", "required", "x-kubernetes-preserve-unknown-fields")


def ours() -> dict[str, Any]:
    return next(found for found in crds.definitions() if found["metadata"]["name"] == "helmreleases.helm.fluxcd.io")


def fields(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every field's path with its keywords."""
    decisive = {key: schema[key] for key in KEYWORDS if key in schema}
    yield path, {key: sorted(value) if isinstance(value, list) else value for key, value in decisive.items()}
    for name, inner in (schema.get("properties") or {}).items():
        yield from fields(inner, f"{path}.{name}")
    if "items" in schema:
        yield from fields(schema["items"], f"{path}[]")


@pytest.mark.skipif(not ORIGINAL.exists(), reason="the original CRD is not beside this repository")
def test_every_field_of_the_original_is_here_and_means_the_same() -> None:
    def version(crd: dict[str, Any]) -> dict[str, Any]:
        return crd["spec"]["versions"][0]

    original = yaml.safe_load(ORIGINAL.read_text())
    assert dict(fields(version(ours())["schema"]["openAPIV3Schema"])) == dict(
        fields(version(original)["schema"]["openAPIV3Schema"])
    )
    assert ours()["spec"]["names"] == original["spec"]["names"]
    columns = [(column["name"], column["jsonPath"]) for column in version(ours())["additionalPrinterColumns"]]
    assert columns == [(each["name"], each["jsonPath"]) for each in version(original)["additionalPrinterColumns"]]
    assert version(ours())["subresources"] == {"status": {}}


def test_the_schema_knows_exactly_the_phases_that_are_played() -> None:
    schema = ours()["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    assert set(schema["properties"]["status"]["properties"]["phase"]["enum"]) == set(PHASES)


def test_installing_again_leaves_what_is_there_alone(bed: ClusterBed) -> None:
    name = "helmreleases.helm.fluxcd.io"
    before = bed.client.get(crds.CRDS, name)["metadata"]["resourceVersion"]
    crds.install(bed.client, threading.Event())
    assert bed.client.get(crds.CRDS, name)["metadata"]["resourceVersion"] == before


def test_values_are_kept_as_they_are(bed: ClusterBed) -> None:
    values = {"any": {"thing": [1, {"goes": None}]}}
    bed.create(values=values)
    assert bed.client.get(HELM_RELEASES, "run", namespace=bed.namespace)["spec"]["values"] == values
