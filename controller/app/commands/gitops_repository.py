"""The flags and variables of `publish`, `retire` and `sweep` for the GitOps repository and its credentials."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from controller.apimachinery import durations, timestamps
from controller.apimachinery.options import OptionError
from controller.app.commands import files
from controller.pipeline import gitrefs
from controller.pipeline.errors import PipelineError
from controller.pipeline.gitops import (
    Author,
    Credentials,
    Places,
    PushTarget,
    Remote,
    check,
    folder,
    parse_remote,
    places,
)

USERNAME_VARIABLE: Final = "TRONADOR_GIT_USERNAME"
PASSWORD_VARIABLE: Final = "TRONADOR_GIT_PASSWORD"  # noqa: S105 (a variable's name)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the flags."""
    parser.add_argument(
        "--repository", metavar="URL", required=True, help="the GitOps repository; never with credentials in the URL"
    )
    parser.add_argument(
        "--branch", metavar="NAME", default="main", help="branch of the GitOps repository (default: main)"
    )
    parser.add_argument(
        "--path", metavar="DIR", default=".", help="folder of the environments in the repository (default: its root)"
    )
    parser.add_argument(
        "--timeout", metavar="DURATION", default="2m", help="longest time that the command may take (default: 2m)"
    )
    parser.add_argument(
        "--username-file", metavar="FILE", help=f"file with the user name for https (or ${USERNAME_VARIABLE})"
    )
    parser.add_argument(
        "--password-file", metavar="FILE", help=f"file with the password or token for https (or ${PASSWORD_VARIABLE})"
    )
    parser.add_argument("--ssh-key-file", metavar="FILE", help="file with the private key for ssh")
    parser.add_argument(
        "--known-hosts-file", metavar="FILE", help="file with the hosts' keys for ssh (default: ssh's own)"
    )
    parser.add_argument(
        "--signing-key-file",
        metavar="FILE",
        help="file with an ssh private key to sign the commit with (default: the commit is not signed)",
    )
    parser.add_argument(
        "--author-name", metavar="NAME", default="tronador", help="author of the commit (default: tronador)"
    )
    parser.add_argument(
        "--author-email",
        metavar="ADDRESS",
        default="tronador@localhost",
        help="author's address (default: %(default)s)",
    )


def add_outcome(parser: argparse.ArgumentParser) -> None:
    """Add the flags of a change to one environment: the time of its event, and where the outcome goes."""
    parser.add_argument(
        "--event-time",
        metavar="TIME",
        default="",
        help="time of the webhook's event, as `tronador event` prints it; it distinguishes a reopened pull request "
        "from a build that is merely late",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="file for the outcome, one word without a line end (default: standard output)",
    )


def target(parsed: argparse.Namespace, environ: Mapping[str, str]) -> PushTarget:
    """Return where to push, and with which credentials.

    Raises OptionError if a flag is wrong, and PipelineError if a file cannot be read.
    """
    try:
        remote = parse_remote(parsed.repository)
    except ValueError as error:
        raise OptionError(f"--repository: {error}") from None
    if not gitrefs.is_branch(parsed.branch):
        raise OptionError(f"--branch: {parsed.branch!a} is not a valid name of a branch")
    for flag, text in (("--author-name", parsed.author_name), ("--author-email", parsed.author_email)):
        # git uses line ends, < and > to separate the parts of an author.
        if not text.strip() or not text.isprintable() or "<" in text or ">" in text:
            raise OptionError(f"{flag}: {text!a} cannot stand in a commit: write one line without < and >")
    _refuse_empty_password(parsed, environ, remote)
    known = parsed.known_hosts_file
    credentials = Credentials(
        username=_line(parsed.username_file, "--username-file") or environ.get(USERNAME_VARIABLE, ""),
        password=_line(parsed.password_file, "--password-file") or environ.get(PASSWORD_VARIABLE, ""),
        ssh_key=files.read_bytes(parsed.ssh_key_file, "--ssh-key-file") if parsed.ssh_key_file else b"",
        known_hosts=Path(known) if known else None,
        signing_key=files.read_bytes(parsed.signing_key_file, "--signing-key-file") if parsed.signing_key_file else b"",
    )
    try:
        check(credentials, remote)
        timeout = durations.parse(parsed.timeout)
    except ValueError as error:
        raise OptionError(str(error)) from None
    return PushTarget(
        remote=remote,
        branch=parsed.branch,
        credentials=credentials,
        author=Author(parsed.author_name, parsed.author_email),
        timeout=timeout,
    )


def folder_of(parsed: argparse.Namespace) -> str:
    """Return the folder of the environments in the repository. Raises OptionError if it is unsafe."""
    try:
        return folder(parsed.path)
    except ValueError as error:
        raise OptionError(f"--path: {error}") from None


def places_of(parsed: argparse.Namespace, name: str) -> Places:
    """Return the paths of the environment's files. Raises OptionError if the folder or the name is unsafe."""
    where = folder_of(parsed)
    try:
        return places(where, name)
    except ValueError as error:
        raise OptionError(f"--name: {error}") from None


def time_of(parsed: argparse.Namespace) -> str:
    """Return the value of `--event-time`, or "" without it. Raises OptionError if it is not a time."""
    text: str = parsed.event_time
    if text and timestamps.from_time(text) is None:
        raise OptionError(f"--event-time: {text!a} is not a valid time: write 2026-01-31T12:00:00Z, or leave it out")
    return text


def _refuse_empty_password(parsed: argparse.Namespace, environ: Mapping[str, str], remote: Remote) -> None:
    # A CI system that withholds a secret sets the variable to "". The message of git would only ask for a user name.
    if remote.protocol == "https" and parsed.password_file is None and environ.get(PASSWORD_VARIABLE) == "":
        raise PipelineError(
            f"${PASSWORD_VARIABLE} is empty, so the push would be refused: the secret is not set, or this run gets no "
            "secrets. GitHub gives none to runs that Dependabot or a fork's pull request starts"
        )


def _line(path: str | None, flag: str) -> str:
    if path is None:
        return ""
    text = files.read_bytes(path, flag).decode(errors="replace").rstrip("\r\n")
    if not text or not text.isprintable():
        raise OptionError(f"{flag}: {path} must contain exactly one line of text")
    return text
