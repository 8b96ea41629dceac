"""The CRDs that manifests for other products must pass: ours, with the fields of those products that we use."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

from hack.localcluster.schema.structural import Structural
from hack.paths import MANIFESTS, ROOT
from hack.standins import crds
from hack.yamlfiles import documents as read

REDUCED = ROOT / "tests/fixtures/crds"
Object = dict[str, Any]


def documents(folder: str) -> Iterator[Object]:
    """Every object of a folder of manifests, but for what only kustomize reads."""
    for file in sorted((MANIFESTS / folder).glob("*.yaml")):
        if not file.name.startswith("kustom"):
            yield from read(file)


def named(folder: str, kind: str, name: str) -> Object:
    """The one object of that kind and name."""
    [found] = [d for d in documents(folder) if (d["kind"], d["metadata"]["name"]) == (kind, name)]
    return found


def reduced() -> Iterator[Object]:
    """Our CRDs of Tekton's and Argo CD's kinds."""
    yield from crds.definitions(crds.ARGO_CD)
    for file in sorted(REDUCED.glob("*.yaml")):
        yield from read(file)


def refusals(obj: Object) -> list[str]:
    """Return what our CRD of an object's kind has against it."""
    return refusals_of(_schema(obj["apiVersion"], obj["kind"]), obj)


def refusals_of(schema: Structural, obj: Object) -> list[str]:
    """Return what a schema has against an object. A field that the schema does not have is refused, too."""
    return [*schema.unknown_fields(obj), *map(str, schema.validate(schema.default(schema.prune(obj))))]


def structural(definition: Object, version: str) -> Structural:
    """Return the schema of a version of a CRD."""
    [schema] = [one["schema"]["openAPIV3Schema"] for one in definition["spec"]["versions"] if one["name"] == version]
    return Structural(schema)


@cache
def _schema(api_version: str, kind: str) -> Structural:
    group, _, version = api_version.partition("/")
    [definition] = [one for one in reduced() if (one["spec"]["group"], one["spec"]["names"]["kind"]) == (group, kind)]
    return structural(definition, version)
