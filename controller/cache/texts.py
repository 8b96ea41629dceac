"""Keeps one copy of equal texts. Half of the memory of a cache would be copies.

Environments of one repository have most of their values in common, and each release has the values of its environment.
"""

from __future__ import annotations

from typing import Any, Final

from controller.apimachinery.nesting import Unreadable

# Longer texts are rarely equal, and some are Secrets.
_LONGEST: Final = 128
# The texts that are known at most. They take up to 2 MiB.
_MOST: Final = 8192


class Texts:
    """Thread-safe, because each step of it is."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def share(self, value: dict[str, Any]) -> bool:
        """Replace each text in `value` by an equal one that is known. Returns False if a part of it is unreadable.

        This looks at every part of every object, so it does both at once.
        """
        if len(self._known) > _MOST:
            # What is still used stays shared, and what is frequent is soon known again.
            self._known = {}
        known = self._known.setdefault
        readable = True
        left: list[Any] = [value]
        while left:
            part = left.pop()
            for place, inner in part.items() if type(part) is dict else enumerate(part):
                kind = type(inner)
                if kind is str:
                    if len(inner) <= _LONGEST:
                        part[place] = known(inner, inner)
                elif kind is dict or kind is list:
                    left.append(inner)
                elif kind is Unreadable:
                    readable = False
        return readable

    def __len__(self) -> int:
        """Return the number of known texts."""
        return len(self._known)
