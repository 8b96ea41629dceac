"""Text in columns, and ages, as kubectl prints them."""

from __future__ import annotations

from collections.abc import Sequence


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Aligned columns with three spaces in between. Control characters are shown as `?`, so that no text can act."""
    lines = [list(header), *([_printable(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    aligned = ("   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
    return "".join(f"{line.rstrip()}\n" for line in aligned)


def age(seconds: float) -> str:
    """`42s`, `5m`, `3h` or `12d`: the two-unit forms of kubectl say no more to a person who reads a list."""
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= 2 * size:
            return f"{int(seconds // size)}{unit}"
    return f"{int(seconds)}s"


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)
