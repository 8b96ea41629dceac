"""Matches the repository names in a TronadorConfig with the git URLs of environments."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from controller.apimachinery import giturls
from controller.apimachinery.giturls import GitURL

_BARE: Final = re.compile(r"[A-Za-z0-9._~+-]+")


def is_bare(repository: str) -> bool:
    """Whether only the repository's own name is given, which may exist on every host."""
    return "/" not in repository


def problem(repository: str) -> str:
    """Return the problem with the name of a repository, or ""."""
    try:
        if is_bare(repository):
            if _BARE.fullmatch(repository) and not repository.endswith(".git"):
                return ""
        elif _is_location(giturls.parse_prefix(repository)):
            return ""
    except ValueError:
        pass
    shown = giturls.masked(repository)
    return f"{shown!r} is not a repository; use its bare name, or host/org/repository without https:// and .git"


def names_exactly(repositories: Iterable[str], url: GitURL) -> bool:
    """Whether one of `repositories` is `url`, given with its host."""
    return any(_location(repository) == url.location for repository in repositories if not is_bare(repository))


def names_bare(repositories: Iterable[str], url: GitURL) -> bool:
    """Whether one of `repositories` is the bare name of `url`."""
    return any(repository == url.repository for repository in repositories if is_bare(repository))


def _is_location(location: str) -> bool:
    # In org/repository, org would be read as a host, and the name would match nothing.
    host, _, path = location.partition("/")
    return "/" in path or "." in host or ":" in host


def _location(repository: str) -> str:
    try:
        return giturls.parse_prefix(repository)
    except ValueError:
        return ""
