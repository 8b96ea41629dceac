"""`tronador filters`: prints the rules of `tronador event` as filters for Tekton's EventListener."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

import yaml

from controller.apimachinery.options import OptionError
from controller.app import exits
from controller.app.commands import files, selecting
from controller.pipeline.webhooks import celfilters


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's flags."""
    parser.description = (
        "Print the rules of `tronador event` as a patch of kustomize for the EventListener in "
        "manifests/tekton/triggers.yaml, so that its filters decide in the same way. The flags are those of `event`, "
        "without --path, because a delivery does not name the files that a pull request changes."
    )
    selecting.add_rules(parser)
    parser.add_argument("-o", "--output", metavar="FILE", help="file for the patch (default: standard output)")


def execute(parsed: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print the patch. Raises OptionError if a flag is wrong."""
    try:
        found = celfilters.filters(selecting.rules_of(parsed))
    except ValueError as error:
        raise OptionError(str(error)) from None
    # The order of the triggers, and the place of the filter in each.
    expressions = (found.environment, found.environment_of_a_fork, found.retirement)
    patch = [
        {"op": "replace", "path": f"/spec/triggers/{number}/interceptors/2/params/0/value", "value": expression}
        for number, expression in enumerate(expressions)
    ]
    files.write_text(parsed.output, yaml.safe_dump(patch, sort_keys=False, width=120))
    return exits.OK
