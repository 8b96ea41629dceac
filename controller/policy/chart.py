"""Where a chart may come from: finders of the table in `rules`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from controller.api.environment import Environment
from controller.apimachinery import giturls, names
from controller.apimachinery.giturls import GitURL
from controller.policy.fields import CHART, RELEASE
from controller.policy.options import PolicyOptions

Found = Iterator[tuple[str, Any]]
_SSH_USER: Final = re.compile(r"^(ssh://[A-Za-z0-9._-]+|git)@")
# What git refuses in the name of a ref, and what would make an option or a range of it.
_NO_REF: Final = re.compile(r"^[-+]|\.\.|@\{|[\s~^:?*\[\\]")


def location(environment: Environment) -> GitURL | None:
    """Where the chart's repository is, or None where its URL is not acceptable."""
    try:
        return giturls.parse(_text(environment, "git"))
    except ValueError:
        return None


def bad_url(environment: Environment, options: PolicyOptions, engine: str) -> Found:
    """A URL that leads nowhere, to a file, or to two places at once."""
    if location(environment) is None and not _has_credentials(environment):
        yield f"{CHART}.git", _text(environment, "git")


def credentials_in_url(environment: Environment, options: PolicyOptions, engine: str) -> Found:
    """A URL with something in it that may be a password."""
    if location(environment) is None and _has_credentials(environment):
        yield f"{CHART}.git", _text(environment, "git")


def foreign_repository(environment: Environment, options: PolicyOptions, engine: str) -> Found:
    """A repository that no glob allows."""
    url = location(environment)
    if url is not None and not names.matches_any(url.location, options.allowed_git_repositories):
        yield f"{CHART}.git", url.location


def bad_path(environment: Environment, options: PolicyOptions, engine: str) -> Found:
    """A folder that is none, or lies outside the repository."""
    path = _text(environment, "path")
    if not path or leads_out(path):
        yield f"{CHART}.path", path


def bad_ref(environment: Environment, options: PolicyOptions, engine: str) -> Found:
    """A ref that git could take for something else."""
    ref = _text(environment, "ref")
    if _NO_REF.search(ref) or not ref.isprintable():
        yield f"{CHART}.ref", ref


def bad_release_name(environment: Environment, options: PolicyOptions, engine: str) -> Found:
    """A name that Helm would refuse."""
    if not names.is_dns_label(environment.release_name, limit=names.RELEASE_NAME_LIMIT):
        yield f"{RELEASE}.releaseName", environment.release_name


def old_helm(environment: Environment, options: PolicyOptions, engine: str) -> Found:
    """Helm 2."""
    if (version := environment.release.get("helmVersion")) not in (None, "v3"):
        yield f"{RELEASE}.helmVersion", version


def leads_out(path: str) -> bool:
    """Whether a path could leave the folder that it is relative to, or hide where it leads."""
    return ".." in path.split("/") or "\\" in path or not path.isprintable()


def _text(environment: Environment, field: str) -> str:
    return str((environment.release.get("chart") or {}).get(field) or "")


def _has_credentials(environment: Environment) -> bool:
    # The parts of a bad URL cannot be told apart, so any @ counts but the one after a mere user of ssh.
    return "@" in _SSH_USER.sub("", _text(environment, "git")).replace("%40", "@")
