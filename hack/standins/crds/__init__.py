"""The CustomResourceDefinitions of the stand-ins' kinds, for clusters that lack the originals'."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from controller.apimachinery.errors import AlreadyExists, ConnectionLost, ServerError
from controller.apimachinery.resources import Resource
from controller.client import Client
from hack.yamlfiles import documents

HELM_OPERATOR = ("helm.fluxcd.io",)
FLUX = ("helm.toolkit.fluxcd.io", "source.toolkit.fluxcd.io")
ARGO_CD = ("argoproj.io",)
CRDS = Resource("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", namespaced=False)
_FOLDER = Path(__file__).parent
_RETRY_SECONDS = 0.5


def definitions(groups: Collection[str] = (*HELM_OPERATOR, *FLUX, *ARGO_CD)) -> Iterator[dict[str, Any]]:
    """The definitions of these groups, or all."""
    for file in sorted(_FOLDER.glob("*.yaml")):
        [definition] = documents(file)
        if definition["spec"]["group"] in groups:
            yield definition


def install(client: Client, stop: threading.Event, groups: Collection[str]) -> None:
    """Create the definitions of these groups that are missing; those that exist stay: they may be the original's.

    Other CRDs are not created, because clients conclude from the served kinds which programs the cluster runs. Waits
    for the API server until `stop` is set. Raises any other ApiError.
    """
    for definition in definitions(groups):
        while not stop.is_set():
            try:
                client.create(CRDS, definition)
            except AlreadyExists:
                break
            except (ConnectionLost, ServerError):
                stop.wait(_RETRY_SECONDS)
            else:
                break
