"""Asks GitHub and GitLab for the pull requests of environments, one after the other."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from controller.apimachinery.giturls import GitURL
from controller.report.accounts import Account
from controller.report.outcomes import Limited, Problem, Unauthorized
from controller.report.scm import Place, PullRequest
from controller.sweep.candidates import Candidate

# GitHub blocks clients that repeat wrong credentials, and those that do not wait.
_REFUSALS: Final = 3


class Inquiry:
    """The questions of one run.

    A failure about one pull request does not end the questions about others. Only several refusals in a row do, for a
    prefix of `--credentials`: because of the credentials, or of a rate limit in spite of waiting.

    Args:
        account_of: returns the credentials for a repository, or None.
        seconds: for all questions together.
        wait: waits for seconds.
    """

    def __init__(
        self,
        account_of: Callable[[GitURL], Account | None],
        *,
        seconds: float,
        now: Callable[[], float] = time.monotonic,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        self._account_of = account_of
        self._now = now
        self._wait = wait
        self._end = now() + seconds
        # By prefix: the refusals in a row.
        self._refusals: dict[str, int] = {}

    def has_credentials(self, candidate: Candidate) -> bool:
        """Return whether anybody can be asked for the pull request."""
        return self._account_of(candidate.repository) is not None

    def ask(self, candidate: Candidate) -> PullRequest | str:
        """Return the pull request of an environment, or why it is not known."""
        account = self._account_of(candidate.repository)
        if account is None:
            return f"no prefix of --credentials is for its repository, {candidate.repository.location}"
        if self._refusals.get(account.prefix, 0) >= _REFUSALS:
            return f"not asked, because {_REFUSALS} requests in a row were refused"
        if self._now() >= self._end:
            return "not asked, because the time of --ask-timeout is over"
        found = self._ask(candidate, account)
        if isinstance(found, Limited) and found.seconds < self._end - self._now():
            self._wait(found.seconds)
            found = self._ask(candidate, account)
        if isinstance(found, Limited | Unauthorized):
            self._refusals[account.prefix] = self._refusals.get(account.prefix, 0) + 1
        else:
            self._refusals.pop(account.prefix, None)
        return found if isinstance(found, PullRequest) else str(found)

    @staticmethod
    def _ask(candidate: Candidate, account: Account) -> PullRequest | Problem:
        try:
            place = Place(candidate.repository.path, candidate.number)
            return account.scm().pull_request(place, repository_id=candidate.origin.repository_id)
        except Problem as error:
            return error
