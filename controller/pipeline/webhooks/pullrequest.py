"""A pull request (GitHub) or merge request (GitLab) and what just happened to it, in one form for both."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

GITHUB: Final = "github"
GITLAB: Final = "gitlab"


class Happening(StrEnum):
    """What a delivery tells; one delivery of GitLab can tell several things. The words are for people."""

    OPENED = "was opened"
    REOPENED = "was reopened"
    PUSHED = "has new commits"
    READY = "is ready for review"
    DRAFTED = "became a draft"
    REBASED = "has another target branch"
    CLOSED = "was closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """See the module.

    Attributes:
        action: the provider's own word for what happened.
        labels_set, labels_taken: labels that this delivery tells about.
        repository, repository_url: bare name and clone URL of the repository that it asks to be merged into.
        branch, commit: the head, in the repository `source_url`, which is "" when that one is gone.
        base_branch: the branch it asks to be merged into.
        is_fork: whether the head lies in another repository.
        time: when it was changed, RFC 3339, by the provider's clock; "" where the delivery does not say.
    """

    provider: str
    action: str
    happenings: frozenset[Happening]
    labels_set: frozenset[str] = frozenset()
    labels_taken: frozenset[str] = frozenset()
    number: int
    repository: str
    repository_url: str
    branch: str
    commit: str
    source_url: str
    base_branch: str
    is_fork: bool
    is_open: bool
    is_merged: bool
    is_draft: bool
    labels: frozenset[str]
    time: str = ""
