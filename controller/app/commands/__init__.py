"""The commands of `tronador`: one module each, with its arguments and a thin `execute`.

`controller.app` and `controller.pipeline` contain the work of the commands. `execute` may raise `OptionError` for wrong
usage and `PipelineError` for failures and refusals; `cli` prints them.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, cast


class Module(Protocol):
    """The content of a command's module."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's flags, and set the parser's description."""

    def execute(self, parsed: argparse.Namespace, environ: Mapping[str, str]) -> int:
        """Run the command. Returns the exit code (`controller.app.exits`)."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command. Its module is imported only when it is needed: the controller needs nothing of the pipeline's.

    Attributes:
        help: one line, in lower case and without a full stop.
        module: the name of its module in this package, if it is not that of the command.
    """

    name: str
    help: str
    module: str = ""

    def load(self) -> Module:
        """Import the command's module and return it."""
        return cast(Module, import_module(f"{__name__}.{self.module or self.name}"))


# In the order of `tronador --help`.
COMMANDS: tuple[Command, ...] = (
    Command("run", "run the controller"),
    Command("render", "write the environment of a pull request"),
    Command("validate", "check files without a cluster"),
    Command("event", "decide what to do about a webhook of GitHub, GitLab, Gitea or Forgejo"),
    Command("filters", "print the rules of `event` as filters for Tekton"),
    Command("name", "print the name of a pull request's environment"),
    Command("publish", "put an environment into a GitOps repository"),
    Command("retire", "take an environment out of a GitOps repository"),
    Command("sweep", "retire the environments whose pull request is closed"),
    Command("wait", "wait until an environment is deployed, or gone"),
    Command("report", "show what an environment does on its pull request"),
    Command("list", "list the environments of a cluster", module="listing"),
    Command("open", "open the URL of an environment in a browser", module="opening"),
    Command("keep", "keep an environment from expiring"),
    Command("expire", "end an environment until the next push"),
    Command("reconcile", "make the controller reconcile an environment now"),
    Command("completion", "print the script for shell completion"),
)

__all__ = ["COMMANDS", "Command"]
