"""`tronador completion`: prints the script with which a shell completes the command line."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from controller.app import completion, exits


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.description = (
        "Print the script with which a shell completes the commands and flags of tronador.\n\n"
        "  bash: source <(tronador completion bash)\n"
        "  zsh:  source <(tronador completion zsh)\n"
        "  fish: tronador completion fish | source\n\n"
        "Write that line into the shell's start-up file to have it in each session. kubectl's own completion\n"
        "completes `kubectl tronador`, through the program kubectl_complete-tronador."
    )
    parser.add_argument("shell", choices=completion.SHELLS, help="the shell")


def execute(parsed: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print the script."""
    print(completion.script(parsed.shell))
    return exits.OK
