"""The commands of `tronador`: one module each, with the name, the arguments and a thin `execute`.

`controller.app` and `controller.pipeline` contain the work of the commands. `execute` may raise `OptionError` for wrong
usage and `PipelineError` for failures and refusals; `cli` prints them.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Protocol

from . import completion, event, listing, name, publish, reconcile, render, retire, run, validate, wait


class Command(Protocol):
    """The content of a command's module. `HELP` is one line, in lower case and without a full stop."""

    @property
    def NAME(self) -> str: ...  # noqa: N802 - a module's constant

    @property
    def HELP(self) -> str: ...  # noqa: N802 - a module's constant

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's flags, and set the parser's description."""

    def execute(self, parsed: argparse.Namespace, environ: Mapping[str, str]) -> int:
        """Run the command. Returns the exit code (`controller.app.exits`)."""


# In the order of `tronador --help`.
COMMANDS: tuple[Command, ...] = (
    run,
    render,
    validate,
    event,
    name,
    publish,
    retire,
    wait,
    listing,
    reconcile,
    completion,
)

__all__ = ["COMMANDS", "Command"]
