"""The engines' original CRDs, and whether what we write is what they allow."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from controller.api.environment import Environment
from controller.environment.engines import flux, helm_operator
from controller.environment.engines.engine import Reference, ReleaseContext
from hack.localcluster.schema import Structural

Json = dict[str, Any]

FIXTURES = Path(os.environ.get("TRONADOR_FIXTURES") or Path(__file__).parents[5] / "shared/fixtures")
_FILES = {
    "helm.fluxcd.io/v1/HelmRelease": "helm.fluxcd.io_helmreleases",
    "helm.toolkit.fluxcd.io/v2/HelmRelease": "helm.toolkit.fluxcd.io_helmreleases",
    "source.toolkit.fluxcd.io/v1/GitRepository": "source.toolkit.fluxcd.io_gitrepositories",
}


def schema_of(obj: Json) -> Structural:
    """The schema for an object of an engine."""
    return _structural(f"{obj['apiVersion']}/{obj['kind']}")


def check(environment: Json, *, git_secret: str = "", service_account: str = "") -> None:
    """Assert that the engines' CRDs allow, to the letter, everything that the engines write for the environment."""
    for obj in written(environment, git_secret=git_secret, service_account=service_account):
        schema = schema_of(obj)
        assert schema.unknown_fields(obj) == []
        assert [str(error) for error in schema.validate(obj)] == []
        # What the API server would drop or fill in, we would write again at every reconcile.
        assert schema.default(schema.prune(obj))["spec"] == obj["spec"]
        # A second opinion. It knows no rules, and needs none of them.
        jsonschema.Draft202012Validator(_raw(f"{obj['apiVersion']}/{obj['kind']}")).validate(obj)


def written(environment: Json, *, git_secret: str, service_account: str) -> Iterator[Json]:
    """Everything that the engines write for the environment."""
    context = ReleaseContext(
        environment=Environment(environment),
        git_secret=git_secret,
        service_account=service_account,
        copies=dict(_copies(environment)),
    )
    yield helm_operator.desired(context)
    yield flux.desired_source(context)
    yield flux.desired(context)


def _copies(environment: Json) -> Iterator[tuple[Reference, str]]:
    for entry in Environment(environment).release.get("valuesFrom") or ():
        for field, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
            if reference := entry.get(field):
                yield Reference(kind, reference.get("namespace") or "", reference["name"]), "tronador-copy-0123456789"


@cache
def _raw(key: str) -> Json:
    file = FIXTURES / f"crds/{_FILES[key]}.yaml"
    versions = yaml.load(file.read_text(), yaml.CSafeLoader)["spec"]["versions"]
    name = key.split("/")[1]
    schema: Json = next(version["schema"]["openAPIV3Schema"] for version in versions if version["name"] == name)
    return schema


@cache
def _structural(key: str) -> Structural:
    return Structural(_raw(key))
