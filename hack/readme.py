"""Writes the README's table of options from their one definition: `python -m hack.readme`."""

from __future__ import annotations

from pathlib import Path

from controller.app.options import markdown_table

README = Path(__file__).parent.parent / "README.md"
BEGIN, END = "<!-- options -->\n", "<!-- /options -->"


def with_options(text: str) -> str:
    """The README with its table of options as it should be."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{markdown_table()}\n{END}{after}"


if __name__ == "__main__":
    README.write_text(with_options(README.read_text()))
