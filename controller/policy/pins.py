"""Labels that only some repositories may set, and to which values.

A label can be a key to other people's things: a tenant's label, chosen by an author, may pull that tenant's secrets
into the namespace. Written as `PREFIX:KEY=GLOB`; several keys or globs of a prefix are separated by commas, several
prefixes by semicolons, and the prefix `*` is every repository:

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
# What can match the value of a label.
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
    """The pins that `text` says. ValueError names the part that is wrong, and the form."""
    pins = []
    for part in filter(None, (part.strip() for part in text.split(";"))):
        # A port has a colon too, but neither a key nor a glob of values has one.
        prefix, colon, rest = part.rpartition(":")
        if not colon or "=" in prefix:
            raise ValueError(f"{part!r} is no pin: write host/org:key=glob, with ';' between two of them")
        place = EVERYWHERE if prefix == EVERYWHERE else giturls.parse_prefix(prefix)
        pins += [_pin(place, pair.strip()) for pair in rest.split(",")]
    return tuple(pins)


def show(pins: Iterable[Pin]) -> str:
    """The text that `parse` reads as `pins`."""
    return ";".join(str(pin) for pin in pins)


def allowed_values(key: str, url: GitURL | None, pins: Iterable[Pin]) -> tuple[str, ...] | None:
    """The globs that the value of `key` must match one of, or None where the key is pinned nowhere.

    The longest prefix that pins the key decides. A key that is pinned only for others is theirs: no value will do.
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
        raise ValueError(f"{pair!r} is no pinned label: write key=glob, as host/org:stakater.com/tenant=org-*")
    return Pin(prefix, key, glob)
