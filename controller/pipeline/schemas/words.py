"""Words for messages to authors of YAML: values, types, lists, and what an unknown key may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any, Final

from controller.apimachinery import giturls
from controller.apimachinery.findings import cut

_LISTED_LIMIT: Final = 16
# Similarity from which a known key is suggested, from 0 to 1.
_CUTOFF: Final = 0.7
_TYPES: Final = {
    "object": "a mapping",
    "array": "a list",
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
}


def quoted(value: Any) -> str:
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


def nearest(name: str, known: Sequence[str]) -> str:
    """Return a remedy that names the most similar known key, or all of them. Case, `_` and `-` are ignored."""
    if close := closest(name, known, cutoff=_CUTOFF):
        return f"did you mean {close}?"
    if not known:
        return "remove it"
    if len(known) > _LISTED_LIMIT:
        return f"remove it, or use a known key such as {listed(known[:_LISTED_LIMIT])}"
    return f"remove it, or use {listed(known)}"


def closest(name: str, known: Sequence[str], *, cutoff: float) -> str:
    """Return the most similar known name, or "" if none reaches `cutoff` (0 to 1). Case, `_` and `-` are ignored."""
    plain = {_plain(candidate): candidate for candidate in known}
    close = difflib.get_close_matches(_plain(name), plain, n=1, cutoff=cutoff)
    return plain[close[0]] if close else ""


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")
