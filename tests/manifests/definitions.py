"""The CRDs that manifests for other products must pass, as those products ship them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from hack.localcluster.schema.structural import Structural
from hack.paths import MANIFESTS, ROOT
from hack.yamlfiles import documents as read

FIXTURES = Path(os.environ.get("TRONADOR_FIXTURES") or ROOT.parent / "shared/fixtures")
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


def refusals(obj: Object, *, definition: str) -> list[str]:
    """What the product's own CRD (a file name in the fixtures, without ending) has against an object."""
    schema = _schema(definition, obj["apiVersion"].rpartition("/")[2])
    return [*schema.unknown_fields(obj), *map(str, schema.validate(schema.default(schema.prune(obj))))]


@cache
def _schema(definition: str, version: str) -> Structural:
    crd = yaml.load((FIXTURES / f"crds/{definition}.yaml").read_text(), yaml.CSafeLoader)
    [schema] = [one["schema"]["openAPIV3Schema"] for one in crd["spec"]["versions"] if one["name"] == version]
    return Structural(schema)
