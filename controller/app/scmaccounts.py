"""The accounts at GitHub and GitLab of the commands that only read there."""

from __future__ import annotations

from collections.abc import Mapping

from controller.apimachinery.options import OptionError
from controller.app import clusters
from controller.metrics import Registry
from controller.report.accounts import Accounts
from controller.report.folders import FolderError
from controller.report.metrics import ReportMetrics
from controller.report.options import FeedbackOptions


def for_reading(credentials: Mapping[str, str], *, timeout: float, command: str) -> Accounts:
    """Return the accounts of `--credentials`, which may be none. `timeout`: seconds for one answer.

    Raises OptionError if a folder cannot be used.
    """
    chosen = FeedbackOptions(credentials=credentials, scm_timeout=timeout)
    agent, metrics = clusters.user_agent(command), ReportMetrics(Registry())
    try:
        return Accounts(chosen, user_agent=agent, metrics=metrics, may_write=lambda: False)
    except FolderError as error:
        raise OptionError(f"--credentials: {error}") from None
