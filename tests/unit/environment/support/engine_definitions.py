"""Whether what we write is what the CRDs of the engines allow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import jsonschema

from controller.api.environment import Environment
from controller.environment.engines import flux, helm_operator
from controller.environment.engines.engine import Reference, ReleaseContext
from hack.localcluster.schema import Structural
from hack.standins import crds

Json = dict[str, Any]


class EngineSchemas:
    """The schemas of the engines' kinds.

    Args:
        definition: from a name such as `helmreleases.helm.fluxcd.io` to the CustomResourceDefinition.
    """

    def __init__(self, definition: Callable[[str], Json]) -> None:
        self._definition = definition
        self._schemas: dict[str, tuple[Json, Structural]] = {}

    def of(self, obj: Json) -> Structural:
        """Return the schema for an object of an engine."""
        return self._both(obj)[1]

    def check(self, environment: Json, *, git_secret: str = "", service_account: str = "") -> None:
        """Assert that the engines' CRDs allow, to the letter, everything that the engines write for the environment."""
        for obj in written(environment, git_secret=git_secret, service_account=service_account):
            raw, schema = self._both(obj)
            assert schema.unknown_fields(obj) == []
            assert [str(error) for error in schema.validate(obj)] == []
            # What the API server would drop or fill in, we would write again at every reconcile.
            assert schema.default(schema.prune(obj))["spec"] == obj["spec"]
            # A second opinion. It knows no rules, and needs none of them.
            jsonschema.Draft202012Validator(raw).validate(obj)

    def _both(self, obj: Json) -> tuple[Json, Structural]:
        group, _, version = obj["apiVersion"].partition("/")
        plural = {"HelmRelease": "helmreleases", "GitRepository": "gitrepositories"}[obj["kind"]]
        name = f"{plural}.{group}"
        if name not in self._schemas:
            [served] = [one for one in self._definition(name)["spec"]["versions"] if one["name"] == version]
            raw = served["schema"]["openAPIV3Schema"]
            self._schemas[name] = raw, Structural(raw)
        return self._schemas[name]


@cache
def reduced() -> EngineSchemas:
    """Return our own CRDs of the engines' kinds, with the fields that we use."""
    return EngineSchemas({one["metadata"]["name"]: one for one in crds.definitions()}.__getitem__)


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
