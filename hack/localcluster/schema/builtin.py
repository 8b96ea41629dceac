"""Typings of the built-in kinds, read from the schemas that the `kubernetes-validate` package ships.

Those schemas are made from the real server's OpenAPI documents and carry the x-kubernetes-* extensions. They are read
on first use: about 10 ms once, nothing at server start.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any

from .typing import DEDUCED, Typing

_VERSION = "v1.36.0-local"
"""The server whose recorded conversations we are held to."""

# Defaults of list-map keys. The server declares them in OpenAPI v3, the shipped schemas (v2) leave defaults out.
_KEY_DEFAULTS = {("ContainerPort", "protocol"): "TCP", ("ServicePort", "protocol"): "TCP"}


class BuiltinTypes:
    """Typings by group, version and kind; safe for use by many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._definitions: Mapping[str, Any] | None = None
        self._names: dict[tuple[str, str, str], str] = {}
        self._typings: dict[tuple[str, str, str], Typing] = {}

    def typing(self, group: str, version: str, kind: str) -> Typing:
        """The typing of a kind. Unknown kinds are typed by their values: maps granular, lists atomic."""
        key = (group, version, kind)
        with self._lock:
            if key not in self._typings:
                self._typings[key] = self._typing_locked(key)
            return self._typings[key]

    def schema(self, group: str, version: str, kind: str) -> Mapping[str, Any] | None:
        """The JSON schema (`$ref`s lead into `definitions()`), or None for an unknown kind."""
        with self._lock:
            definitions = self._definitions_locked()
            name = self._names.get((group, version, kind))
        return definitions[name] if name else None

    def definitions(self) -> Mapping[str, Any]:
        """All schemas by their OpenAPI definition names."""
        with self._lock:
            return self._definitions_locked()

    def _typing_locked(self, key: tuple[str, str, str]) -> Typing:
        definitions = self._definitions_locked()
        name = self._names.get(key)
        if name is None:
            return DEDUCED
        return Typing({"$ref": f"#/$defs/{name}"}, definitions=definitions, key_defaults=_KEY_DEFAULTS)

    def _definitions_locked(self) -> Mapping[str, Any]:
        if self._definitions is None:
            path = resources.files("kubernetes_validate") / "kubernetes-json-schema" / _VERSION / "_definitions.json"
            self._definitions = json.loads(path.read_bytes())["$defs"]
            for name, schema in self._definitions.items():
                for gvk in schema.get("x-kubernetes-group-version-kind") or ():
                    self._names.setdefault((gvk["group"], gvk["version"], gvk["kind"]), name)
        return self._definitions


@cache
def builtin_types() -> BuiltinTypes:
    """The typings that all clusters of this process share: they never change."""
    return BuiltinTypes()
