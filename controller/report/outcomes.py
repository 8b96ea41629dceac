"""What an answer of GitHub or GitLab means for the next request. Pure.

| outcome | the cause | what follows |
| --- | --- | --- |
| Unavailable | no answer, 5xx, or not JSON | nothing is sent with these credentials for a while, which grows |
| Unauthorized | 401 | the same; the credentials may be replaced meanwhile |
| Limited | 403 or 429 because of a rate limit | nothing is sent before the time that the answer names |
| Refused | 403 or 404: a permission is missing | this channel of this environment is tried again later |
| Rejected | any other 4xx: this request can never succeed | this channel waits for the next change |
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Final

from controller.apimachinery import objects
from controller.report import inert

_MESSAGE_LIMIT: Final = 200
# Seconds to wait if a rate limit does not say how long, as GitHub asks for.
_UNKNOWN_LIMIT: Final = 60.0
_LONGEST_LIMIT: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer: its status, its headers by lower-case name, and its JSON, or its text if it is not JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any


class Problem(Exception):
    """Base class: feedback was not written. The text is for people, and has no secrets."""


class Unavailable(Problem):
    """No answer, 5xx, or an answer of somebody else."""


class Unauthorized(Problem):
    """401: the credentials are wrong or have expired."""


class Limited(Problem):
    """A rate limit. `seconds` says how long to wait."""

    def __init__(self, text: str, seconds: float) -> None:
        super().__init__(text)
        self.seconds = seconds


class Refused(Problem):
    """The credentials have no right to it, or it does not exist for them."""


class Rejected(Problem):
    """The request can never succeed."""


class NotNow(Problem):
    """Nothing was sent, because of our own limits. `seconds` says how long to wait."""

    def __init__(self, text: str, seconds: float) -> None:
        super().__init__(text)
        self.seconds = seconds


def check(answer: Answer, what: str, *, now: Callable[[], float] = time.time) -> Answer:
    """Return `answer` if it is a 2xx, else raise what it means. `what` names the request. `now`: seconds since 1970."""
    if 200 <= answer.status <= 299:
        if isinstance(answer.body, str):
            # A proxy, or a page about maintenance, has answered instead.
            raise Unavailable(f"{what}: {answer.status}, but not in JSON")
        return answer
    said = message(answer.body)
    text = f"{what}: {answer.status}{f' {said}' if said else ''}"
    if answer.status >= 500 or answer.status == 408:
        raise Unavailable(text)
    if answer.status == 401:
        raise Unauthorized(text)
    seconds = limit(answer, now=now)
    if seconds is not None:
        raise Limited(text, seconds)
    # GitHub answers 403 about a conversation that was locked. No permission would change that.
    if answer.status in (403, 404) and "locked" not in said.lower():
        raise Refused(text)
    raise Rejected(text)


def limit(answer: Answer, *, now: Callable[[], float] = time.time) -> float | None:
    """Return the seconds to wait because of a rate limit, or None if the answer is not about one."""
    if answer.status not in (403, 429):
        return None
    after = retry_after(answer.headers.get("retry-after", ""), now=now)
    if after is not None:
        return _bounded(after)
    for remaining, reset in (
        ("x-ratelimit-remaining", "x-ratelimit-reset"),
        ("ratelimit-remaining", "ratelimit-reset"),
    ):
        if answer.headers.get(remaining, "").strip() == "0":
            moment = answer.headers.get(reset, "").strip()
            # By the server's clock, which may differ from ours.
            if not (moment.isascii() and moment.isdigit()):
                return _UNKNOWN_LIMIT
            return _bounded(float(moment) - _server_time(answer, now))
    if answer.status == 429 or "rate limit" in message(answer.body).lower():
        return _UNKNOWN_LIMIT
    return None


def retry_after(value: str, *, now: Callable[[], float]) -> float | None:
    """Return the seconds of a header Retry-After, which holds seconds or a date; None if it holds neither."""
    value = value.strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return parsedate_to_datetime(value).timestamp() - now()
    except ValueError:
        return None


def _bounded(seconds: float) -> float:
    # At least a second, because clocks tick; at most an hour, because a wrong clock must not stop us for ever.
    return min(max(seconds, 1.0), _LONGEST_LIMIT)


def _server_time(answer: Answer, now: Callable[[], float]) -> float:
    try:
        return parsedate_to_datetime(answer.headers.get("date", "")).timestamp()
    except ValueError:
        return now()


def message(body: Any) -> str:
    """Return what the body of an answer says to people, in one short line, or ""."""
    if isinstance(body, str):
        return inert.line(body, limit=_MESSAGE_LIMIT)
    found = objects.mapping(body)
    # GitLab's `message` may be a map of fields.
    said = found.get("message") or found.get("error") or ""
    return inert.line(said if isinstance(said, str) else str(said), limit=_MESSAGE_LIMIT)
