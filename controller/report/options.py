"""The options of `tronador report` about feedback. The other ones are those of every controller."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from controller.apimachinery import giturls, names
from controller.apimachinery.optionkinds import DURATION, NUMBER
from controller.apimachinery.options import Kind, option

CHANNELS: Final = ("comment", "status", "deployment")
_CONTEXT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/()-]{0,99}")


def _folders(text: str) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for part in filter(None, map(str.strip, text.split(","))):
        prefix, equals, folder = part.partition("=")
        if not equals or not folder:
            raise ValueError(f"{part!r} names no folder: write host/org=FOLDER")
        found[giturls.parse_prefix(prefix).lower()] = folder
    return found


def _show_folders(folders: Mapping[str, str]) -> str:
    return ",".join(f"{prefix}={folder}" for prefix, folder in folders.items())


def _channels(text: str) -> tuple[str, ...]:
    chosen = tuple(part.strip() for part in text.split(",") if part.strip())
    if unknown := [part for part in chosen if part not in CHANNELS]:
        raise ValueError(f"{unknown[0]!r} is unknown: use some of {','.join(CHANNELS)}")
    return chosen


def _context(text: str) -> str:
    if not _CONTEXT.fullmatch(text):
        raise ValueError(f"{text!r} is not a valid context: use at most 100 letters, digits, and -._/()")
    return text


def _cluster(text: str) -> str:
    if not names.is_dns_label(text):
        raise ValueError(f"{text!r} is not a valid name: use at most 63 lower case letters, digits and '-'")
    return text


FOLDERS: Final[Kind[Mapping[str, str]]] = Kind(
    _folders, _show_folders, "HOST/ORG=FOLDER,...", "host/org prefixes with a folder each"
)
_CHANNELS: Final[Kind[tuple[str, ...]]] = Kind(
    _channels, ",".join, "CHANNEL,...", "some of `comment,status,deployment`"
)
_STATUS_CONTEXT: Final[Kind[str]] = Kind(_context, str, "TEXT", "text")
_CLUSTER: Final[Kind[str]] = Kind(_cluster, str, "NAME", "name")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedbackOptions:
    """Where feedback goes, and how much. Durations are in seconds."""

    credentials: Mapping[str, str] = option(
        FOLDERS,
        {},
        "where feedback may be written: prefixes of repositories, such as github.com/org, each with a folder (a "
        "mounted Secret) that holds `token`, or `app-id` and `app-key` of a GitHub App; the longest prefix decides",
    )
    cluster: str = option(
        _CLUSTER, "default", "name of this cluster, if several clusters report to the same pull requests"
    )
    channels: tuple[str, ...] = option(_CHANNELS, CHANNELS, "what to write", name="feedback")
    status_context: str = option(_STATUS_CONTEXT, "tronador/preview", "context of the commit status")
    edit_interval: float = option(DURATION, 10.0, "shortest time between two edits of one comment", least=0)
    writes_per_minute: int = option(NUMBER, 60, "writes per minute with one set of credentials", least=1)
    writes_per_hour: int = option(NUMBER, 400, "writes per hour with one set of credentials", least=1)
    scm_timeout: float = option(DURATION, 30.0, "longest time that GitHub or GitLab may take for an answer", least=0.1)
    scm_max_backoff: float = option(
        DURATION, 300.0, "longest pause before GitHub or GitLab is asked again after a failure", least=0.01
    )
