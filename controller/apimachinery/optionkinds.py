"""The forms in which values of options are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from controller.apimachinery import durations, giturls, names, placeholders, selectors, weburls
from controller.apimachinery.options import Kind


def _integer(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a whole number") from None


def _boolean(text: str) -> bool:
    known = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
    if (word := text.strip().lower()) not in known:
        raise ValueError(f"{text!r} is neither true nor false")
    return known[word]


def _list(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _labels(text: str) -> Mapping[str, str]:
    labels = {}
    for part in _list(text):
        name, equals, value = part.partition("=")
        if not equals or not names.is_label_key(name) or not names.is_label_value(value):
            raise ValueError(f"{part!r} is not a valid label: write name=value, as Kubernetes does")
        labels[name] = value
    return labels


def _name(text: str) -> str:
    if not names.is_dns_subdomain(text):
        raise ValueError(f"{text!r} is not a valid name of an object: use lower case letters, digits, '-' and '.'")
    return text


def _repositories(text: str) -> tuple[str, ...]:
    for glob in _list(text):
        if "://" in glob or glob.partition("/")[0].lower() != glob.partition("/")[0]:
            raise ValueError(f"{glob!r} does not match any repository: write host/org/*, with a lower-case host")
    return _list(text)


def _prefixes(text: str) -> tuple[str, ...]:
    return tuple(giturls.parse_prefix(part) for part in _list(text))


def _url_template(text: str) -> str:
    # A valid URL with these values is valid with every other name and number.
    known = placeholders.values(name="name", number="1", release="name")
    if text and not weburls.is_valid(placeholders.fill(text, known)):
        names_ = ", ".join(f"{{{{{name}}}}}" for name in placeholders.NAMES)
        raise ValueError(
            f"{text!r} is not a template of URLs: write an https or http URL without a user, with {names_}"
        )
    return text


def _show_labels(labels: Mapping[str, str]) -> str:
    return ",".join(f"{name}={value}" for name, value in labels.items())


TEXT: Final[Kind[str]] = Kind(str, str, "TEXT", "text")
SWITCH: Final[Kind[bool]] = Kind(_boolean, lambda value: str(value).lower(), "BOOL", "`true` or `false`", alone="true")
NUMBER: Final[Kind[int]] = Kind(_integer, str, "NUMBER", "number")
# In seconds.
DURATION: Final[Kind[float]] = Kind(durations.parse, durations.render, "DURATION", "duration")
GLOBS: Final[Kind[tuple[str, ...]]] = Kind(_list, ",".join, "GLOB,...", "patterns")
LABELS: Final[Kind[Mapping[str, str]]] = Kind(_labels, _show_labels, "NAME=VALUE,...", "labels")
NAME: Final[Kind[str]] = Kind(_name, str, "NAME", "name")
REPOSITORIES: Final[Kind[tuple[str, ...]]] = Kind(_repositories, ",".join, "HOST/GLOB,...", "patterns")
PREFIXES: Final[Kind[tuple[str, ...]]] = Kind(_prefixes, ",".join, "HOST/ORG,...", "host/org prefixes")
URL_TEMPLATE: Final[Kind[str]] = Kind(_url_template, str, "URL", "URL with placeholders")
SELECTOR: Final[Kind[str]] = Kind(selectors.canonical, str, "SELECTOR", "label selector")
