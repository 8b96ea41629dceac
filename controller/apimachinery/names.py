"""Names that Kubernetes and Helm accept (RFC 1123 labels) and how long ones are cut without two becoming one."""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Iterable

DNS_LABEL_LIMIT = 63
# Helm keeps 10 characters of the 63 for the revision's suffix of its storage object.
RELEASE_NAME_LIMIT = 53
_HASH_DIGITS = 10
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LABEL_NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_DNS_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def is_dns_label(text: str, *, limit: int = DNS_LABEL_LIMIT) -> bool:
    """Whether `text` is an RFC 1123 label of at most `limit` characters."""
    return len(text) <= limit and _DNS_LABEL.fullmatch(text) is not None


def is_dns_subdomain(text: str) -> bool:
    """Whether `text` may be the name of an object, a Secret's for one: RFC 1123 labels with dots between them."""
    return len(text) <= 253 and _DNS_SUBDOMAIN.fullmatch(text) is not None


def is_label_key(text: str) -> bool:
    """Whether `text` may be the key of a label: `name` or `prefix/name`."""
    prefix, slash, name = text.rpartition("/")
    if slash and not is_dns_subdomain(prefix):
        return False
    return len(name) <= 63 and _LABEL_NAME.fullmatch(name) is not None


def is_label_value(text: str) -> bool:
    """Whether `text` may be the value of a label."""
    return text == "" or (len(text) <= 63 and _LABEL_NAME.fullmatch(text) is not None)


def shorten(text: str, *, limit: int) -> str:
    """`text`, or where it is longer than `limit`: its beginning, a dash and 10 hex digits of its SHA-256."""
    if len(text) <= limit:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:_HASH_DIGITS]
    return f"{text[: limit - _HASH_DIGITS - 1]}-{digest}"


def matches_any(text: str, globs: Iterable[str]) -> str | None:
    """The first of the shell-style `globs` that matches the whole of `text`, or None."""
    return next((glob for glob in globs if fnmatch.fnmatchcase(text, glob)), None)
