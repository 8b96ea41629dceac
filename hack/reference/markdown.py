"""Writes the parts of Markdown that the reference needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table. Escapes `|` in cells, which also works inside code."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def code(text: str) -> str:
    """Return the text as code, or "" for ""."""
    return f"`{text}`" if text else ""


def plain(text: str) -> str:
    """Return plain text with `<` and `*` escaped, which Markdown would take for markup."""
    return text.replace("<", "&lt;").replace("*", "\\*")
