"""What a YAML scalar is, as Kubernetes and Helm read it: JSON's values, and nothing else."""

from __future__ import annotations

import math
from typing import Any, Final

from controller.pipeline.yamlfiles import nodes
from controller.pipeline.yamlfiles.text import INVISIBLE

_TRUE: Final = ("yes", "true", "on")
_BASES: Final = {"0b": 2, "0o": 8, "0x": 16}


def value(tag: str, text: str) -> Any:
    """The value of a scalar with a resolved tag. ValueError: it has none in JSON; the text says what to write."""
    if tag == nodes.NULL:
        return None
    if tag == nodes.BOOL:
        return text.lower() in _TRUE
    if tag == nodes.INT:
        return _integer(text)
    if tag == nodes.FLOAT:
        return _float(text)
    if found := INVISIBLE.search(text):
        raise ValueError(f"has the invisible character U+{ord(found[0]):04X}; remove it")
    return text


def _integer(text: str) -> int:
    digits = text.replace("_", "").lstrip("+-")
    base = _BASES.get(digits[:2].lower(), 8 if len(digits) > 1 and digits[0] == "0" else 10)
    try:
        number = int(digits, base)
    except ValueError:
        raise ValueError("is not a number that can be used; quote it if it is a text") from None
    number = -number if text.startswith("-") else number
    if not -(2**63) <= number < 2**63:
        raise ValueError("is a number of more than 64 bits; quote it")
    return number


def _float(text: str) -> float | str:
    digits = text.replace("_", "")
    if digits.lstrip("+-")[1:2] in ("i", "I", "n", "N"):
        raise ValueError("is not a number that can be used; quote it if it is a text")
    number = float(digits)
    # Like Helm: a number that is too large stays a text (`1e400`).
    return number if math.isfinite(number) else text
