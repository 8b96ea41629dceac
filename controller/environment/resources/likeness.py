"""Whether an object in the cluster still equals the one that we applied.

The server adds defaults, writes quantities its own way, and leaves out empty values. Others may add fields. None of
that counts as a difference.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

_QUANTITY: Final = re.compile(r"([+-]?[0-9]+(?:\.[0-9]*)?|[+-]?\.[0-9]+)(m|k|[MGTPE]|[KMGTPE]i|)")
_DECIMAL_POWERS: Final = {"m": -1, "": 0, "k": 1, "M": 2, "G": 3, "T": 4, "P": 5, "E": 6}
_BINARY_POWERS: Final = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4, "Pi": 5, "Ei": 6}


def holds(live: Any, applied: Any) -> bool:
    """Return whether `live` has all of `applied`. A list has to match as a whole, but its items may have defaults."""
    if isinstance(applied, Mapping):
        if not isinstance(live, Mapping):
            return live is None and not any(value not in (None, {}, []) for value in applied.values())
        return all(holds(live.get(key), value) for key, value in applied.items())
    if isinstance(applied, list):
        if not applied or not isinstance(live, list):
            return not applied and not live
        return len(live) == len(applied) and all(holds(a, b) for a, b in zip(live, applied, strict=True))
    if live is None:
        # The server leaves out a value that equals the empty one.
        return applied in (None, "", False, 0)
    return _same(live, applied)


def _same(live: Any, applied: Any) -> bool:
    if isinstance(live, bool) or isinstance(applied, bool):
        return live is applied
    if applied is None or isinstance(live, Mapping | list):
        return False
    return str(live) == str(applied) or (_amount(live) is not None and _amount(live) == _amount(applied))


def _amount(value: Any) -> Decimal | None:
    match = _QUANTITY.fullmatch(str(value))
    if match is None:
        return None
    number, unit = Decimal(match[1]), match[2]
    base, powers = (1024, _BINARY_POWERS) if unit in _BINARY_POWERS else (1000, _DECIMAL_POWERS)
    factor: Decimal = Decimal(base) ** powers[unit]
    return number * factor
