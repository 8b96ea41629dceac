"""How values are written on the page. Pure; escaping is the templates' work."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

# Statuses that have a look of their own. A class of a style sheet never comes from an object.
_LOOKS: Final = frozenset(
    {"deployed", "failed", "deploying", "pending", "queued", "suspended", "uninstalling", "expired"}
)


def web_address(url: str) -> str:
    """`url` where a browser may safely be sent there, else "": only http and https, and without a user or password."""
    try:
        parts = urlsplit(url)
        safe = parts.scheme in ("http", "https") and parts.hostname and "@" not in parts.netloc
    except ValueError:
        return ""
    return url if safe else ""


def host(url: str) -> str:
    """The host, and the port if there is one, of a web address."""
    return urlsplit(url).netloc


def short_repository(repository: str) -> str:
    """A repository without what is the same for most of a list: the scheme, the host, and `.git`."""
    place = repository.removeprefix("https://").removeprefix("http://").removesuffix(".git")
    first, _, rest = place.partition("/")
    return rest if rest and "." in first else place


def look(status: str) -> str:
    """The name of the look that a status has: its own, or `other`."""
    return status if status in _LOOKS else "other"


def clock(moment: datetime) -> str:
    """`2026-01-31 12:00:00`, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")


def cut(text: str, limit: int) -> str:
    """`text`, with an ellipsis at its end where it is longer than `limit` characters."""
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
