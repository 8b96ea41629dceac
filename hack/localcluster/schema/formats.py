"""The string formats that are checked; every other name is ignored.

A real server checks some more: colours, ISBNs, numbers of credit cards, addresses of network cards.

Source: k8s.io/kube-openapi, package validation/strfmt, and the list in k8s.io/apiextensions-apiserver, validation.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import email.utils
import ipaddress
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

import re2

FormatCheck = Callable[[str], bool]

_UUID = re2.compile("(?i)^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$")
_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SHORT_NAME = re2.compile(f"^{_LABEL}$")
_LONG_NAME = re2.compile(f"^{_LABEL}(\\.{_LABEL})*$")
_TIME = re2.compile(r"^([0-9]{2}):([0-9]{2}):([0-9]{2})(.[0-9]+)?(z|([+-][0-9]{2}:[0-9]{2}))$")
_HOSTNAME = re2.compile(
    r"^([a-zA-Z0-9\p{S}\p{L}]((-?[a-zA-Z0-9\p{S}\p{L}]{0,62})?)"
    r"|([a-zA-Z0-9\p{S}\p{L}](([a-zA-Z0-9-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?)(\.)){1,}([a-zA-Z\p{L}]){2,63})$"
)
_GO_DURATION = re2.compile(
    r"^[-+]?(0|([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)"
    r"(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))*)$"
)
_LOOSE_DURATION = re2.compile(r"(\d+)\s*([A-Za-zµ]+)")
_DURATION_UNITS = ("ns", "us", "µs", "ms", "s", "m", "h", "hr", "d", "w", "wk")
_DURATION_PREFIXES = ("nano", "micro", "milli", "sec", "min", "hour", "day", "week")


def _is_date(text: str) -> bool:
    try:
        return len(text) == 10 and dt.date.fromisoformat(text) is not None
    except ValueError:
        return False


def _is_datetime(text: str) -> bool:
    day, separator, rest = text.lower().partition("t")
    if not separator or not _is_date(day):
        return False
    found = _TIME.search(rest.split("t")[0])
    return bool(found) and found[1] <= "23" and found[2] <= "59" and found[3] <= "59"


def is_duration(text: str) -> bool:
    """Go's durations, and Scala's (`3 days`)."""
    if _GO_DURATION.search(text):
        return True
    units = [unit.lower() for _, unit in _LOOSE_DURATION.findall(text)]
    return any(unit in _DURATION_UNITS or unit.startswith(_DURATION_PREFIXES) for unit in units)


def _is_hostname(text: str) -> bool:
    labels = text.split(".")
    return (
        _HOSTNAME.search(text) is not None and len(text.encode()) <= 255 and all(len(x.encode()) <= 63 for x in labels)
    )


def _is_uri(text: str) -> bool:
    """A request URI: an absolute path or an absolute URL, without a fragment's help."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return (
        bool(text) and (text.startswith("/") or bool(parts.scheme)) and not any(c <= " " or c == "\x7f" for c in text)
    )


def _is_email(text: str) -> bool:
    _, address = email.utils.parseaddr(text)
    local, at, domain = address.rpartition("@")
    return bool(at and local and domain) and " " not in address


def _is_ipv4(text: str) -> bool:
    # Leading zeros are tolerated, as by Go before 1.17.
    parts = text.split(".")
    return len(parts) == 4 and all(part.isascii() and part.isdigit() and int(part) <= 255 for part in parts)


def _is_ipv6(text: str) -> bool:
    try:
        return ":" in text and ipaddress.IPv6Address(text) is not None
    except ValueError:
        return False


def _is_cidr(text: str) -> bool:
    address, slash, length = text.partition("/")
    if not slash or not length.isdigit():
        return False
    return (_is_ipv4(address) and int(length) <= 32) or (_is_ipv6(address) and int(length) <= 128)


def _is_base64(text: str) -> bool:
    try:
        return bool(text) and base64.b64decode(text, validate=True) is not None
    except (binascii.Error, ValueError):
        return False


_CHECKS: Mapping[str, FormatCheck] = {
    "byte": _is_base64,
    "cidr": _is_cidr,
    "date": _is_date,
    "datetime": _is_datetime,
    "duration": is_duration,
    "email": _is_email,
    "hostname": _is_hostname,
    "ipv4": _is_ipv4,
    "ipv6": _is_ipv6,
    "k8slongname": lambda text: len(text) <= 253 and _LONG_NAME.search(text) is not None,
    "k8sshortname": lambda text: len(text) <= 63 and _SHORT_NAME.search(text) is not None,
    "password": lambda text: True,
    "uri": _is_uri,
    "uuid": lambda text: _UUID.search(text) is not None,
}


def format_check(name: str) -> FormatCheck | None:
    """Return the check of a format, or None for a format that is ignored. Dashes in names do not count."""
    return _CHECKS.get(name.replace("-", ""))
