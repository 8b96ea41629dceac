"""`make reference`, or `python -m hack.reference`: writes docs/reference.md."""

from __future__ import annotations

from hack.reference.page import PAGE, text

if __name__ == "__main__":
    PAGE.write_text(text())
