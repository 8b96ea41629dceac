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
        raise ValueError(
            f"{giturls.masked(url)!a} is no address of a repository: {error}, or an absolute path; credentials belong "
            "into files or environment variables"
        ) from None
    if parsed.scheme == "ssh":
        return Remote(url, "ssh")
    scheme, _, rest = url.partition("://")
    return Remote(url, parsed.scheme, f"{scheme}://{rest.partition('/')[0]}")
