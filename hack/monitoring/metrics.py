"""The table of all metrics, from the registry that the controller serves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from controller.metrics import Metrics

BEGIN: Final = "<!-- metrics -->\n"
END: Final = "<!-- /metrics -->"
# Of the process and of Python, as prometheus_client has them everywhere.
_OF_ALL_PROGRAMS: Final = ("process_", "python_")


def ours() -> Iterator[tuple[str, str, str]]:
    """Name, type and meaning of every metric that is declared in `controller.metrics`, by name."""
    for family in sorted(Metrics().registry.collect(), key=lambda family: family.name):
        if not family.name.startswith(_OF_ALL_PROGRAMS):
            name = f"{family.name}_total" if family.type == "counter" else family.name
            yield name, family.type, family.documentation.replace("<", "&lt;")


def with_table(page: str) -> str:
    """The page with its table of metrics as it should be."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    rows = "".join(f"| `{name}` | {type_} | {meaning} |\n" for name, type_, meaning in ours())
    return f"{before}{BEGIN}\n| metric | type | meaning |\n| --- | --- | --- |\n{rows}\n{END}{after}"
