"""`tronador retire`: takes an environment out of the GitOps repository."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from controller.apimachinery import giturls
from controller.apimachinery.options import OptionError
from controller.app import exits, signals, terminal
from controller.app.commands import files, gitops_repository, naming
from controller.pipeline import gitops


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's flags."""
    parser.description = (
        "Remove the environment from the folder of a GitOps repository, and leave a small tombstone there, so that a "
        "build that ends later does not bring it back. The outcome is one word: retired, or unchanged when it was "
        "retired before or belongs to another pull request. Exit code 1: the repository cannot be reached or refuses "
        "the push."
    )
    gitops_repository.add_arguments(parser)
    gitops_repository.add_outcome(parser)
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--name", metavar="NAME", help="the environment's name, as `tronador event` prints it")
    which.add_argument("-f", "--file", metavar="FILE", help="the environment, as render writes it")
    parser.add_argument(
        "--repository-url",
        metavar="URL",
        default="",
        help="with --name: the repository of its pull request; the environment of another one is left alone",
    )
    parser.add_argument(
        "--pr-number",
        metavar="NUMBER",
        default="",
        help="with --name: its pull request; the environment of another one is left alone",
    )
    naming.add_repository_id(parser, "with --name: ")


def execute(parsed: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Retire, and print the outcome. Raises OptionError and PipelineError."""
    if parsed.file is not None:
        environment = gitops.read_environment(files.read_bytes(parsed.file, "--file"), parsed.file)
        name, source = environment.name, gitops.origin_of(environment.obj)
    else:
        name, source = parsed.name, _origin(parsed)
    target, time = gitops_repository.target(parsed, environ), gitops_repository.time_of(parsed)
    places = gitops_repository.places_of(parsed, name)
    with signals.ending_in_order():
        change = gitops.bring(
            target,
            places,
            lambda content: gitops.retire(content, places=places, source=source, time=time),
            subject=f"Retire environment {places.name}",
            kin_of=source,
            report=_report,
        )
    _report(change.reason)
    files.write_word(parsed.output, str(change.outcome))
    return exits.OK


def _origin(parsed: argparse.Namespace) -> gitops.Origin:
    url, number = parsed.repository_url, parsed.pr_number
    if number:
        naming.number_of(number)
    try:
        # A misspelt URL would match no environment, and the right environment would stay for ever.
        return gitops.Origin(giturls.parse(url).location if url else "", number, naming.repository_id_of(parsed))
    except ValueError as error:
        raise OptionError(
            f"--repository-url: {giturls.masked(url)!a} is not the URL of a repository: {error}"
        ) from None


def _report(text: str) -> None:
    terminal.say(f"tronador retire: {text}")
