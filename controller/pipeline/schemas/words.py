"""Names of values and types for messages to authors of YAML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from controller.apimachinery import giturls
from controller.apimachinery.findings import cut

_TYPES: Final = {
    "object": "a mapping",
    "array": "a list",
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
}


def shown(value: Any) -> str:
    """Return a value for a message, without passwords. A mapping or list is only called "the value"."""
    if isinstance(value, dict | list):
        return "the value"
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{cut(giturls.masked(value))}'" if isinstance(value, str) else str(value)


def kind_of(value: Any) -> str:
    """Return the type of a value, such as "a list"."""
    if isinstance(value, bool):
        return "a boolean"
    names = {dict: "object", list: "array", str: "string", int: "integer", float: "number"}
    return _TYPES[names[type(value)]]


def wanted(types: Sequence[str]) -> str:
    """Return the required types, such as "an integer or a string". Null is left out."""
    return " or ".join(_TYPES[name] for name in types if name != "null")


def listed(names: Sequence[str], word: str = "or") -> str:
    """Return the names as `a, b or c`, with `word` before the last one."""
    return f" {word} ".join(filter(None, (", ".join(names[:-1]), names[-1])))
