"""Decides which environments go. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from controller.apimachinery import durations, timestamps
from controller.report.scm import PullRequest
from controller.sweep.options import SweepOptions


class Verdict(StrEnum):
    """What is known about an environment."""

    OPEN = "open"
    # The pull request was closed a short while ago, and its pipeline may still retire the environment.
    CLOSED_RECENTLY = "closed recently"
    CLOSED = "closed"
    EXPIRED = "expired"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


GOING = (Verdict.CLOSED, Verdict.EXPIRED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the sweep found out about one environment.

    Attributes:
        reason: a sentence without a full stop.
        since: when the pull request was closed, or the environment expired; None otherwise.
        retired: whether it was taken out of the repository.
    """

    name: str
    verdict: Verdict
    reason: str
    repository: str = ""
    pull_request: int = 0
    since: datetime | None = None
    retired: bool = False

    @property
    def is_going(self) -> bool:
        """Whether it should be retired."""
        return self.verdict in GOING


def judge(
    answer: PullRequest | str, expired: datetime | None, options: SweepOptions, now: datetime
) -> tuple[Verdict, str, datetime | None]:
    """Return the verdict about an environment, its reason, and since when.

    `answer` is its pull request, or why that is not known. `expired`: since when the environment has been expired.
    """
    closed = answer.closed if isinstance(answer, PullRequest) else None
    if closed is not None and _is_past(closed, options.grace, now):
        return Verdict.CLOSED, f"closed at {timestamps.to_time(closed)}", closed
    if expired is not None and _is_past(expired, options.expired_grace, now):
        return Verdict.EXPIRED, f"expired since {timestamps.to_time(expired)}", expired
    if not isinstance(answer, PullRequest):
        return Verdict.UNKNOWN, answer, None
    if closed is None:
        return Verdict.OPEN, "the pull request is open", None
    words = f"closed at {timestamps.to_time(closed)}, not longer than {durations.render(options.grace)} ago"
    return Verdict.CLOSED_RECENTLY, words, closed


def refusal(found: Collection[Finding], options: SweepOptions) -> str:
    """Return why none may go, because too many would; "" if they may."""
    going = sum(finding.is_going for finding in found)
    # Other files in the folder do not count.
    known = sum(finding.pull_request > 0 for finding in found)
    if going * 100 <= options.max_percent * known:
        return ""
    return (
        f"{going} of {known} environments would go, more than {options.max_percent} percent: nothing is retired. If "
        "the list is right, run it again with a higher --max-percent"
    )


def _is_past(moment: datetime, seconds: float, now: datetime) -> bool:
    return now - moment > timedelta(seconds=seconds)
