"""Makes names that Kubernetes and Helm accept (RFC 1123 labels) out of other texts, a different one for each text.

A text that is already a valid name is kept. A text that has to be changed (letters, other characters, length) gets 10
hex digits of its SHA-256 at the end, so that `feat/x` and `feat-x` differ. A text that already ends like that gets them
too, so that an author cannot choose a name that belongs to another text.
"""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Iterable

DNS_LABEL_LIMIT = 63
# Helm reserves 10 of the 63 characters for the revision at the end of its storage object's name.
RELEASE_NAME_LIMIT = 53
DEFAULT_NAME_TEMPLATE = "{repo}-{pr}"
_HASH_DIGITS = 10
# Charts use a release's name without quotes, and YAML 1.1 reads these words as booleans and null.
_YAML_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})
# The prefix of a release's name that would otherwise begin with a digit.
_RELEASE_PREFIX = "r-"
_ENDS_IN_HASH = re.compile(rf"(^|-)[0-9a-f]{{{_HASH_DIGITS}}}$")
# The number of the pull request must be recognizable, so no other digit may be next to it.
_NAME_TEMPLATE = re.compile(
    r"([a-z0-9][-a-z0-9]*-)?(\{repo\}-([-a-z0-9]*-)?\{pr\}|\{pr\}-([-a-z0-9]*-)?\{repo\})(-[-a-z0-9]*[a-z0-9])?"
)
_TEMPLATE_LIMIT = 32
_DNS_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_LABEL_NAME = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_DNS_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")


def is_dns_label(text: str, *, limit: int = DNS_LABEL_LIMIT) -> bool:
    """Whether `text` is an RFC 1123 label of at most `limit` characters."""
    return len(text) <= limit and _DNS_LABEL.fullmatch(text) is not None


def is_dns_subdomain(text: str) -> bool:
    """Whether `text` is a valid name of an object, such as a Secret: RFC 1123 labels separated by dots."""
    return len(text) <= 253 and _DNS_SUBDOMAIN.fullmatch(text) is not None


def is_label_key(text: str) -> bool:
    """Whether `text` is a valid label key: `name` or `prefix/name`."""
    prefix, slash, name = text.rpartition("/")
    if slash and not is_dns_subdomain(prefix):
        return False
    return len(name) <= 63 and _LABEL_NAME.fullmatch(name) is not None


def is_label_value(text: str) -> bool:
    """Whether `text` is a valid label value."""
    return text == "" or (len(text) <= 63 and _LABEL_NAME.fullmatch(text) is not None)


def shorten(text: str, *, limit: int) -> str:
    """Return `text` if it fits into `limit`; otherwise its beginning, a dash and 10 hex digits of its SHA-256."""
    if len(text) <= limit:
        return text
    return f"{text[: limit - _HASH_DIGITS - 1]}-{_digest(text)}"


def conform(text: str, *, limit: int = DNS_LABEL_LIMIT) -> str:
    """Return `text` if it is an RFC 1123 label of at most `limit` characters; otherwise a unique label for it."""
    if _keeps(text, limit):
        return text
    return _join(_plain(text)[: limit - _HASH_DIGITS - 1].rstrip("-"), _digest(text))


def environment_name(repository: str, number: int, *, template: str = DEFAULT_NAME_TEMPLATE) -> str:
    """Return the name of a pull request's environment and of its namespace.

    Args:
        repository: the bare name, which may contain any characters.
        number: the number of the pull request.
        template: see `is_name_template`.
    """
    text = template.format(repo=repository, pr=number)
    if _keeps(text, DNS_LABEL_LIMIT):
        return text
    # If the name is too long, the end of the repository's name is cut, because people look for the number.
    room = DNS_LABEL_LIMIT - _HASH_DIGITS - 1 - len(template.format(repo="", pr=number))
    cut = template.format(repo=_plain(repository)[:room].strip("-"), pr=number)
    return _join(cut.strip("-"), _digest(text))


def is_name_template(text: str) -> bool:
    """Whether `text` is a valid template: short, with a-z, 0-9, -, and `{repo}` and `{pr}` once, a dash between."""
    return len(text) <= _TEMPLATE_LIMIT and _NAME_TEMPLATE.fullmatch(text) is not None


def release_name(branch: str) -> str:
    """Return the name of a branch's Helm release. It begins with a letter, and YAML reads it as a string.

    Charts use this name. Before Kubernetes 1.36 the name of a Service must begin with a letter. And in a chart that
    does not quote the name, `123`, `1e5` and `0x1f` would be numbers, `2024-01-01` a date, and `yes` a boolean.
    """
    name = former_release_name(branch)
    if not name[0].isdigit() and name not in _YAML_WORDS:
        return name
    room = RELEASE_NAME_LIMIT - _HASH_DIGITS - 1
    plain = _plain(branch)
    if not plain[:1].isalpha():
        plain = _RELEASE_PREFIX + plain
    return _join(plain[:room].rstrip("-"), _digest(branch))


def former_release_name(branch: str) -> str:
    """Return the name by the rules before those for digits and YAML. A running release keeps such a name."""
    return conform(branch, limit=RELEASE_NAME_LIMIT)


def label_value(text: str) -> str:
    """Return `text` in lower case as the value of a label, with `_` for `/`; a different value for each such text.

    A value that had to be changed otherwise ends in the hash of the text.
    """
    lower = text.lower()
    plain = lower.replace("/", "_")
    if "_" not in lower and is_label_value(plain) and not _ENDS_IN_HASH.search(plain):
        return plain
    cut = re.sub(r"[^a-z0-9._-]", "-", plain)[: DNS_LABEL_LIMIT - _HASH_DIGITS - 1].strip("._-")
    return _join(cut, _digest(lower))


def matches_any(text: str, globs: Iterable[str]) -> str | None:
    """Return the first of the shell-style `globs` that matches the whole `text`, or None."""
    for glob in globs:
        if fnmatch.fnmatchcase(text, glob):
            return glob
    return None


def _keeps(text: str, limit: int) -> bool:
    return is_dns_label(text, limit=limit) and _ENDS_IN_HASH.search(text) is None


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _join(text: str, digest: str) -> str:
    return f"{text}-{digest}" if text else digest


def _digest(text: str) -> str:
    # A command-line argument may contain bytes that are not Unicode. Their surrogates are hashed too.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_DIGITS]
