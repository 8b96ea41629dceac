"""`make reference`, or `python -m hack.reference`: writes two pages in docs/, and README.md's options."""

from __future__ import annotations

from hack.reference import page, promises
from hack.reference.readme import README, with_options

if __name__ == "__main__":
    page.PAGE.write_text(page.text())
    promises.PAGE.write_text(promises.text())
    README.write_text(with_options(README.read_text()))
