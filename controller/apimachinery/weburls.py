"""Checks http and https URLs that a browser may be sent to, and that others put into comments and annotations.

The author of a pull request chooses them. So a URL that a person and a program could read in two ways is refused: one
with a user before the host, a backslash, a space, or a host that is not plain ASCII.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import Final

LIMIT: Final = 2048
_HOST_LIMIT: Final = 253
_LABEL: Final = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_HOST: Final = re.compile(rf"{_LABEL}(\.{_LABEL})*")
# The last label of a host name is never a number: browsers read such a host as an IPv4 address, `1` as 0.0.0.1.
_NUMERIC: Final = re.compile(r"(.*\.)?[0-9]+|(.*\.)?0x[0-9a-f]*")
_URL: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9A-Fa-f:.]+\]|[^/?#:\[\]@]+)(?::(?P<port>[0-9]{1,5}))?(?P<rest>[/?#].*)?",
    re.IGNORECASE,
)
# RFC 3986, without the brackets, which belong to an IPv6 address.
_REST: Final = re.compile(r"([A-Za-z0-9._~!$&'()*+,;=:@/?#-]|%[0-9A-Fa-f]{2})*")
_SCHEME: Final = re.compile(r"https?://", re.IGNORECASE)


def check(url: str) -> None:
    """Raise ValueError if `url` is refused. Its message is the remedy, and contains no part of the URL."""
    if len(url) > LIMIT:
        raise ValueError(f"use at most {LIMIT} characters")
    if not _SCHEME.match(url):
        raise ValueError("begin with https:// or http://")
    authority = re.split(r"[/?#\\]", url.split("://", 1)[1], maxsplit=1)[0]
    if "@" in authority:
        raise ValueError("remove the part before the @: a URL that everybody can read must not have a user or password")
    match = _URL.fullmatch(url)
    if match is None or not _REST.fullmatch(match["rest"] or ""):
        raise ValueError("write the URL in plain ASCII, without spaces, and escape other characters with %")
    if not is_host(match["host"]):
        raise ValueError("name a valid host, without wildcards and in plain ASCII (xn--... for other letters)")
    if match["port"] is not None and not 0 < int(match["port"]) < 65536:
        raise ValueError("use a port from 1 to 65535")


def is_valid(url: str) -> bool:
    """Return whether `check` accepts it."""
    # The cache must not keep long texts, which anybody may write.
    return len(url) <= LIMIT and _is_valid(url)


# Each reconcile of an environment asks about the same few URLs.
@lru_cache(maxsize=4096)
def _is_valid(url: str) -> bool:
    try:
        check(url)
    except ValueError:
        return False
    return True


def is_host(host: str) -> bool:
    """Return whether `host` is a host name, an IPv4 address, or an IPv6 address in brackets."""
    host = host.lower()
    try:
        if host.startswith("[") and host.endswith("]"):
            ipaddress.IPv6Address(host[1:-1])
            return "%" not in host
        if _NUMERIC.fullmatch(host):
            ipaddress.IPv4Address(host)
            return True
    except ValueError:
        return False
    return len(host) <= _HOST_LIMIT and _HOST.fullmatch(host) is not None


@lru_cache(maxsize=4096)
def comparable(url: str) -> str:
    """Return a valid URL in a form that is equal for two that differ only in case of the host or a final slash."""
    match = _URL.fullmatch(url)
    if match is None:
        return url
    default = {"http": 80, "https": 443}[match["scheme"].lower()]
    port = f":{int(match['port'])}" if match["port"] and int(match["port"]) != default else ""
    rest = match["rest"] or ""
    return f"{match['scheme']}://{match['host']}".lower() + port + ("" if rest == "/" else rest)
