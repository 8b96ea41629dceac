"""Makes the words of kubelets, registries and authors fit for a status.

A status must not change while nothing happens, so what differs from one look to the next is removed: times, addresses,
identifiers, and the random parts of names. A status is also read by more people than a Secret is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from controller.apimachinery import objects

# Characters: enough for each message of a kubelet. A registry, or who writes an Event, can say much more, and patterns
# take more than linear time.
_LOOKED_AT: Final = 2048
_HIDDEN: Final = "***"

_HOLDER: Final = (
    r"[\w-]*(?:pass(?:word|wd|phrase)?|pwd|secret|token|(?:api|access|account)[-_]?key|signature|credentials?)[\w-]*"
)
_SECRETS: Final = (
    # The user and the password of a URL, and of a name that only looks like one. A digest (name:tag@sha256:) stays.
    (re.compile(r"(?<=://)[^\s/\"']{1,256}@"), f"{_HIDDEN}@"),
    (re.compile(r"(?<![^\s\"'(=])[^\s/@\"'=:]{1,256}:[^\s/@\"']{1,256}@(?!sha\d)"), f"{_HIDDEN}@"),
    # The query of a URL holds tokens and signatures.
    (re.compile(r"(https?://[^\s\"'?#]{1,512})[?#][^\s\"']*?(?=[:,.;)\]]*(?:[\s\"']|$))"), r"\1"),
    (re.compile(r"(?i)\b(bearer|basic|authorization:\s*token)\s+[\w.~+/-]{8,}=*"), rf"\1 {_HIDDEN}"),
    (re.compile(rf"(?i)({_HOLDER}[\"']?(?:=|:(?=[\"'\w])))(\"[^\"]*\"|'[^']*'|[^\s,;&\"']+)"), rf"\1{_HIDDEN}"),
    # `auth` in the configuration of Docker is user and password in base64.
    (re.compile(rf"(?i)([\"'](?:auth|{_HOLDER})[\"']\s*:\s*)(\"[^\"]*\"|'[^']*')"), rf"\1{_HIDDEN}"),
    (re.compile(r"\b(?:eyJ[\w-]{8,}(?:\.[\w-]*){1,2}|(?:AKIA|ASIA)[A-Z0-9]{16})"), _HIDDEN),
    (re.compile(r"\b(?:gh[pousr]_|github_pat_|gl[a-z]{2,6}-|xox[a-z]-|dckr_pat_|npm_|pypi-)[\w-]{8,}"), _HIDDEN),
    (re.compile(r"\b(?:ya29|hv[sbr])\.[\w-]{8,}"), _HIDDEN),
    # Long random text. Names in Kubernetes have no capitals, and the tag of an image follows a colon.
    (re.compile(r"(?<![\w/.:-])(?=[\w+-]*[A-Z])(?=[\w+-]*[a-z])(?=[\w+-]*\d)[\w+-]{32,}=*"), _HIDDEN),
)
_UNSTABLE: Final = (
    (re.compile(r"\b(sha256:[0-9a-f]{12})[0-9a-f]{52}\b"), r"\1"),
    (re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b"), "…"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z| ?[+-]\d\d:?\d\d)?(?: UTC)?"), "…"),
    # One connection has a port of its own at our end.
    (re.compile(r"\b(?:read|write) (?:tcp|udp) \S+->\S+: "), ""),
    (re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]*[.\w])"), "IP"),
    (re.compile(r"\[[0-9a-fA-F]*:[0-9a-fA-F:.]*:[0-9a-fA-F.]*\]"), "IP"),
    (re.compile(r"(?<![\w.:=/-])(?:\d+h)?(?:\d+m)?\d+(?:\.\d+)?(?:s|ms|µs)(?![\w-])"), "some time"),
    (re.compile(r", unattached volumes=\[[^\]]*\]"), ""),
)
_NAME: Final = re.compile(r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?")


def clean(text: str, names: Mapping[str, str]) -> str:
    """Return a text of others as one line, without secrets and without what changes from look to look.

    Args:
        text: the words of others.
        names: by name of a Pod, the name of its workload, which takes its place.
    """
    line = printable(text)
    for pattern, replacement in (*_SECRETS, *_UNSTABLE):
        line = pattern.sub(replacement, line)
    return _NAME.sub(lambda found: names.get(found[0], found[0]), line)


def printable(text: str) -> str:
    """Return the beginning of a text as one line, without characters that control a terminal or cannot be seen."""
    return " ".join("".join(char if char.isprintable() else " " for char in text[:_LOOKED_AT]).split())


def said(state: Mapping[str, Any]) -> str:
    """Return the beginning of the message of a status, a condition or an Event as one line, or ""."""
    return " ".join(objects.text(state.get("message"))[:_LOOKED_AT].split())


def cut(text: str, limit: int) -> str:
    """Return a text of at most `limit` characters; one that was cut ends with an ellipsis."""
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def sentence(*parts: str) -> str:
    """Return the parts that are not empty, joined by colons and ended by a full stop."""
    text = ": ".join(part.strip(" :") for part in parts if part.strip(" :"))
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."
