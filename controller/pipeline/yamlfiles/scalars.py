"""Converts YAML scalars as Kubernetes and Helm do: to JSON values, and nothing else."""

from __future__ import annotations

import math
from typing import Any, Final

from controller.pipeline.yamlfiles import nodes
from controller.pipeline.yamlfiles.text import INVISIBLE

_TRUE: Final = ("yes", "true", "on")
_BASES: Final = {"0b": 2, "0o": 8, "0x": 16}


def value(tag: str, text: str) -> Any:
    """Return the value of a scalar with a resolved tag. Raises ValueError, with a remedy, if JSON cannot hold it."""
    if tag == nodes.NULL:
        return None
    if tag == nodes.BOOL:
        return text.lower() in _TRUE
    if tag == nodes.INT:
        return _integer(text)
    if tag == nodes.FLOAT:
        return _float(text)
    if found := INVISIBLE.search(text):
        raise ValueError(f"the invisible character U+{ord(found[0]):04X} is not allowed; remove it")
    return text


def _integer(text: str) -> int:
    digits = text.replace("_", "").lstrip("+-")
    base = _BASES.get(digits[:2].lower(), 8 if len(digits) > 1 and digits[0] == "0" else 10)
    try:
        number = int(digits, base)
    except ValueError:
        raise ValueError("this number is not supported; if it is a string, quote it") from None
    number = -number if text.startswith("-") else number
    if not -(2**63) <= number < 2**63:
        raise ValueError("this number has more than 64 bits; quote it")
    return number


def _float(text: str) -> float | str:
    digits = text.replace("_", "")
    if digits.lstrip("+-")[1:2] in ("i", "I", "n", "N"):
        raise ValueError("this number is not supported; if it is a string, quote it")
    number = float(digits)
    # As in Helm, a number that is too large stays a string (`1e400`).
    return number if math.isfinite(number) else text
