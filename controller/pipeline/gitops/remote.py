"""The URL of the GitOps repository, as the platform team configures it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from controller.apimachinery import giturls

_FILE: Final = "file://"


@dataclass(frozen=True, slots=True)
class Remote:
    """Where to push.

    Attributes:
        url: URL or path for git, without credentials.
        protocol: the only protocol that git may use: https, http, ssh or file.
        place: scheme and host, as git writes them when it asks for credentials; "" for ssh and file.
    """

    url: str
    protocol: str
    place: str = ""


def parse(url: str) -> Remote:
    """Return the remote of a URL or an absolute path. Raises ValueError, without credentials, if it is invalid."""
    path = url.removeprefix(_FILE)
    if path.startswith("/"):
        return Remote(path, "file")
    try:
        parsed = giturls.parse(url)
    except ValueError as error:
        if clean := giturls.without_user(url):
            raise ValueError(
                f"{giturls.masked(url)!a} cannot be used as a repository: remove {_before_host(url, clean)} from it, "
                f"which leaves {clean}; pass the user name with --username-file or $TRONADOR_GIT_USERNAME, and the "
                "password with --password-file or $TRONADOR_GIT_PASSWORD"
            ) from None
        raise ValueError(
            f"{giturls.masked(url)!a} cannot be used as a repository: {error}, or an absolute path; pass credentials "
            "in files or environment variables"
        ) from None
    if parsed.scheme == "ssh":
        return Remote(url, "ssh")
    scheme, _, rest = url.partition("://")
    return Remote(url, parsed.scheme, f"{scheme}://{rest.partition('/')[0]}")


def _before_host(url: str, clean: str) -> str:
    """Describe the part of the URL before the host. It is quoted only if it is the organisation, as in Azure DevOps."""
    scheme, _, rest = clean.partition("://")
    user = url[len(scheme) + 3 : len(url) - len(rest) - 1]
    organisation = rest.split("/")[1]
    return f"'{user}@'" if user == organisation else "the part before the host ('***@')"
