"""Prints words that others may have written: charts, registries, servers, authors of pull requests.

They must not control the terminal that shows them. A line of theirs must not look like one of ours either, or like a
command to a CI system, which some read in its log.
"""

from __future__ import annotations

import sys


def printable(text: str, *, instead: str = "?") -> str:
    """Return `text` with `instead` for each line end and each character that controls a terminal or is invisible."""
    return text if text.isprintable() else "".join(char if char.isprintable() else instead for char in text)


def say(text: str) -> None:
    """Print one line on stderr."""
    sys.stderr.write(f"{printable(text, instead=' ')}\n")
    sys.stderr.flush()


def say_lines(text: str) -> None:
    """Print the lines of a text of ours on stderr."""
    for line in text.split("\n"):
        say(line)
