"""`tronador name`: prints the name of a pull request's environment."""

from __future__ import annotations

import argparse
from collections.abc import Mapping

from controller.apimachinery import names
from controller.apimachinery.options import OptionError
from controller.app import exits
from controller.app.commands import files, naming


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's flags."""
    parser.description = (
        "Print the name of a pull request's environment, which is also the name of its namespace. Use it for retire, "
        "when the pull request is closed and its branch may be gone."
    )
    parser.add_argument("--repo-name", metavar="NAME", required=True, help="bare name of the repository")
    parser.add_argument("--pr-number", metavar="NUMBER", required=True, help="number of the pull request")
    naming.add_template(parser)
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="file for the name, without a line end (default: standard output)"
    )


def execute(parsed: argparse.Namespace, environ: Mapping[str, str]) -> int:
    """Print the name. Raises OptionError if a flag is wrong."""
    if not parsed.repo_name:
        raise OptionError("--repo-name: is empty; give the repository's bare name")
    number, template = naming.number_of(parsed.pr_number), naming.template_of(parsed)
    files.write_word(parsed.output, names.environment_name(parsed.repo_name, number, template=template))
    return exits.OK
