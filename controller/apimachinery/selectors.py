"""Checks label selectors, and gives all selectors with the same meaning one spelling.

The API server evaluates selectors. Here they are only checked before they are sent, and compared with each other.
"""

from __future__ import annotations

import re
from typing import Final

from controller.apimachinery import names

# A comma between two requirements, but not one in a list of values.
_BETWEEN: Final = re.compile(r",(?![^(]*\))")
_EQUALITY: Final = re.compile(r"(?P<key>[^\s=!()]+)\s*(?P<operator>==|=|!=)\s*(?P<values>[^\s=!()]*)")
_SET: Final = re.compile(r"(?P<key>[^\s=!()]+)\s+(?P<operator>in|notin)\s*\((?P<values>[^()]+)\)")
_EXISTENCE: Final = re.compile(r"(?P<operator>!?)\s*(?P<key>[^\s=!()]+)")


def canonical(text: str) -> str:
    """Return the selector with sorted requirements and values, without repetition; "" if it selects everything.

    `team in (a)` and `team==a` both become `team=a`. Raises ValueError if `text` is not a selector.
    """
    if not text.strip():
        return ""
    return ",".join(sorted({_requirement(part.strip()) for part in _BETWEEN.split(text)}))


def _requirement(text: str) -> str:
    """Return one requirement in its canonical spelling."""
    if found := _EXISTENCE.fullmatch(text):
        return found["operator"] + _key(found["key"], text)
    found = _EQUALITY.fullmatch(text) or _SET.fullmatch(text)
    if found is None:
        raise ValueError(
            f"{text!r} is not part of a label selector: write key=value, key!=value, key in (a,b), key notin (a,b), "
            "key or !key, with commas between them"
        )
    key, wanted = _key(found["key"], text), found["operator"] in ("=", "==", "in")
    values = sorted({value.strip() for value in found["values"].split(",")})
    for value in values:
        if not names.is_label_value(value):
            raise ValueError(f"{text!r}: {value!r} cannot be the value of a label")
    if len(values) == 1:
        return f"{key}{'=' if wanted else '!='}{values[0]}"
    return f"{key} {'in' if wanted else 'notin'} ({','.join(values)})"


def _key(key: str, text: str) -> str:
    if not names.is_label_key(key):
        raise ValueError(f"{text!r}: {key!r} cannot be the key of a label")
    return key
