"""Whether the YAML that a page shows is valid, judged as its reader would have it judged."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import kubernetes_validate
import yaml

from controller.pipeline.rendering import validate
from controller.policy import PolicyOptions
from hack.localcluster.schema.structural import Structural
from hack.standins import crds

_KUSTOMIZATION = {"resources", "components", "images", "patches", "namespace", "labels"}
_OURS = "tronador.stakater.com/"


def documents(text: str) -> Iterator[str | dict[str, Any]]:
    """The documents of a block; a config file as plain text, because its placeholders are not valid YAML."""
    if text.startswith("application:"):
        yield text
    else:
        yield from (document for document in yaml.safe_load_all(text) if document)


def problems(document: str | dict[str, Any]) -> list[str]:
    """What is wrong with it."""
    if isinstance(document, str):
        return _by_ours(document)
    version = str(document.get("apiVersion", ""))
    if version.startswith(_OURS):
        return _by_ours(yaml.safe_dump(document, sort_keys=False))
    if schema := _of_engines().get((version, str(document.get("kind")))):
        return [*schema.unknown_fields(document), *map(str, schema.validate(schema.default(document)))]
    if version:
        return _by_kubernetes(document)
    unknown = document.keys() - _KUSTOMIZATION
    return [f"this is nothing that a test knows: {', '.join(sorted(unknown))}"] if unknown else []


def _by_ours(text: str) -> list[str]:
    return [str(problem) for problem in validate(text.encode(), "sample", PolicyOptions())]


def _by_kubernetes(document: dict[str, Any]) -> list[str]:
    try:
        kubernetes_validate.validate(document, "1.36", strict=True)
    except kubernetes_validate.ValidationError as error:
        return [str(error)]
    return []


@cache
def _of_engines() -> dict[tuple[str, str], Structural]:
    found = {}
    for definition in crds.definitions():
        spec = definition["spec"]
        for version in spec["versions"]:
            key = (f"{spec['group']}/{version['name']}", spec["names"]["kind"])
            found[key] = Structural(version["schema"]["openAPIV3Schema"])
    return found
