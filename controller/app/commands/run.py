"""`tronador run`: runs the controller."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from controller.app import logs, options
from controller.app.options import Options


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add a flag for every option."""
    parser.description = "Run the controller. Every option is also an environment variable; the flag wins."
    options.add_arguments(parser, Options)


def execute(parsed: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Run until a signal or a lost lease. Raises OptionError before it connects, if an option is wrong."""
    # Imported here, because this loads the whole controller, and the steps of a pipeline do not need it.
    from controller.app import run

    chosen = options.read(Options, parsed, environ)
    logs.configure(log_format=chosen.logs.log_format, level=chosen.logs.log_level)
    return run.run(chosen)
