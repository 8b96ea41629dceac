"""What Kubernetes accepts as a name, and how it says what is wrong with one.

Each check returns the complaints, in order; an empty list means the name is fine.

Source: k8s.io/apimachinery, package util/validation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import re2

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_LABEL_1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_QUALIFIED = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_LABEL_WORDS = (
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end "
    "with an alphanumeric character"
)
_SUBDOMAIN_WORDS = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character"
)
_LABEL_1035_WORDS = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character"
)
_QUALIFIED_WORDS = (
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
)
_VALUE_WORDS = (
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and "
    "end with an alphanumeric character"
)


def is_dns1123_label(name: str) -> list[str]:
    """At most 63 of a-z, 0-9 and dashes inside."""
    return _check(name, 63, "characters", _LABEL, _LABEL_WORDS, "my-name", "123-abc")


def is_dns1123_subdomain(name: str) -> list[str]:
    """At most 253, labels joined by dots."""
    return _check(name, 253, "characters", _SUBDOMAIN, _SUBDOMAIN_WORDS, "example.com")


def is_dns1035_label(name: str) -> list[str]:
    """As a DNS-1123 label, but begun by a letter."""
    return _check(name, 63, "characters", _LABEL_1035, _LABEL_1035_WORDS, "my-name", "abc-123")


def is_qualified_name(name: str) -> list[str]:
    """A label key: an optional DNS prefix and a slash, then a name."""
    parts = name.split("/")
    problems: list[str] = []
    if len(parts) == 2:
        prefix, name = parts
        if not prefix:
            problems.append("prefix part must be non-empty")
        else:
            problems += [f"prefix part {text}" for text in is_dns1123_subdomain(prefix)]
    elif len(parts) > 2:
        words = _regex_words(_QUALIFIED_WORDS, _QUALIFIED, "MyName", "my.name", "123-abc")
        return [f"a qualified name {words} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"]
    if not name:
        problems.append("name part must be non-empty")
    elif len(name) > 63:
        problems.append("name part must be no more than 63 bytes")
    if not re2.fullmatch(_QUALIFIED, name):
        problems.append("name part " + _regex_words(_QUALIFIED_WORDS, _QUALIFIED, "MyName", "my.name", "123-abc"))
    return problems


def is_label_value(value: str) -> list[str]:
    """At most 63; may be empty."""
    return _check(value, 63, "bytes", f"({_QUALIFIED})?", _VALUE_WORDS, "MyValue", "my_value", "12345")


def _check(name: str, limit: int, unit: str, pattern: str, words: str, *examples: str) -> list[str]:
    problems = []
    if len(name) > limit:
        problems.append(f"must be no more than {limit} {unit}")
    if not re2.fullmatch(pattern, name):
        problems.append(_regex_words(words, pattern, *examples))
    return problems


def _regex_words(words: str, pattern: str, *examples: str) -> str:
    shown = ",  or ".join(f"'{example}'" for example in examples)
    return f"{words} (e.g. {shown}, regex used for validation is '{pattern}')"


def _prefix(check: Callable[[str], list[str]]) -> Callable[[str], list[str]]:
    """The same for a generateName: a dash at its end is fine, for more will follow."""
    return lambda name: check(name[:-2] + "a" if len(name) > 1 and name.endswith("-") else name)


NAME_CHECKS: Mapping[str, Callable[[str], list[str]]] = {
    "dns1123Label": is_dns1123_label,
    "dns1123Subdomain": is_dns1123_subdomain,
    "dns1035Label": is_dns1035_label,
    "qualifiedName": is_qualified_name,
    "dns1123LabelPrefix": _prefix(is_dns1123_label),
    "dns1123SubdomainPrefix": _prefix(is_dns1123_subdomain),
    "dns1035LabelPrefix": _prefix(is_dns1035_label),
    "labelValue": is_label_value,
}
"""The checks by the names that CEL's `format.named()` knows."""
