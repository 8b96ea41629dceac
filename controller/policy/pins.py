"""Pins: labels that only some repositories may set, with the allowed values.

A label can give access to resources of others: if an author sets another tenant's label, that tenant's secrets may be
copied into the namespace. A pin is written as `PREFIX:KEY=GLOB`. Keys and globs of one prefix are separated by commas,
prefixes by semicolons. The prefix `*` stands for every repository:

    github.com/org:stakater.com/tenant=org-*,kind=pr;git.example.com:8443/shop:stakater.com/tenant=shop
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from controller.apimachinery import giturls, names
from controller.apimachinery.giturls import GitURL

EVERYWHERE: Final = "*"
# The characters that can match a label value.
_GLOB: Final = re.compile(r"[A-Za-z0-9._*?\[\]!-]+")


@dataclass(frozen=True, slots=True)
class Pin:
    """Repositories below `prefix` may set the label `key` to what `glob` matches."""

    prefix: str
    key: str
    glob: str

    def __str__(self) -> str:
        return f"{self.prefix}:{self.key}={self.glob}"


def parse(text: str) -> tuple[Pin, ...]:
    """Return the pins in `text`. Raises ValueError with the invalid part and the expected form."""
    pins = []
    for part in filter(None, (part.strip() for part in text.split(";"))):
        # A port is preceded by a colon too, but neither a key nor a glob contains one.
        prefix, colon, rest = part.rpartition(":")
        if not colon or "=" in prefix:
            raise ValueError(f"{part!r} is not a valid pin: use host/org:key=glob, and separate pins by ';'")
        place = EVERYWHERE if prefix == EVERYWHERE else giturls.parse_prefix(prefix)
        pins += [_pin(place, pair.strip()) for pair in rest.split(",")]
    return tuple(pins)


def show(pins: Iterable[Pin]) -> str:
    """Return the text from which `parse` reads `pins`."""
    return ";".join(str(pin) for pin in pins)


def allowed_values(key: str, url: GitURL | None, pins: Iterable[Pin]) -> tuple[str, ...] | None:
    """Return the globs of which the value of `key` must match one, or None if the key is not pinned at all.

    The longest prefix that pins the key decides. If the key is pinned only for other repositories, no value is allowed
    and the result is ().
    """
    of_key = [pin for pin in pins if pin.key == key]
    if not of_key:
        return None
    here = [pin for pin in of_key if pin.prefix == EVERYWHERE or (url is not None and url.is_under(pin.prefix))]
    closest = max((_depth(pin.prefix) for pin in here), default=0)
    return tuple(pin.glob for pin in here if _depth(pin.prefix) == closest)


def _depth(prefix: str) -> int:
    return 0 if prefix == EVERYWHERE else len(prefix)


def _pin(prefix: str, pair: str) -> Pin:
    key, equals, glob = pair.partition("=")
    if not equals or not names.is_label_key(key) or not _GLOB.fullmatch(glob):
        raise ValueError(
            f"{pair!r} is not a valid pinned label: use key=glob, as in host/org:stakater.com/tenant=org-*"
        )
    return Pin(prefix, key, glob)
