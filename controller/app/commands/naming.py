"""The flags that name an environment and its pull request."""

from __future__ import annotations

import argparse
import re
from typing import Final

from controller.apimachinery import names
from controller.apimachinery.options import OptionError

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,17}")
_SHOWN: Final = 60


def add_template(parser: argparse.ArgumentParser) -> None:
    """Add `--name-template`, which must be the same for all commands of a pipeline."""
    parser.add_argument(
        "--name-template",
        metavar="TEXT",
        default=names.DEFAULT_NAME_TEMPLATE,
        help="template of the environments' names, the same for every command (default: %(default)s)",
    )


def template_of(parsed: argparse.Namespace) -> str:
    """Return the value of `--name-template`. Raises OptionError if it is invalid."""
    template: str = parsed.name_template
    if not names.is_name_template(template):
        raise OptionError(
            f"--name-template: {template[:_SHOWN]!a} is not a template: write {{repo}} and {{pr}} once each, with a "
            "dash between them, among a-z, 0-9 and -"
        )
    return template


def number_of(text: str) -> int:
    """Return the value of `--pr-number`. Raises OptionError if it is not a number."""
    if not _NUMBER.fullmatch(text):
        raise OptionError(f"--pr-number: {text[:_SHOWN]!a} is not the number of a pull request: write digits only")
    return int(text)


def add_repository_id(parser: argparse.ArgumentParser, condition: str = "") -> None:
    """Add `--repository-id`. `condition` begins its help and says when the flag matters."""
    parser.add_argument(
        "--repository-id",
        metavar="NUMBER",
        default="",
        help=f"{condition}the repository's number at its provider, as `tronador event` prints it; it identifies a "
        "repository that was renamed or moved",
    )


def repository_id_of(parsed: argparse.Namespace) -> str:
    """Return the value of `--repository-id`, or "" without it. Raises OptionError if it is not a number."""
    text: str = parsed.repository_id
    if text and not _NUMBER.fullmatch(text):
        raise OptionError(f"--repository-id: {text[:_SHOWN]!a} is not a repository's number: write digits only")
    return text
