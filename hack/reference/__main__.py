"""`make reference`, or `python -m hack.reference`: writes docs/reference.md, and the table of options in README.md."""

from __future__ import annotations

from hack.reference.page import PAGE, text
from hack.reference.readme import README, with_options

if __name__ == "__main__":
    PAGE.write_text(text())
    README.write_text(with_options(README.read_text()))
