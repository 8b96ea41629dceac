"""A release's values: every source in order, a later one over an earlier one, the inline values over all."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from controller.apimachinery.errors import ApiError, NotFound
from controller.apimachinery.objects import Object
from hack.standins.helm.engine import HelmError
from hack.standins.helm.values import merge

DEFAULT_KEY = "values.yaml"


class ValuesError(Exception):
    """The values cannot be composed."""


class Sources(Protocol):
    """Where values come from."""

    def config_map(self, name: str, namespace: str) -> Object:
        """Raises NotFound, or another ApiError."""
        ...

    def secret(self, name: str, namespace: str) -> Object:
        """Raises NotFound, or another ApiError."""
        ...

    def chart_file(self, path: str) -> str:
        """The text of a file of the chart. Raises OSError."""
        ...

    def parse(self, text: str) -> list[dict[str, Any]]:
        """The YAML documents of a text. Raises HelmError."""
        ...


def compose(
    references: Iterable[Mapping[str, Any]], inline: Mapping[str, Any], *, namespace: str, sources: Sources
) -> dict[str, Any]:
    """Compose the values of a release. `namespace`: for references that do not name one.

    `optional` allows missing sources and invalid YAML, but no other API error. Raises ValuesError.
    """
    result: dict[str, Any] = {}
    for reference in references:
        result = merge(result, _values_of(reference, namespace=namespace, sources=sources))
    return merge(result, inline)


def _values_of(reference: Mapping[str, Any], *, namespace: str, sources: Sources) -> Mapping[str, Any]:
    for kind, selector in reference.items():
        try:
            text, origin = _read(kind, selector, namespace=namespace, sources=sources)
            return _parsed(text, origin, sources)
        except _Missing as error:
            if selector.get("optional"):
                return {}
            raise ValuesError(str(error)) from error
        except ApiError as error:
            raise ValuesError(str(error)) from error
    return {}


class _Missing(Exception):
    """A source is missing or invalid, which `optional` allows."""


def _read(kind: str, selector: Mapping[str, Any], *, namespace: str, sources: Sources) -> tuple[str, str]:
    """(text, where it was found)."""
    if kind == "chartFileRef":
        path = str(selector["path"])
        try:
            return sources.chart_file(path), f"path {path}"
        except OSError as error:
            raise _Missing(f"unable to read value file from path {path}") from error
    if kind == "externalSourceRef":
        # The original fetches it. A test bed reaches no network, which to the release is the same as a dead host.
        raise _Missing(f"unable to read value file from URL {selector['url']}")
    where = str(selector.get("namespace") or namespace)
    name, key = str(selector["name"]), str(selector.get("key") or DEFAULT_KEY)
    what = "ConfigMap" if kind == "configMapKeyRef" else "Secret"
    try:
        obj = sources.config_map(name, where) if what == "ConfigMap" else sources.secret(name, where)
    except NotFound as error:
        raise _Missing(error.message) from error
    data = obj.get("data") or {}
    if key not in data:
        raise _Missing(f"could not find key {key} in {what} {where}/{name}")
    origin = f"{key} in {what} {where}/{name}"
    if what == "ConfigMap":
        return str(data[key]), origin
    try:
        return base64.b64decode(data[key]).decode(), origin
    except (binascii.Error, UnicodeDecodeError) as error:
        raise _Missing(f"unable to read {origin}: {error}") from error


def _parsed(text: str, origin: str, sources: Sources) -> Mapping[str, Any]:
    try:
        documents = sources.parse(text)
    except HelmError as error:
        raise _Missing(f"unable to parse the YAML from {origin}") from error
    return documents[0] if documents else {}
