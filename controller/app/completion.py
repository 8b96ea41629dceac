"""Completion in shells. argcomplete reads the real parser, so completion always matches the command line."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Callable
from typing import Final

SHELLS: Final = ("bash", "zsh", "fish")
# argcomplete's scripts set this variable when the program should complete a line instead of running.
_ASKED: Final = "_ARGCOMPLETE"
# Asks the shell, through kubectl, not to offer files as well.
_NO_FILES: Final = ":4"


def answer(parser: Callable[[], argparse.ArgumentParser]) -> None:
    """If a shell asks for completions, print them and exit. Otherwise do nothing."""
    if _ASKED in os.environ:
        # Imported here to keep every other run fast.
        import argcomplete

        argcomplete.autocomplete(parser())


def complete(argument: argparse.Action, values: Callable[..., list[str]]) -> None:
    """Let shells offer `values(prefix=..., parsed_args=...)` for an argument."""
    argument.completer = values  # type: ignore[attr-defined]


def script(shell: str) -> str:
    """Return the script that a shell evaluates."""
    from argcomplete.shell_integration import shellcode

    return shellcode(["tronador"], shell=shell)


def for_kubectl() -> None:
    """The program `kubectl_complete-tronador`.

    kubectl runs it with the words after `kubectl tronador`; the user is typing the last one. It prints one completion
    on each line.
    """
    import argcomplete

    from controller.app import cli

    *words, last = sys.argv[1:] or [""]
    line = f"{shlex.join(['tronador', *words])} {last}"
    os.environ |= {_ASKED: "1", f"{_ASKED}_IFS": "\n", f"{_ASKED}_SUPPRESS_SPACE": "1"}
    os.environ |= {"COMP_LINE": line, "COMP_POINT": str(len(line))}
    argcomplete.autocomplete(cli.parser(), output_stream=sys.stdout, exit_method=lambda code: None)
    sys.stdout.write(f"\n{_NO_FILES}\n")
