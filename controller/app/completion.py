"""Completion in shells: argcomplete asks the real parser, so nothing has to be kept in step with it."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from typing import Final

SHELLS: Final = ("bash", "zsh", "fish")
# How argcomplete's scripts say that the program is to complete a line instead of running.
_ASKED: Final = "_ARGCOMPLETE"
# What kubectl hands on to the shell: do not offer files beside these.
_NO_FILES: Final = ":4"


def answer(parser: argparse.ArgumentParser) -> None:
    """Where a shell asks for it, print what completes its line, and end the process. Else do nothing."""
    if _ASKED in os.environ:
        # Imported only here, because every other run would pay for it.
        import argcomplete

        argcomplete.autocomplete(parser)


def script(shell: str) -> str:
    """What a shell has to evaluate."""
    from argcomplete.shell_integration import shellcode

    return shellcode(["tronador"], shell=shell)


def for_kubectl() -> None:
    """The program `kubectl_complete-tronador`: kubectl runs it with the words after `kubectl tronador`, the last of
    which is being typed, and wants a line for each completion.
    """
    import argcomplete

    from controller.app import cli

    *words, last = sys.argv[1:] or [""]
    line = f"{shlex.join(['tronador', *words])} {last}"
    os.environ |= {_ASKED: "1", f"{_ASKED}_IFS": "\n", f"{_ASKED}_SUPPRESS_SPACE": "1"}
    os.environ |= {"COMP_LINE": line, "COMP_POINT": str(len(line))}
    argcomplete.autocomplete(cli.parser(), output_stream=sys.stdout, exit_method=lambda code: None)
    sys.stdout.write(f"\n{_NO_FILES}\n")
