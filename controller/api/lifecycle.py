"""How long an environment may live: the forms of `spec.lifecycle.expireAfter`, and of `keep` and `expire-at`. Pure."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import Final

from controller.apimachinery import durations
from controller.apimachinery.timestamps import from_time

NEVER: Final = "never"
# Also the pattern of the CRD. At most five digits, so that no sum leads out of the years that Python knows.
EXPIRE_AFTER: Final = re.compile(r"never|([1-9][0-9]{0,4}[smhd]){1,4}")
# RFC 3339 asks for the time of day and for the offset, too.
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


def expire_after(text: str) -> float:
    """Return the lifetime in seconds, `math.inf` for `never`. Raises ValueError for another form."""
    if not EXPIRE_AFTER.fullmatch(text):
        raise ValueError(f"{text!r} is not a lifetime")
    return math.inf if text == NEVER else durations.parse(text)


def keep(text: str) -> datetime | bool:
    """Return until when an environment is kept; True: for ever; False: not at all.

    Raises ValueError for another form.
    """
    if text in ("", "false"):
        return False
    if text == "true":
        return True
    return moment(text)


def moment(text: str) -> datetime:
    """Return the time that an annotation names. Raises ValueError for another form."""
    found = from_time(text.upper()) if _TIME.fullmatch(text) else None
    if found is None:
        raise ValueError(f"{text!r} is not a time")
    return found
