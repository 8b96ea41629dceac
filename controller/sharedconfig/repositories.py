"""Which repository a TronadorConfig means, and whether an environment that says it is that one may be believed."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from controller.apimachinery import giturls
from controller.apimachinery.giturls import GitURL

_BARE: Final = re.compile(r"[A-Za-z0-9._~+-]+")


def is_bare(repository: str) -> bool:
    """Whether only the repository's own name is given, which every host can have."""
    return "/" not in repository


def problem(repository: str) -> str:
    """What is wrong with the name of a repository, or ""."""
    try:
        if is_bare(repository):
            if _BARE.fullmatch(repository) and not repository.endswith(".git"):
                return ""
        elif _is_location(giturls.parse_prefix(repository)):
            return ""
    except ValueError:
        pass
    shown = giturls.masked(repository)
    return f"{shown!r} names no repository; write its bare name, or host/org/repository without https:// and .git"


def names_exactly(repositories: Iterable[str], url: GitURL) -> bool:
    """Whether one of them is `url` with its host."""
    return any(_location(repository) == url.location for repository in repositories if not is_bare(repository))


def names_bare(repositories: Iterable[str], url: GitURL) -> bool:
    """Whether one of them is the bare name of `url`."""
    return any(repository == url.repository for repository in repositories if is_bare(repository))


def _is_location(location: str) -> bool:
    # org/repository would be taken for a host of that name, and match nothing.
    host, _, path = location.partition("/")
    return "/" in path or "." in host or ":" in host


def _location(repository: str) -> str:
    try:
        return giturls.parse_prefix(repository)
    except ValueError:
        return ""
