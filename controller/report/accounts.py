"""The accounts that feedback is written with: one for each prefix of `--credentials`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from controller.apimachinery.clock import Clock
from controller.apimachinery.giturls import GitURL
from controller.report import auth, credentials
from controller.report.budget import Budget
from controller.report.folders import GITHUB, Folder, FolderError, Secrets
from controller.report.github import GitHub
from controller.report.gitlab import GitLab
from controller.report.metrics import ReportMetrics
from controller.report.options import FeedbackOptions
from controller.report.outcomes import NotNow, Unauthorized
from controller.report.scm import Scm, Session
from controller.report.web import Web


@dataclass(frozen=True, slots=True)
class _Opened:
    """What was made from one content of the folder."""

    secrets: Secrets
    web: Web
    scm: Scm


class Account:
    """The credentials of one folder, with their limits. Thread-safe.

    Args:
        may_write: called before each write; nothing is sent if it returns False.
        connect: returns the connection to the API that a folder names.

    Attributes:
        prefix: the prefix of the repositories that it is for.
        budget: shared by all accounts with the same folder.
    """

    def __init__(
        self,
        prefix: str,
        *,
        folder: Folder,
        budget: Budget,
        may_write: Callable[[], bool],
        connect: Callable[[Secrets], Web],
    ) -> None:
        self.prefix = prefix
        self.budget = budget
        self._folder = folder
        self._may_write = may_write
        self._connect = connect
        self._lock = threading.Lock()
        self._opened: _Opened | None = None

    def scm(self) -> Scm:
        """Return the provider with the credentials that the folder has now. Raises Unauthorized if it has none."""
        try:
            return self.open()
        except FolderError as error:
            raise Unauthorized(str(error)) from None

    def open(self) -> Scm:
        """Return the same as `scm`. Raises FolderError if the folder cannot be used, and ProxyError like `Web`."""
        found = self._folder.read()
        with self._lock:
            if self._opened is None or self._opened.secrets != found:
                web = self._connect(found)
                session = Session(web=web, auth=auth.of(found, web), permit=self._permit)
                self._opened = _Opened(found, web, GitHub(session) if found.provider == GITHUB else GitLab(session))
            return self._opened.scm

    def close(self) -> None:
        """Close the idle connections."""
        with self._lock:
            if self._opened is not None:
                self._opened.web.close()

    def _permit(self) -> None:
        if not self._may_write():
            raise NotNow("this process is not the leader", 1.0)
        seconds = self.budget.take()
        if seconds > 0:
            raise NotNow(f"the limits of writes for {self.prefix} are used up", seconds)


class Accounts:
    """All accounts, by prefix.

    Raises FolderError if a folder cannot be used, and ProxyError like `Web`.
    """

    def __init__(
        self,
        options: FeedbackOptions,
        *,
        user_agent: str,
        metrics: ReportMetrics,
        may_write: Callable[[], bool] = lambda: True,
        clock: Clock | None = None,
    ) -> None:
        def connect(secrets: Secrets) -> Web:
            return Web(
                api=secrets.api,
                authorities=secrets.authorities,
                timeout=options.scm_timeout,
                user_agent=user_agent,
                metrics=metrics,
            )

        budgets = {
            path: Budget(
                per_minute=options.writes_per_minute,
                per_hour=options.writes_per_hour,
                longest_pause=options.scm_max_backoff,
                clock=clock,
            )
            for path in options.credentials.values()
        }
        self._accounts: dict[str, Account] = {}
        for prefix, path in options.credentials.items():
            folder = Folder(path, host=prefix.partition("/")[0])
            account = Account(prefix, folder=folder, budget=budgets[path], may_write=may_write, connect=connect)
            account.open()
            self._accounts[prefix] = account

    def of(self, repository: GitURL | None) -> Account | None:
        """Return the account for a repository, or None if it is under no prefix."""
        prefix = credentials.choose(repository, self._accounts) if repository is not None else None
        return None if prefix is None else self._accounts[prefix]

    def pauses(self) -> Mapping[str, Callable[[], float]]:
        """Return for each prefix a function that returns for how many seconds nothing is sent."""
        return {account.prefix: account.budget.pause for account in self}

    def close(self) -> None:
        """Close the idle connections."""
        for account in self:
            account.close()

    def __iter__(self) -> Iterator[Account]:
        return iter(self._accounts.values())
