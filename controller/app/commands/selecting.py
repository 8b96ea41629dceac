"""The flags that say which pull requests get an environment."""

from __future__ import annotations

import argparse
from typing import Final

from controller.apimachinery.options import OptionError
from controller.app.commands import files
from controller.pipeline.webhooks import Rules, Selection

_LISTS: Final = {
    "--label": (
        "NAME",
        "a label that a pull request needs; setting it creates the environment, and removing it ends it",
    ),
    "--exclude-label": ("NAME", "a label with which a pull request has no environment"),
    "--base-branch": ("GLOB", "target branches whose pull requests get environments (default: all)"),
    "--branch": ("GLOB", "branches that get environments (default: all)"),
    "--exclude-author": ("GLOB", "user names of authors who get no environments, such as *[bot]"),
}


def add_rules(parser: argparse.ArgumentParser) -> None:
    """Add the flags of all rules that a delivery alone can answer."""
    parser.add_argument(
        "--allow-fork-label",
        metavar="NAME",
        default="",
        help="label with which a maintainer allows one commit of a fork (default: forks are ignored)",
    )
    parser.add_argument(
        "--drafts", action="store_true", help="give drafts an environment too (default: drafts have none)"
    )
    parser.add_argument(
        "--skip-bots",
        action="store_true",
        help="ignore what bots do, unless it removes an environment (default: bots are treated like people)",
    )
    for flag, (metavar, help_) in _LISTS.items():
        parser.add_argument(flag, metavar=metavar, action="append", help=f"{help_}; may be repeated")


def add_paths(parser: argparse.ArgumentParser) -> None:
    """Add the flags about the files that a pull request changes, which no delivery names."""
    parser.add_argument(
        "--path",
        metavar="GLOB",
        action="append",
        help="files of which a pull request must change one, such as deploy/*; * also stands for slashes; may be "
        "repeated",
    )
    parser.add_argument(
        "--changed-files",
        metavar="FILE",
        help="with --path: file with the names of the files that the pull request changes, one in each line, as `git "
        "diff --name-only BASE...HEAD` prints them",
    )


def rules_of(parsed: argparse.Namespace) -> Rules:
    """Return the rules of the flags. Raises OptionError if one is wrong, and PipelineError if a file cannot be read."""
    for flag in (*_LISTS, "--path"):
        if "" in _values(parsed, flag):
            raise OptionError(f"{flag}: an empty value matches nothing: leave the flag out")
    return Rules(
        fork_label=parsed.allow_fork_label,
        drafts=parsed.drafts,
        skip_bots=parsed.skip_bots,
        selection=Selection(
            labels=_values(parsed, "--label"),
            exclude_labels=_values(parsed, "--exclude-label"),
            base_branches=_values(parsed, "--base-branch"),
            branches=_values(parsed, "--branch"),
            # GitHub writes its apps as name[bot], and no other user name has a bracket.
            exclude_authors=tuple(glob.replace("[", "[[]") for glob in _values(parsed, "--exclude-author")),
            paths=_values(parsed, "--path"),
            changed_files=_changed_files(parsed),
        ),
    )


def _changed_files(parsed: argparse.Namespace) -> tuple[str, ...]:
    file, globs = getattr(parsed, "changed_files", None), _values(parsed, "--path")
    if (file is None) != (not globs):
        raise OptionError("--path and --changed-files belong together: pass both, or neither")
    if file is None:
        return ()
    text = files.read_bytes(file, "--changed-files").decode(errors="surrogateescape")
    # `git diff -z` separates the names with NUL. Without it, git puts unusual names in quotes.
    names = (
        text.split("\0") if "\0" in text else [line.removeprefix('"').removesuffix('"') for line in text.split("\n")]
    )
    return tuple(filter(None, names))


def _values(parsed: argparse.Namespace, flag: str) -> tuple[str, ...]:
    return tuple(getattr(parsed, flag.removeprefix("--").replace("-", "_"), None) or ())
