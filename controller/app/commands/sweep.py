"""`tronador sweep`: retires the environments whose pull request is closed."""

from __future__ import annotations

import argparse
import json
from collections.abc import Collection, Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from controller.apimachinery import objects
from controller.apimachinery.objects import Object
from controller.apimachinery.options import OptionError
from controller.app import clusters, exits, options, signals, terminal
from controller.app.commands import environments, gitops_repository
from controller.app.commands.listing import table
from controller.pipeline.errors import PipelineError
from controller.sweep.options import SweepOptions

if TYPE_CHECKING:
    from controller.sweep.findings import Findings

COMMAND: Final = "sweep"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's flags."""
    parser.description = (
        "Ask GitHub and GitLab for the pull request of each environment in the folder of a GitOps repository, and list "
        "the environments whose pull request is closed, and those that have been expired for long. With --apply, "
        "retire them in one commit, as `tronador retire` does. Without a certain answer an environment is kept. Exit "
        "code 1: the state of a pull request is not known, or nothing was retired because too many would go."
    )
    gitops_repository.add_arguments(parser)
    parser.add_argument("--apply", action="store_true", help="retire them; without this flag they are only listed")
    environments.add_output(parser)
    options.add_arguments(parser, SweepOptions)
    clusters.add_arguments(parser)


def execute(parsed: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """List what goes, and retire it. Raises OptionError and PipelineError."""
    # Imported here, because most steps of a pipeline do not need it, and this import takes a second.
    from controller.app import scmaccounts
    from controller.sweep.inquiry import Inquiry
    from controller.sweep.sweeping import sweep

    chosen = options.read(SweepOptions, parsed, environ)
    if not chosen.credentials and not clusters.is_chosen(parsed, environ):
        raise OptionError("--credentials: name at least one prefix of repositories, with its folder")
    target, folder = gitops_repository.target(parsed, environ), gitops_repository.folder_of(parsed)
    accounts = scmaccounts.for_reading(chosen.credentials, timeout=chosen.scm_timeout, command=COMMAND)
    failures: set[str] = set()

    def read_live() -> Mapping[str, Object]:
        live, failure = _live(parsed, environ)
        failures.update([failure] if failure else [])
        return live

    with closing(accounts), signals.ending_in_order():
        findings = sweep(
            target,
            folder,
            options=chosen,
            inquiry=Inquiry(accounts.of, seconds=chosen.ask_timeout),
            read_live=read_live,
            apply=parsed.apply,
            now=lambda: datetime.now(UTC),
            report=_say,
        )
    _show(findings, failures, parsed.output)
    return exits.FAILED if findings.has_failed or failures else exits.OK


def _live(parsed: argparse.Namespace, environ: Mapping[str, str]) -> tuple[Mapping[str, Object], str]:
    """Return the expired environments of the cluster by name, and why they are not known; none without a cluster."""
    from controller.sweep import expired

    if not clusters.is_chosen(parsed, environ):
        return {}, ""
    try:
        with clusters.connected(parsed, environ, command=COMMAND, verbs="list") as client:
            # All others would take hundreds of megabytes in a large cluster.
            return {objects.name(obj): obj for obj in environments.pages(client) if expired.is_expired(obj)}, ""
    except PipelineError as error:
        return {}, f"expired environments are not known: {error}"


def _show(findings: Findings, failures: Collection[str], output: str) -> None:
    problems = [text for text in (findings.refusal, *sorted(failures)) if text]
    if output == "json":
        print(json.dumps({**findings.as_json(), "problems": problems}, indent=2))
    else:
        if rows := findings.rows():
            print(table(["NAME", "STATE", "ACTION", "REASON"], rows), end="")
        print(findings.summary())
    if not findings.found:
        _say(f"there are no environments in {findings.path}: check --path and --branch")
    for text in problems:
        _say(text)


def _say(text: str) -> None:
    terminal.say(f"tronador sweep: {text}")
