"""The table of options in README.md, the same as in docs/reference.md."""

from __future__ import annotations

from typing import Any, Final

from controller.app.options import Options
from hack.paths import ROOT
from hack.reference import options

README: Final = ROOT / "README.md"
_BEGIN: Final = "<!-- Written by `make reference` -->\n"
_END: Final = "<!-- End -->\n"


def with_options(readme: str, kind: type[Any] = Options) -> str:
    """Return the text of README.md with a new table between its two marks."""
    before, _, rest = readme.partition(_BEGIN)
    _, _, after = rest.partition(_END)
    return f"{before}{_BEGIN}\n{options.of_run(kind)}\n{_END}{after}"
