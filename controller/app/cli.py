"""The command `tronador`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence

from controller.app import logs, options, run

EXIT_USAGE = 2


def main(arguments: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Run the command that the arguments name; returns the exit code. Bad usage is 2, before anything connects."""
    parsed = _parser().parse_args(arguments)
    try:
        chosen = options.build(parsed, environ)
    except options.OptionError as error:
        print(f"tronador run: {error}", file=sys.stderr)
        return EXIT_USAGE
    logs.configure(log_format=chosen.log_format, level=chosen.log_level)
    try:
        return run.run(chosen)
    except options.OptionError as error:
        print(f"tronador run: {error}", file=sys.stderr)
        return EXIT_USAGE


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="tronador", description="A namespace and a Helm release for every pull request.", allow_abbrev=False
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    running = commands.add_parser(
        "run",
        help="run the controller",
        description="Run the controller. Every option is also an environment variable; the flag wins.",
        allow_abbrev=False,
    )
    options.add_arguments(running)
    return parser
