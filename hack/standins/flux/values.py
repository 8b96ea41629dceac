"""A release's values: every reference in order, a later one over an earlier one, the inline values over all."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from controller.apimachinery.errors import ApiError, NotFound
from controller.apimachinery.objects import Object
from hack.standins.helm.engine import HelmError
from hack.standins.helm.values import merge

DEFAULT_KEY = "values.yaml"


class ValuesError(Exception):
    """The values cannot be composed."""


class _Absent(Exception):
    """The object or the key does not exist, which `optional` allows."""


def compose(
    references: Sequence[Mapping[str, Any]],
    inline: Mapping[str, Any],
    *,
    namespace: str,
    read: Callable[[str, str], Object],
    parse: Callable[[str], list[dict[str, Any]]],
) -> dict[str, Any]:
    """Compose the values of a release.

    Args:
        read: the object of a kind (`ConfigMap` or `Secret`) and name. Raises NotFound, or another ApiError.
        parse: the YAML documents of a text. Raises HelmError.

    Raises ValuesError.
    """
    result: dict[str, Any] = {}
    for reference in references:
        try:
            text = _text(reference, read)
        except _Absent as error:
            if reference.get("optional"):
                continue
            raise ValuesError(_words(reference, namespace, str(error))) from error
        except ApiError as error:
            raise ValuesError(str(error)) from error
        try:
            documents = parse(text)
        except HelmError as error:
            raise ValuesError(_words(reference, namespace, str(error))) from error
        result = merge(result, documents[0] if documents else {})
    return merge(result, inline)


def _text(reference: Mapping[str, Any], read: Callable[[str, str], Object]) -> str:
    kind, name = str(reference["kind"]), str(reference["name"])
    try:
        data = read(kind, name).get("data") or {}
    except NotFound as error:
        raise _Absent(error.message) from error
    key = str(reference.get("valuesKey") or DEFAULT_KEY)
    if key not in data:
        raise _Absent("key not found")
    if kind == "ConfigMap":
        return str(data[key])
    try:
        return base64.b64decode(data[key]).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise ValuesError(f"failed to read values data: {error}") from error


def _words(reference: Mapping[str, Any], namespace: str, reason: str) -> str:
    optional = " optional" if reference.get("optional") else ""
    key = reference.get("valuesKey") or DEFAULT_KEY
    where = f"'{namespace}/{reference['name']}' with key '{key}'"
    return f"could not resolve{optional} {reference['kind']} chart values reference {where}: {reason}"
