"""The CustomResourceDefinitions of our neighbours load, and their own samples are valid.

They are read from the folder beside the project that holds recorded material; without it there is nothing to test.
"""

from __future__ import annotations

import os
import time
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from hack.localcluster.schema import Structural
from hack.localcluster.schema.crd_checks import check_definition

Json = dict[str, Any]

FIXTURES = Path(os.environ.get("TRONADOR_FIXTURES") or Path(__file__).parents[4] / "shared/fixtures")
DEFINITIONS = sorted((FIXTURES / "crds").glob("*.yaml"))
SAMPLES = sorted([*(FIXTURES / "manifests").glob("*.yaml"), *(FIXTURES / "helmrelease-status").glob("*.yaml")])

pytestmark = pytest.mark.skipif(not DEFINITIONS, reason="no folder with definitions beside the project")


def documents(file: Path) -> list[Json]:
    return [found for found in yaml.load_all(file.read_text(), yaml.CSafeLoader) if found]


@cache
def schemas() -> dict[tuple[str, str], Structural]:
    found = {}
    for file in DEFINITIONS:
        for definition in documents(file):
            spec = definition["spec"]
            for version in spec["versions"]:
                key = (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
                found[key] = Structural(version["schema"]["openAPIV3Schema"])
    return found


@pytest.mark.parametrize("file", DEFINITIONS, ids=lambda file: file.stem)
def test_the_definition_is_accepted_with_all_its_rules(file: Path) -> None:
    for definition in documents(file):
        names = definition["spec"]["names"]
        names.setdefault("listKind", f"{names['kind']}List")
        names.setdefault("singular", names["kind"].lower())
        assert check_definition(definition) == []


@pytest.mark.parametrize("file", SAMPLES, ids=lambda file: file.stem)
def test_the_sample_is_valid_and_has_no_unknown_fields(file: Path) -> None:
    for obj in documents(file):
        schema = schemas().get((obj["apiVersion"], obj["kind"]))
        if schema is None:
            continue
        assert schema.unknown_fields(obj) == []
        assert schema.validate(schema.default(schema.prune(obj))) == []


def test_a_rule_of_flux_refuses_what_it_should() -> None:
    schema = schemas()["helm.toolkit.fluxcd.io/v2", "HelmRelease"]
    obj = {
        "apiVersion": "helm.toolkit.fluxcd.io/v2",
        "kind": "HelmRelease",
        "metadata": {"name": "r"},
        "spec": {"interval": "1m"},
    }
    assert [error.message for error in schema.validate(obj)] == [
        "spec: Invalid value: either chart or chartRef must be set"
    ]


def test_an_object_is_validated_in_a_fraction_of_a_millisecond() -> None:
    schema = schemas()["helm.toolkit.fluxcd.io/v2", "HelmRelease"]
    spec = {"interval": "1m", "chartRef": {"kind": "OCIRepository", "name": "c"}, "values": {"a": {"b": [1, 2]}}}
    obj = {"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": {"name": "r"}, "spec": spec}
    assert schema.validate(obj) == []
    started = time.perf_counter()
    for _ in range(100):
        schema.validate(obj)
    assert (time.perf_counter() - started) / 100 < 0.005
