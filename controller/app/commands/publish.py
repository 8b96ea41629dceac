"""`tronador publish`: puts an environment into the GitOps repository."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from controller.app import exits, signals, terminal
from controller.app.commands import files, gitops_repository
from controller.pipeline import gitops


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's flags."""
    parser.description = (
        "Write the environment into the folder of a GitOps repository, commit and push. The outcome is one word: "
        "published, unchanged, or retired when its pull request was closed meanwhile (nothing is written then, and "
        "there is nothing to wait for). Exit code 1: the repository cannot be reached or refuses the push, or the file "
        "belongs to another repository."
    )
    gitops_repository.add_arguments(parser)
    gitops_repository.add_outcome(parser)
    parser.add_argument("-f", "--file", metavar="FILE", required=True, help="the environment, as render writes it")
    parser.add_argument("--revive", action="store_true", help="publish even if its pull request was closed before")


def execute(parsed: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Publish, and print the outcome. Raises OptionError and PipelineError."""
    document = files.read_bytes(parsed.file, "--file")
    environment = gitops.read_environment(document, parsed.file, to_publish=True)
    target, time = gitops_repository.target(parsed, environ), gitops_repository.time_of(parsed)
    places = gitops_repository.places_of(parsed, environment.name)
    with signals.ending_in_order():
        change = gitops.bring(
            target,
            places,
            lambda content: gitops.publish(
                content,
                places=places,
                document=document,
                source=gitops.origin_of(environment.obj),
                revive=parsed.revive,
                time=time,
            ),
            subject=f"Publish environment {places.name}",
            report=_report,
        )
    _report(change.reason)
    files.write_word(parsed.output, str(change.outcome))
    return exits.OK


def _report(text: str) -> None:
    terminal.say(f"tronador publish: {text}")
