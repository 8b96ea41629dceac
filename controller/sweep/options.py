"""The options of `tronador sweep`, besides the flags for the GitOps repository. Durations are in seconds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from controller.apimachinery.optionkinds import DURATION, NUMBER
from controller.apimachinery.options import option
from controller.report.options import FOLDERS


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepOptions:
    """What goes, and who is asked."""

    credentials: Mapping[str, str] = option(
        FOLDERS,
        {},
        "who may be asked for pull requests: prefixes of repositories, such as github.com/org, each with a folder (a "
        "mounted Secret) that holds `token`, or `app-id` and `app-key` of a GitHub App; the longest prefix decides",
    )
    grace: float = option(DURATION, 3600.0, "how long a pull request must have been closed", least=0)
    expired_grace: float = option(
        DURATION,
        7 * 86400.0,
        "how long an environment must have been expired; this needs a cluster to ask, and holds for open pull requests",
        least=0,
    )
    max_percent: int = option(
        NUMBER, 50, "retire nothing if more than this percentage of the environments would go", least=0
    )
    scm_timeout: float = option(DURATION, 30.0, "longest time that GitHub or GitLab may take for an answer", least=0.1)
    ask_timeout: float = option(
        DURATION, 1800.0, "longest time for all questions to GitHub and GitLab together", least=0.1
    )
