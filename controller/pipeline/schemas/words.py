"""Values and types in the words of people who write YAML."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from controller.apimachinery import giturls
from controller.pipeline.yamlfiles.document import cut

_TYPES: Final = {
    "object": "a mapping",
    "array": "a list",
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
}


def shown(value: Any) -> str:
    """A value for a message: what it is where it has parts, else itself, without anything that may be a password."""
    if isinstance(value, dict | list):
        return "it"
    if isinstance(value, bool):
        return str(value).lower()
    return f"'{cut(giturls.masked(value))}'" if isinstance(value, str) else str(value)


def kind_of(value: Any) -> str:
    """What a value is."""
    if isinstance(value, bool):
        return "a truth value"
    names = {dict: "object", list: "array", str: "string", int: "integer", float: "number"}
    return _TYPES[names[type(value)]]


def wanted(types: Sequence[str]) -> str:
    """What a value has to be; null is never worth a word."""
    return " or ".join(_TYPES[name] for name in types if name != "null")


def listed(names: Sequence[str], word: str = "or") -> str:
    """`a, b or c`."""
    return f" {word} ".join(filter(None, (", ".join(names[:-1]), names[-1])))
