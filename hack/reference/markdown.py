"""The few parts of Markdown that the reference needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; `|` in a cell is escaped, which also works within code."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |\n" for line in lines)


def code(text: str) -> str:
    """Text in the type of code; "" stays ""."""
    return f"`{text}`" if text else ""


def plain(text: str) -> str:
    """Plain text, with everything escaped that Markdown would take for markup."""
    return text.replace("<", "&lt;").replace("*", "\\*")
