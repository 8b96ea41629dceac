"""Chooses the credentials for a repository by its prefix, which only the platform team sets. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from controller.apimachinery.giturls import GitURL


def choose(repository: GitURL, prefixes: Iterable[str]) -> str | None:
    """Return the longest of the prefixes, in lower case, that the repository is under; None if it is under none.

    Only whole segments of the path count. On GitHub and GitLab, `Acme/Shop` and `acme/shop` are the same repository.
    """
    location = repository.location.lower()
    found = [prefix for prefix in prefixes if location == prefix or location.startswith(f"{prefix}/")]
    return max(found, key=len, default=None)
