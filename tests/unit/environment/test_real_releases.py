"""What we write is what the original CRDs of Flux and the Helm Operator allow, for whatever our own CRD allows.

They are read from the folder beside the project that holds recorded material; without it there is nothing to test.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.api.environment import Environment
from controller.environment.engines import flux
from controller.environment.engines.context import Reference, ReleaseContext
from hack.localcluster.schema import Structural
from tests.unit.environment.generated import environments, our_schema

Json = dict[str, Any]

FIXTURES = Path(os.environ.get("TRONADOR_FIXTURES") or Path(__file__).parents[4] / "shared/fixtures")
DEFINITIONS = {
    (flux.RELEASES.api_version, flux.RELEASES.kind): "helm.toolkit.fluxcd.io_helmreleases",
    (flux.RESOURCES[1].api_version, flux.RESOURCES[1].kind): "source.toolkit.fluxcd.io_gitrepositories",
}

pytestmark = pytest.mark.skipif(not FIXTURES.exists(), reason="no folder with definitions beside the project")


@cache
def _raw(api_version: str, kind: str) -> Json:
    file = FIXTURES / f"crds/{DEFINITIONS[api_version, kind]}.yaml"
    versions = yaml.load(file.read_text(), yaml.CSafeLoader)["spec"]["versions"]
    name = api_version.partition("/")[2]
    schema: Json = next(version["schema"]["openAPIV3Schema"] for version in versions if version["name"] == name)
    return schema


@cache
def _schema(api_version: str, kind: str) -> Structural:
    return Structural(_raw(api_version, kind))


def _objects(environment: Json, *, git_secret: str = "", service_account: str = "") -> Iterator[Json]:
    """Everything that the engines write for the environment."""
    context = ReleaseContext(
        environment=Environment(environment),
        git_secret=git_secret,
        service_account=service_account,
        copies=dict(_copies(environment)),
    )
    yield flux.source(context)
    yield flux.desired(context)


def _copies(environment: Json) -> Iterator[tuple[Reference, str]]:
    for entry in Environment(environment).release.get("valuesFrom") or ():
        for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            if reference := entry.get(field):
                yield Reference(kind, reference.get("namespace") or "", reference["name"]), "tronador-copy-0123456789"


def _check(obj: Json) -> None:
    key = (obj["apiVersion"], obj["kind"])
    schema = _schema(*key)
    assert schema.unknown_fields(obj) == []
    assert [str(error) for error in schema.validate(obj)] == []
    # What the API server would drop or fill in, we would write again at every reconcile.
    assert schema.default(schema.prune(obj))["spec"] == obj["spec"]
    # A second opinion. It knows no int64 and no rules, and needs none of them.
    jsonschema.Draft202012Validator(_raw(*key)).validate(obj)


@given(environments(), st.sampled_from(["", "git-credentials"]), st.sampled_from(["", "tronador-release"]))
@settings(max_examples=300, deadline=None)
def test_whatever_environment_our_crd_allows_leads_to_objects_that_the_engines_crds_allow(
    environment: Json, git_secret: str, service_account: str
) -> None:
    assert [str(error) for error in our_schema().validate(environment)] == []
    for obj in _objects(environment, git_secret=git_secret, service_account=service_account):
        _check(obj)
