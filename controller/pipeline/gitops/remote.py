"""The GitOps repository's address, as the platform team gives it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from controller.apimachinery import giturls

_FILE: Final = "file://"


@dataclass(frozen=True, slots=True)
class Remote:
    """Where to push.

    Attributes:
        url: as git takes it; never with credentials in it.
        protocol: the only one that git may use: https, http, ssh or file.
        place: scheme and host, as git names them when it asks for credentials; "" for ssh and file.
    """

    url: str
    protocol: str
    place: str = ""


def parse(url: str) -> Remote:
    """The remote of a URL or of an absolute path. ValueError, whose text repeats no credentials: it is none."""
    path = url.removeprefix(_FILE)
    if path.startswith("/"):
        return Remote(path, "file")
    try:
        parsed = giturls.parse(url)
    except ValueError as error:
        if clean := giturls.without_user(url):
            raise ValueError(
                f"{giturls.masked(url)!a} cannot be used as a repository: take {_before_host(url, clean)} out, which "
                f"leaves {clean}; a name belongs into --username-file or $TRONADOR_GIT_USERNAME, a password into "
                "--password-file or $TRONADOR_GIT_PASSWORD"
            ) from None
        raise ValueError(
            f"{giturls.masked(url)!a} cannot be used as a repository: {error}, or an absolute path; credentials belong "
            "into files or environment variables"
        ) from None
    if parsed.scheme == "ssh":
        return Remote(url, "ssh")
    scheme, _, rest = url.partition("://")
    return Remote(url, parsed.scheme, f"{scheme}://{rest.partition('/')[0]}")


def _before_host(url: str, clean: str) -> str:
    """What stands before the host; itself only where it is not a secret: Azure DevOps has the organisation there."""
    scheme, _, rest = clean.partition("://")
    user = url[len(scheme) + 3 : len(url) - len(rest) - 1]
    organisation = rest.split("/")[1]
    return f"'{user}@'" if user == organisation else "what stands before the host ('***@')"
