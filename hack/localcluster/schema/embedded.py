"""Objects inside objects (`x-kubernetes-embedded-resource`): they must name their kind and have sound metadata.

Source of the rules: k8s.io/apiextensions-apiserver, package apiserver/schema/objectmeta.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .. import fielderrors as fe
from ..fielderrors import FieldError
from ..validation import names
from .node import Node


def check_embedded(node: Node, obj: Any) -> list[FieldError]:
    """Return the errors of the objects embedded in `obj`, without those of `obj` itself."""
    return list(_check(node, obj, ""))


def _check(node: Node | None, value: Any, path: str) -> Iterator[FieldError]:
    if node is None:
        return
    if isinstance(value, dict):
        if node.embedded_resource:
            yield from _check_resource(value, path)
        for name, inner in value.items():
            if name in node.properties:
                yield from _check(node.properties[name], inner, f"{path}.{name}" if path else name)
            else:
                yield from _check(node.additional_node, inner, f"{path}[{name}]")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _check(node.items, item, f"{path}[{index}]")


def _check_resource(value: dict[str, Any], path: str) -> Iterator[FieldError]:
    for name in ("apiVersion", "kind"):
        if name not in value:
            yield fe.required(f"{path}.{name}")
    for name in ("apiVersion", "kind"):
        text = value.get(name, "absent")
        if not isinstance(text, str):
            yield fe.invalid(f"{path}.{name}", text, "must be a string")
        elif not text:
            yield fe.invalid(f"{path}.{name}", text, "must not be empty")
        elif name == "apiVersion" and text.count("/") > 1:
            yield fe.invalid(f"{path}.{name}", text, f"unexpected GroupVersion string: {text}")
        elif name == "kind":
            yield from _check_kind(text, f"{path}.{name}")


def _check_kind(kind: str, path: str) -> Iterator[FieldError]:
    words = names.dns1035_label(kind.lower())
    if words:
        yield fe.invalid(path, kind, "may have mixed case, but should otherwise match: " + ",".join(words))
