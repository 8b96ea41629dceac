"""Names that Kubernetes and Helm accept (RFC 1123 labels), and how other texts become names without two becoming one.

A text that is a name already stays as it is. Whatever is changed (letters, other characters, length) gets 10 hex digits
of the original's SHA-256 at its end, so that `feat/x` and `feat-x` differ; and a text that already ends like that gets
them too, so that nobody can choose a name that belongs to another text.
"""

from __future__ import annotations

import fnmatch
import hashlib
import re
from collections.abc import Iterable

DNS_LABEL_LIMIT = 63
# Helm keeps 10 characters of the 63 for the revision's suffix of its storage object.
RELEASE_NAME_LIMIT = 53
DEFAULT_NAME_TEMPLATE = "{repo}-{pr}"
_HASH_DIGITS = 10
# Charts write a release's name without quotes, where YAML 1.1 takes these for truth values and null.
_YAML_WORDS = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})
# Stands before a release's name that would otherwise begin with a digit.
_RELEASE_PREFIX = "r-"
_ENDS_IN_HASH = re.compile(rf"(^|-)[0-9a-f]{{{_HASH_DIGITS}}}$")
# The number of a pull request is what stands out in a name, so no other digit may touch it.
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
    return f"{text[: limit - _HASH_DIGITS - 1]}-{_digest(text)}"


def conform(text: str, *, limit: int = DNS_LABEL_LIMIT) -> str:
    """An RFC 1123 label of at most `limit` characters that is no other text's; `text` itself where it is one."""
    if _keeps(text, limit):
        return text
    return _join(_plain(text)[: limit - _HASH_DIGITS - 1].rstrip("-"), _digest(text))


def environment_name(repository: str, number: int, *, template: str = DEFAULT_NAME_TEMPLATE) -> str:
    """The name of a pull request's environment, and of its namespace.

    Args:
        repository: bare name, of whatever characters.
        number: the pull request's.
        template: see `is_name_template`.
    """
    text = template.format(repo=repository, pr=number)
    if _keeps(text, DNS_LABEL_LIMIT):
        return text
    # Where something has to go it is the repository's end: the number is what people look for.
    room = DNS_LABEL_LIMIT - _HASH_DIGITS - 1 - len(template.format(repo="", pr=number))
    cut = template.format(repo=_plain(repository)[:room].strip("-"), pr=number)
    return _join(cut.strip("-"), _digest(text))


def is_name_template(text: str) -> bool:
    """Whether `text` is short and has `{repo}` and `{pr}` once each, with a dash between them, among a-z, 0-9 and -."""
    return len(text) <= _TEMPLATE_LIMIT and _NAME_TEMPLATE.fullmatch(text) is not None


def release_name(branch: str) -> str:
    """The name of the Helm release of a branch, as charts can take it: it begins with a letter and is a text in YAML.

    A Service's name has to begin with a letter on clusters before Kubernetes 1.36; and a chart that writes the name
    without quotes would have a number of `123`, `1e5` or `0x1f`, a date of `2024-01-01` and a truth value of `yes`.
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
    """The name before `release_name` had rules about digits and YAML: a release keeps it for as long as it runs."""
    return conform(branch, limit=RELEASE_NAME_LIMIT)


def matches_any(text: str, globs: Iterable[str]) -> str | None:
    """The first of the shell-style `globs` that matches the whole of `text`, or None."""
    return next((glob for glob in globs if fnmatch.fnmatchcase(text, glob)), None)


def _keeps(text: str, limit: int) -> bool:
    return is_dns_label(text, limit=limit) and _ENDS_IN_HASH.search(text) is None


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _join(text: str, digest: str) -> str:
    return f"{text}-{digest}" if text else digest


def _digest(text: str) -> str:
    # An argument of a command need not be Unicode; what stands for its odd bytes is hashed like any other character.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:_HASH_DIGITS]
