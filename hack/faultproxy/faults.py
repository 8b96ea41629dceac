"""The kinds of fault, and the rules that say which requests they affect, as data.

Everything here is checked when it is made, so that a wrong rule is refused where it was written and not in the middle
of a run. Times are in seconds, shares in percent of the requests that match.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar


class Ending(StrEnum):
    """How a watch ends.

    END: the body is completed, as the server does when a watch's time is up. CLOSE: the connection is closed in the
    middle of the body (FIN). RESET: the connection is reset (RST); what the client had not read yet is lost.
    """

    END = "end"
    CLOSE = "close"
    RESET = "reset"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What rules can see of a request. `path` is without the query; `watch` is true for a watch on a list."""

    method: str
    path: str
    user_agent: str = ""
    watch: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A selection of requests; an omitted field matches all.

    Attributes:
        methods: HTTP methods.
        path, user_agent: regular expressions, searched for anywhere in the text.
        watch: True for watches only, False for everything else only.
    """

    methods: tuple[str, ...] = ()
    path: str = ""
    user_agent: str = ""
    watch: bool | None = None

    def __post_init__(self) -> None:
        for pattern in (self.path, self.user_agent):
            try:
                re.compile(pattern)
            except re.error as error:
                raise ValueError(f"{pattern!r} is not a regular expression: {error}") from error

    def meets(self, request: Request) -> bool:
        return (
            (not self.methods or request.method in self.methods)
            and (self.watch is None or self.watch == request.watch)
            and re.search(self.path, request.path) is not None
            and re.search(self.user_agent, request.user_agent) is not None
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Hold the request back for `seconds`, and up to `jitter` seconds more, before it is forwarded."""

    kind: ClassVar[str] = "latency"
    seconds: float
    jitter: float = 0.0

    def __post_init__(self) -> None:
        _check_seconds(seconds=self.seconds, jitter=self.jitter)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Answer in the server's place, which never sees the request: 429 or any 5xx.

    `retry_after` (whole seconds) becomes the header Retry-After; None leaves it out.
    """

    kind: ClassVar[str] = "answer"
    code: int
    retry_after: int | None = None

    def __post_init__(self) -> None:
        if self.code != 429 and not 500 <= self.code <= 599:
            raise ValueError(f"code must be 429 or 5xx, not {self.code}")
        if self.retry_after is not None and (self.retry_after < 0 or self.retry_after != int(self.retry_after)):
            raise ValueError(f"retry_after must be whole seconds, not {self.retry_after}")


@dataclass(frozen=True, slots=True)
class ResetBefore:
    """Reset the connection; the server never sees the request."""

    kind: ClassVar[str] = "reset-before"


@dataclass(frozen=True, slots=True)
class ResetAfter:
    """Let the server do the work, wait for its answer, and reset the connection instead of passing the answer on."""

    kind: ClassVar[str] = "reset-after"


@dataclass(frozen=True, slots=True, kw_only=True)
class DropWatch:
    """End a watch once it has been open for `after` seconds."""

    kind: ClassVar[str] = "watch-drop"
    after: float
    ending: Ending = Ending.END

    def __post_init__(self) -> None:
        _check_seconds(after=self.after)


@dataclass(frozen=True, slots=True)
class HalfOpenWatch:
    """Forward nothing more, not even bookmarks, and keep the connection open. Such a watch never comes back to life:
    lifting the rule helps only watches that are opened afterwards."""

    kind: ClassVar[str] = "watch-half-open"


@dataclass(frozen=True, slots=True, kw_only=True)
class DelayWatch:
    """Deliver every event, and the end of the watch, `seconds` late and in order."""

    kind: ClassVar[str] = "watch-delay"
    seconds: float

    def __post_init__(self) -> None:
        _check_seconds(seconds=self.seconds)


@dataclass(frozen=True, slots=True, kw_only=True)
class CutWatch:
    """Forward `after_lines` lines, then half of the next one, and end the watch."""

    kind: ClassVar[str] = "watch-cut"
    after_lines: int = 0
    ending: Ending = Ending.CLOSE

    def __post_init__(self) -> None:
        if self.after_lines < 0:
            raise ValueError(f"after_lines must not be negative: {self.after_lines}")


Verdict = Answer | ResetBefore | ResetAfter
Fault = Latency | Answer | ResetBefore | ResetAfter | DropWatch | HalfOpenWatch | DelayWatch | CutWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`fault` for `percent` of the requests that `match`, at most `times` times (None: without end).

    Answers and resets exclude each other, so the percentages of those rules that match a request divide one hundred
    among them: 30 % errors and 20 % throttled leave 50 % alone. Every other fault is drawn by itself.
    """

    fault: Fault
    percent: float = 100.0
    match: Match = field(default_factory=Match)
    times: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.percent <= 100:
            raise ValueError(f"percent must be from 0 to 100, not {self.percent}")
        if self.times is not None and self.times < 0:
            raise ValueError(f"times must not be negative: {self.times}")


def _check_seconds(**values: float) -> None:
    for name, value in values.items():
        if not 0 <= value < math.inf:
            raise ValueError(f"{name} must be seconds, zero or more, not {value}")
