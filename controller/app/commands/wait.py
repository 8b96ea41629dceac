"""`tronador wait`: waits until an environment is deployed, or gone."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from controller.api.environment import Environment
from controller.apimachinery import durations
from controller.apimachinery.options import OptionError
from controller.app import clusters, exits, signals, terminal
from controller.app.commands import environments, files


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's flags."""
    parser.description = (
        "Wait until an environment is deployed, or until it is gone. With a file, deployed means that the cluster has "
        "exactly the file's spec and has deployed it: an earlier version does not count. Exit code 0: the goal is "
        "reached; 1: the environment has failed, and the last line says why; 2: the time is over."
    )
    which = parser.add_mutually_exclusive_group(required=True)
    environments.add_name(which, nargs="?")
    which.add_argument("-f", "--file", metavar="FILE", help="the environment, as it was published")
    parser.add_argument(
        "--for",
        dest="goal",
        choices=("deployed", "gone"),
        default="deployed",
        help="what to wait for (default: deployed)",
    )
    parser.add_argument("--timeout", metavar="DURATION", default="10m", help="how long to wait (default: 10m)")
    clusters.add_arguments(parser)


def execute(parsed: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Wait. Returns the exit code of the outcome. Raises OptionError and PipelineError."""
    # Imported here, because most steps of a pipeline need no cluster, and this import takes a second.
    from controller.pipeline import gitops, waiting

    wanted: Environment | None = None
    if parsed.file is not None:
        wanted = gitops.read_environment(files.read_bytes(parsed.file, "--file"), parsed.file)
    name = environments.check_name(wanted.name if wanted is not None else parsed.name)
    try:
        timeout = durations.parse(parsed.timeout)
    except ValueError as error:
        raise OptionError(f"--timeout: {error}") from None
    reached = clusters.connected(parsed, environ, command="wait", verbs="get, list and watch")
    try:
        with reached as client, signals.ending_in_order():
            end = waiting.wait_for(
                client,
                name,
                waiting.Goal(parsed.goal),
                wanted=wanted.obj if wanted is not None else None,
                timeout=timeout,
                report=lambda text: _report(name, text),
            )
    except waiting.TimedOut as error:
        _report(name, str(error))
        return exits.USAGE
    _report(name, end.message)
    for problem in end.problems:
        _report(name, str(problem))
    return exits.OK if end.state is waiting.State.REACHED else exits.FAILED


def _report(name: str, text: str) -> None:
    terminal.say(f"tronador wait: {name}: {text}")
