"""The CustomResourceDefinitions of the release engines and of Argo CD load, and their rules work."""

from __future__ import annotations

import time
from typing import Any

import pytest

from hack.localcluster.schema import Structural
from hack.localcluster.schema.crd_checks import check_definition
from hack.standins import crds

Json = dict[str, Any]

DEFINITIONS = {definition["metadata"]["name"]: definition for definition in crds.definitions()}


def helm_release(spec: Json) -> Json:
    return {"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": {"name": "r"}, "spec": spec}


def schema() -> Structural:
    [version] = DEFINITIONS["helmreleases.helm.toolkit.fluxcd.io"]["spec"]["versions"]
    return Structural(version["schema"]["openAPIV3Schema"])


@pytest.mark.parametrize("name", DEFINITIONS)
def test_a_definition_is_accepted_with_all_its_rules(name: str) -> None:
    assert check_definition(DEFINITIONS[name]) == []


def test_a_rule_of_flux_refuses_what_it_should() -> None:
    assert [error.message for error in schema().validate(helm_release({"interval": "1m"}))] == [
        "spec: Invalid value: either chart or chartRef must be set"
    ]


def test_an_object_is_validated_in_a_fraction_of_a_millisecond() -> None:
    structural = schema()
    spec = {"interval": "1m", "chartRef": {"kind": "HelmChart", "name": "c"}, "values": {"a": {"b": [1, 2]}}}
    obj = helm_release(spec)
    assert structural.validate(obj) == []
    started = time.perf_counter()
    for _ in range(100):
        structural.validate(obj)
    assert (time.perf_counter() - started) / 100 < 0.005
