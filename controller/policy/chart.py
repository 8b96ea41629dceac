"""Finders for the table in `rules`: where a chart may come from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

from controller.api.environment import Environment
from controller.apimachinery import giturls, names
from controller.apimachinery.findings import Path
from controller.apimachinery.giturls import GitURL
from controller.policy.fields import CHART, RELEASE
from controller.policy.options import PolicyOptions

Found = Iterator[tuple[Path, Any]]
_SSH_USER: Final = re.compile(r"^(ssh://[A-Za-z0-9._-]+|git)@")
# What git refuses in a ref's name, or would read as an option or a range.
_NO_REF: Final = re.compile(r"^[-+]|\.\.|@\{|[\s~^:?*\[\\]")


def location(environment: Environment) -> GitURL | None:
    """Return the location of the chart's repository, or None if its URL is not accepted."""
    try:
        return giturls.parse(_text(environment, "git"))
    except ValueError:
        return None


def bad_url(environment: Environment, options: PolicyOptions, engine: str) -> Found:
    """Find a URL that is invalid, names a file, or is ambiguous."""
    if location(environment) is None and not _has_credentials(environment):
        yield (*CHART, "git"), _text(environment, "git")


def credentials_in_url(environment: Environment, options: PolicyOptions, engine: str) -> Found:
    """Find a URL that may contain a password."""
    if location(environment) is None and _has_credentials(environment):
        yield (*CHART, "git"), _text(environment, "git")


def foreign_repository(environment: Environment, options: PolicyOptions, engine: str) -> Found:
    """Find a repository that the options do not allow."""
    url = location(environment)
    if url is not None and not names.matches_any(url.location, options.allowed_git_repositories):
        yield (*CHART, "git"), url.location


def bad_path(environment: Environment, options: PolicyOptions, engine: str) -> Found:
    """Find a path that is invalid or leads out of the repository."""
    path = _text(environment, "path")
    if not path or leads_out(path):
        yield (*CHART, "path"), path


def bad_ref(environment: Environment, options: PolicyOptions, engine: str) -> Found:
    """Find a ref that git would refuse or misread."""
    ref = _text(environment, "ref")
    if _NO_REF.search(ref) or not ref.isprintable():
        yield (*CHART, "ref"), ref


def bad_release_name(environment: Environment, options: PolicyOptions, engine: str) -> Found:
    """Find a release name that Helm would refuse."""
    if not names.is_dns_label(environment.release_name, limit=names.RELEASE_NAME_LIMIT):
        yield (*RELEASE, "releaseName"), environment.release_name


def old_helm(environment: Environment, options: PolicyOptions, engine: str) -> Found:
    """Find a release for Helm 2."""
    if (version := environment.release.get("helmVersion")) not in (None, "v3"):
        yield (*RELEASE, "helmVersion"), version


def leads_out(path: str) -> bool:
    """Whether a path may lead out of its folder, or hides where it leads."""
    return ".." in path.split("/") or "\\" in path or not path.isprintable()


def _text(environment: Environment, field: str) -> str:
    return str(environment.chart.get(field) or "")


def _has_credentials(environment: Environment) -> bool:
    # A bad URL cannot be split into parts, so every @ counts except the one after an ssh user without a password.
    return "@" in _SSH_USER.sub("", _text(environment, "git")).replace("%40", "@")
