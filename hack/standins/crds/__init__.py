"""The CustomResourceDefinitions of the stand-ins' kinds, for clusters that lack the originals'."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from controller.apimachinery.errors import AlreadyExists, ConnectionLost, ServerError
from controller.apimachinery.resources import Resource
from controller.client import Client

CRDS = Resource("apiextensions.k8s.io", "v1", "customresourcedefinitions", "CustomResourceDefinition", namespaced=False)
_FOLDER = Path(__file__).parent
_RETRY_SECONDS = 0.5


def definitions() -> Iterator[dict[str, Any]]:
    """All definitions."""
    for file in sorted(_FOLDER.glob("*.yaml")):
        yield yaml.safe_load(file.read_text())


def install(client: Client, stop: threading.Event) -> None:
    """Create the definitions that are missing; those that exist stay as they are: they may be the original's.

    Waits for the API server until `stop` is set. Raises any other ApiError.
    """
    for definition in definitions():
        while not stop.is_set():
            try:
                client.create(CRDS, definition)
            except AlreadyExists:
                break
            except (ConnectionLost, ServerError):
                stop.wait(_RETRY_SECONDS)
            else:
                break
