"""The string formats that the API server checks; it ignores every other format name.

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

_HEX = "[0-9a-f]"
_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SHORT_NAME = re2.compile(f"^{_LABEL}$")
_LONG_NAME = re2.compile(f"^{_LABEL}(\\.{_LABEL})*$")


def _matches(pattern: str) -> FormatCheck:
    compiled = re2.compile(pattern)
    return lambda text: compiled.search(text) is not None


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


def _is_isbn10(text: str) -> bool:
    digits = text.replace("-", "").replace(" ", "")
    if not re2.search(r"^[0-9]{9}[0-9X]$", digits):
        return False
    return sum((10 - i) * (10 if c == "X" else int(c)) for i, c in enumerate(digits)) % 11 == 0


def _is_isbn13(text: str) -> bool:
    digits = text.replace("-", "").replace(" ", "")
    if not re2.search(r"^[0-9]{13}$", digits):
        return False
    return sum(int(c) * (3 if i % 2 else 1) for i, c in enumerate(digits)) % 10 == 0


def _is_credit_card(text: str) -> bool:
    digits = "".join(c for c in text if c.isdigit())
    if not _CREDIT_CARD.search(digits):
        return False
    doubled = [int(c) * 2 if i % 2 else int(c) for i, c in enumerate(reversed(digits))]
    return sum(n - 9 if n > 9 else n for n in doubled) % 10 == 0


_CREDIT_CARD = re2.compile(
    r"^(?:4[0-9]{12}(?:[0-9]{3})?|5[1-5][0-9]{14}|6(?:011|5[0-9][0-9])[0-9]{12}|3[47][0-9]{13}"
    r"|3(?:0[0-5]|[68][0-9])[0-9]{11}|(?:2131|1800|35\d{3})\d{11})$"
)


def _uuid(version: str, variant: str) -> FormatCheck:
    return _matches(f"(?i)^{_HEX}{{8}}-?{_HEX}{{4}}-?{version}-?{variant}-?{_HEX}{{12}}$")


_CHECKS: Mapping[str, FormatCheck] = {
    "byte": _is_base64,
    "bsonobjectid": _matches("^[0-9a-fA-F]{24}$"),
    "cidr": _is_cidr,
    "creditcard": _is_credit_card,
    "date": _is_date,
    "datetime": _is_datetime,
    "duration": is_duration,
    "email": _is_email,
    "hexcolor": _matches("^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$"),
    "hostname": _is_hostname,
    "ipv4": _is_ipv4,
    "ipv6": _is_ipv6,
    "isbn": lambda text: _is_isbn10(text) or _is_isbn13(text),
    "isbn10": _is_isbn10,
    "isbn13": _is_isbn13,
    "k8slongname": lambda text: len(text) <= 253 and _LONG_NAME.search(text) is not None,
    "k8sshortname": lambda text: len(text) <= 63 and _SHORT_NAME.search(text) is not None,
    "mac": _matches("^([0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}$|^([0-9a-fA-F]{4}\\.){2}[0-9a-fA-F]{4}$"),
    "password": lambda text: True,
    "rgbcolor": _matches(
        r"^rgb\(\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*,"
        r"\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*\)$"
    ),
    "ssn": _matches(r"^\d{3}[- ]?\d{2}[- ]?\d{4}$"),
    "uri": _is_uri,
    "uuid": _uuid(f"{_HEX}{{4}}", f"{_HEX}{{4}}"),
    "uuid3": _uuid(f"3{_HEX}{{3}}", f"{_HEX}{{4}}"),
    "uuid4": _uuid(f"4{_HEX}{{3}}", f"[89ab]{_HEX}{{3}}"),
    "uuid5": _uuid(f"5{_HEX}{{3}}", f"[89ab]{_HEX}{{3}}"),
}


def format_check(name: str) -> FormatCheck | None:
    """The check of a format, or None if the server has none of that name. Dashes in names do not count."""
    return _CHECKS.get(name.replace("-", ""))
