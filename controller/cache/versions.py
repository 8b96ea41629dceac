"""Comparing resourceVersions (KEP-5504): allowed for versions of one resource, as far as both look like numbers."""

from __future__ import annotations


class NotComparable(ValueError):  # reads as what it says
    """One of them is no decimal number above zero: nothing can be said about their order."""


def compare(left: str, right: str) -> int:
    """Negative, zero or positive, as `left` is older than, the same as, or newer than `right`.

    Raises NotComparable. The numbers may exceed 64 bits, so they are compared as text: the longer one is greater.
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
