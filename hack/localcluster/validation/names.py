"""The syntax of names, label keys and values, and the error messages about them.

Each function takes a value and returns the list of its errors. Source: k8s.io/apimachinery, util/validation
(which counts characters) and api/validate/content (which says bytes).
"""

from __future__ import annotations

import re
from collections.abc import Callable

NameCheck = Callable[[str], list[str]]

_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN = rf"{_LABEL}(\.{_LABEL})*"
_DNS1035 = "[a-z]([-a-z0-9]*[a-z0-9])?"
_KEY = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_CONFIG_KEY = "[-._a-zA-Z0-9]+"
_LABEL_ENDS = "and must start and end with an alphanumeric character"
_LABEL_TEXT = f"a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', {_LABEL_ENDS}"
_SUBDOMAIN_TEXT = (
    f"a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', {_LABEL_ENDS}"
)
_DNS1035_TEXT = (
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, "
    "and end with an alphanumeric character"
)
_KEY_TEXT = f"must consist of alphanumeric characters, '-', '_' or '.', {_LABEL_ENDS}"


def _mismatch(text: str, pattern: str, *examples: str) -> str:
    shown = " or ".join(f"'{example}', " for example in examples)
    return f"{text} (e.g. {shown}regex used for validation is '{pattern}')"


def dns1123_label(value: str) -> list[str]:
    """Names of namespaces and the like."""
    wrong = ["must be no more than 63 characters"] if len(value) > 63 else []
    if not re.fullmatch(_LABEL, value):
        if re.fullmatch(_SUBDOMAIN, value):
            wrong.append("must not contain dots")
        else:
            wrong.append(_mismatch(_LABEL_TEXT, _LABEL, "my-name", "123-abc"))
    return wrong


def dns1035_label(value: str) -> list[str]:
    """Names of services."""
    wrong = ["must be no more than 63 characters"] if len(value) > 63 else []
    if not re.fullmatch(_DNS1035, value):
        wrong.append(_mismatch(_DNS1035_TEXT, _DNS1035, "my-name", "abc-123"))
    return wrong


def dns1123_subdomain(value: str) -> list[str]:
    """Names of most objects."""
    return _subdomain(value, "characters")


def _subdomain(value: str, unit: str) -> list[str]:
    wrong = [f"must be no more than 253 {unit}"] if len(value) > 253 else []
    if not re.fullmatch(_SUBDOMAIN, value):
        wrong.append(_mismatch(_SUBDOMAIN_TEXT, _SUBDOMAIN, "example.com"))
    return wrong


def path_segment(value: str) -> list[str]:
    """The least any name must satisfy (roles and bindings need no more)."""
    if value in (".", ".."):
        return [f"may not be '{value}'"]
    return [f"may not contain '{char}'" for char in "/%" if char in value]


def qualified_name(value: str) -> list[str]:
    """Label keys, annotation keys, finalizers: a name with an optional DNS prefix."""
    wrong: list[str] = []
    prefix, slash, name = value.rpartition("/")
    if value.count("/") > 1:
        text = _mismatch(_KEY_TEXT, _KEY, "MyName", "my.name", "123-abc")
        return [f"a valid label key {text} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"]
    if slash and not prefix:
        wrong.append("prefix part must be non-empty")
    elif slash:
        wrong += [f"prefix part {text}" for text in _subdomain(prefix, "bytes")]
    if not name:
        wrong.append("name part must be non-empty")
    elif len(name) > 63:
        wrong.append("name part must be no more than 63 bytes")
    if not re.fullmatch(_KEY, name):
        wrong.append("name part " + _mismatch(_KEY_TEXT, _KEY, "MyName", "my.name", "123-abc"))
    return wrong


def label_value(value: str) -> list[str]:
    """Values of labels."""
    wrong = ["must be no more than 63 bytes"] if len(value) > 63 else []
    if not re.fullmatch(f"({_KEY})?", value):
        text = f"a valid label must be an empty string or consist of {_KEY_TEXT.removeprefix('must consist of ')}"
        wrong.append(_mismatch(text, f"({_KEY})?", "MyValue", "my_value", "12345"))
    return wrong


def config_key(value: str) -> list[str]:
    """Keys of ConfigMaps and Secrets."""
    wrong = ["must be no more than 253 characters"] if len(value) > 253 else []
    if not re.fullmatch(_CONFIG_KEY, value):
        text = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'"
        wrong.append(_mismatch(text, _CONFIG_KEY, "key.name", "KEY_NAME", "key-name"))
    if value == ".":
        wrong.append("must not be '.'")
    elif value == "..":
        wrong.append("must not be '..'")
    elif value.startswith(".."):
        wrong.append("must not start with '..'")
    return wrong
