"""The commands of `tronador`, one module each: what it is called, its arguments, and a thin `execute`.

What a command does lives elsewhere: `controller.app` for the controller itself, `controller.pipeline` for CI. `execute`
may raise `OptionError` for bad usage and `PipelineError` for everything that fails or is refused; `cli` prints them.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Protocol

from . import completion, event, listing, name, publish, reconcile, render, retire, run, validate, wait


class Command(Protocol):
    """What a command's module offers. `HELP` is one line, in lower case and without a full stop."""

    @property
    def NAME(self) -> str: ...  # noqa: N802 - a module's constant

    @property
    def HELP(self) -> str: ...  # noqa: N802 - a module's constant

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's flags; may set the parser's description."""

    def execute(self, parsed: argparse.Namespace, environ: Mapping[str, str]) -> int:
        """Do it; returns the exit code (`controller.app.exits`)."""


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
