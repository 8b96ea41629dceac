"""Text in columns, as kubectl prints it."""

from __future__ import annotations

from collections.abc import Sequence


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Aligned columns with three spaces in between. Control characters are shown as `?`, so that no text can act."""
    lines = [list(header), *([_printable(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    aligned = ("   ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)
    return "".join(f"{line.rstrip()}\n" for line in aligned)


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else "?" for char in text)
