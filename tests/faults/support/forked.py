"""The program `tronador run` without the second that its imports take: forked from a process that has made them.

It is the same program with the same command line, in a process of its own that can be killed at any moment.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

_CONTEXT = multiprocessing.get_context("forkserver")
# The process that others are forked from imports all this. It runs no thread.
_CONTEXT.set_forkserver_preload([__name__, "controller.app.commands.run", "controller.app.run"])


class ForkedController:
    """One process of the controller. `start` it once.

    Args:
        command: what follows `tronador`.
        environ: its environment.
        log: file that its output is appended to.
    """

    def __init__(self, command: Sequence[str], *, environ: Mapping[str, str], log: Path) -> None:
        self._log = log
        self._process = _CONTEXT.Process(target=_run, args=(list(command), dict(environ), str(log)), daemon=True)

    def start(self) -> None:
        self._process.start()

    def kill(self) -> None:
        """`kill -9`; it is dead when this returns. From any thread."""
        self._process.kill()
        self._process.join()

    @property
    def is_alive(self) -> bool:
        return self._process.is_alive()

    def output(self) -> str:
        """Everything that the processes with this log have printed so far."""
        return self._log.read_text(errors="replace") if self._log.exists() else ""


def _run(command: list[str], environ: dict[str, Any], log: str) -> None:
    # Imported here, because this module is imported by the tests too, and by the process before it forks.
    from controller.app import cli

    with open(log, "ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.exit(cli.main(command, environ))
