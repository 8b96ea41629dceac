"""Parses URLs of git repositories into one comparable form: a host, and a repository on it.

Rules and credentials depend on where a URL leads. So a URL that could be read in two ways is refused, not interpreted:
one with a user before the host, a backslash, a query, `..`, an escaped letter, or a host that is not ASCII.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

_DEFAULT_PORTS: Final[Mapping[str, int]] = {"http": 80, "https": 443, "ssh": 22}
_PATH: Final = r"[A-Za-z0-9._~+=,:%/-]+"
_AUTHORITY: Final = r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:(?P<port>[0-9]{1,5}))?"
_SSH_USER: Final = r"[A-Za-z0-9._][A-Za-z0-9._-]*@"
_HTTP: Final = re.compile(rf"(?P<scheme>https?)://{_AUTHORITY}/(?P<path>{_PATH})")
_SSH: Final = re.compile(rf"(?P<scheme>ssh)://({_SSH_USER})?{_AUTHORITY}/(?P<path>{_PATH})")
_SCP: Final = re.compile(rf"git@(?P<host>[A-Za-z0-9._-]+):/?(?P<path>{_PATH})")
_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9_-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9_-]*[a-z0-9])?)*")
# Characters that must not be escaped: an escaped letter is a second spelling, and an escaped slash is a hidden one.
_NEEDLESSLY_ESCAPED: Final = re.compile(r"[A-Za-z0-9._~/\\%@-]|[^\x20-\x7e]")
_ESCAPE: Final = re.compile(r"%([0-9A-Fa-f]{2})?")
# Text before an @ may be a password, with or without a scheme before it. So may a query.
_USER_INFO: Final = re.compile(r"^([a-z+.-]+://)?.*(@|%40)", re.DOTALL | re.IGNORECASE)
_HTTP_USER: Final = re.compile(r"^(https?://)[^/?#]*@", re.IGNORECASE)
_QUERY: Final = re.compile(r"[?#].*", re.DOTALL)


@dataclass(frozen=True, slots=True)
class GitURL:
    """The location of a repository.

    Attributes:
        scheme: http, https or ssh (also for `git@host:path`).
        host: in lower case, with the port unless it is the default port of the scheme.
        path: the path on the host, without escapes, without slashes at the ends, and without `.git`.
    """

    scheme: str
    host: str
    path: str

    @property
    def location(self) -> str:
        """`host/org/repository`: the same for all URLs of one repository."""
        return f"{self.host}/{self.path}"

    @property
    def repository(self) -> str:
        """The bare name of the repository."""
        return self.path.rpartition("/")[2]

    def is_under(self, prefix: str) -> bool:
        """Whether the repository is at or below `prefix`, a result of `parse_prefix`."""
        return self.location == prefix or self.location.startswith(f"{prefix}/")


# Each reconcile asks several times for the same few repositories.
@lru_cache(maxsize=1024)
def parse(url: str) -> GitURL:
    """Return the location that `url` leads to. Raises ValueError, without any part of the URL, if it is refused."""
    match = _HTTP.fullmatch(url) or _SSH.fullmatch(url) or _SCP.fullmatch(url)
    if match is None:
        raise ValueError("use an http, https or ssh URL or git@host:path, in plain ASCII")
    found = match.groupdict()
    scheme = found.get("scheme") or "ssh"
    return GitURL(scheme, _host(found["host"], found.get("port"), _DEFAULT_PORTS[scheme]), _path(found["path"]))


# A TronadorConfig may name hundreds, and each is compared with many repositories.
@lru_cache(maxsize=4096)
def parse_prefix(text: str) -> str:
    """Return a prefix of locations (`host`, `host/org` or deeper) in normal form. Raises ValueError if invalid."""
    host, _, path = text.partition("/")
    match = re.fullmatch(_AUTHORITY, host)
    try:
        if match is None or not (path == "" or re.fullmatch(_PATH, path)):
            raise ValueError
        name = _host(match["host"], match["port"], 0)
        return f"{name}/{_path(path)}" if path else name
    except ValueError:
        raise ValueError(f"{text!r} is not a repository prefix: use host or host/org, without https://") from None


def find(text: str) -> GitURL | None:
    """Return the location that a URL or `host/path` leads to, or None if it is neither."""
    for url in (text, f"https://{text}"):
        try:
            return parse(url)
        except ValueError:
            continue
    return None


def masked(text: str) -> str:
    """Return `text` without anything that may be a password in a URL. For messages, which many people can read."""
    return _QUERY.sub("?***", _USER_INFO.sub(r"\1***@", text))


def without_user(url: str) -> str:
    """Return `url` without user and password. Returns "" if it has neither, or the result is not accepted."""
    clean = _HTTP_USER.sub(r"\1", url)
    try:
        parse(clean)
    except ValueError:
        return ""
    return clean if clean != url else ""


def _host(host: str, port: str | None, default_port: int) -> str:
    host = host.lower()
    if host.startswith("["):
        try:
            host = f"[{ipaddress.IPv6Address(host[1:-1]).compressed}]"
        except ValueError:
            raise ValueError("invalid IPv6 address") from None
    else:
        # A name with a dot at its end is the same host.
        host = host.removesuffix(".")
        if not _HOST.fullmatch(host):
            raise ValueError("invalid host name")
    if port is None or int(port) == default_port:
        return host
    if not 0 < int(port) < 65536:
        raise ValueError("invalid port")
    return f"{host}:{int(port)}"


def _path(path: str) -> str:
    for escape in _ESCAPE.finditer(path):
        if escape[1] is None or _NEEDLESSLY_ESCAPED.match(chr(int(escape[1], 16))):
            raise ValueError("do not escape slashes in the path, or characters that need no escape")
    segments = path.removesuffix("/").split("/")
    if segments[0].startswith("-") or not {"", ".", ".."}.isdisjoint(segments):
        raise ValueError("remove '.', '..' and empty segments from the path")
    last = segments[-1]
    segments[-1] = last.removesuffix(".git") or last
    return unquote("/".join(segments))
