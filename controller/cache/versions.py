"""Compares resourceVersions (KEP-5504). They can be compared if they are of the same resource and both are numbers."""

from __future__ import annotations


class NotComparable(ValueError):
    """A version is not a decimal number above zero, so its order is unknown."""


def compare(left: str, right: str) -> int:
    """Return a negative number, zero or a positive number if `left` is older than, the same as or newer than `right`.

    Raises NotComparable. The numbers may exceed 64 bits, so they are compared as text: first by length, then by digits.
    """
    for version in (left, right):
        if not (version.isascii() and version.isdigit()) or version[0] == "0":
            raise NotComparable(f"resourceVersion {version!r} cannot be compared")
    a, b = (len(left), left), (len(right), right)
    return (a > b) - (a < b)


def is_older(left: str, right: str) -> bool:
    """Whether `left` is known to be older than `right`; False when they cannot be compared."""
    try:
        return compare(left, right) < 0
    except NotComparable:
        return False
