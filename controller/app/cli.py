"""The command `tronador`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from controller.apimachinery.options import OptionError
from controller.app import completion, exits, terminal
from controller.app.commands import COMMANDS, Command
from controller.pipeline.errors import InvalidFiles, PipelineError


def main(arguments: Sequence[str] | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Run the command that the arguments name. Returns the exit code, or exits with 2 if the usage is wrong."""
    words = sys.argv[1:] if arguments is None else arguments
    completion.answer(parser)
    known = parser(_program(sys.argv[0]), command=words[0] if words else "")
    parsed = known.parse_args(words)
    if [] in vars(parsed).values():
        # argparse takes the two dashes in --flag=-- for the end of the flags, and drops the value.
        known.error("'--' cannot be the value of a flag")
    command: Command = parsed.command
    try:
        return command.load().execute(parsed, environ)
    except OptionError as error:
        terminal.say(f"tronador {command.name}: {error}")
        return exits.USAGE
    except InvalidFiles as error:
        # Each line begins with file:line:column, as editors and CI systems expect it.
        terminal.say_lines(str(error))
        return exits.FAILED
    except PipelineError as error:
        terminal.say(f"tronador {command.name}: {error}")
        return exits.FAILED


def parser(program: str = "tronador", *, command: str = "") -> argparse.ArgumentParser:
    """Return the parser of the whole command line. Its help shows `program`.

    If `command` is one of the commands, only that one gets its arguments, because it costs time to import them all.
    """
    parser = argparse.ArgumentParser(
        prog=program,
        description="Test environments on Kubernetes: a namespace and a Helm release for every pull request.",
        epilog=f"`{program} COMMAND --help` describes a command.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"tronador {version('tronador')}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    is_known = command in {known.name for known in COMMANDS}
    for each in COMMANDS:
        added = commands.add_parser(each.name, help=each.help, allow_abbrev=False)
        added.set_defaults(command=each)
        if each.name == command or not is_known:
            each.load().add_arguments(added)
    return parser


def _program(path: str) -> str:
    """Return the words that run the program at `path`: kubectl runs a plugin by its file name."""
    return "kubectl tronador" if Path(path).name == "kubectl-tronador" else "tronador"
