"""A pull request (GitHub, Gitea, Forgejo) or merge request (GitLab) and what just happened to it, in one form."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

GITHUB: Final = "github"
GITLAB: Final = "gitlab"
# Forgejo too: it began as Gitea, and its deliveries have the same shape.
GITEA: Final = "gitea"


class Happening(StrEnum):
    """What a delivery tells; one delivery of GitLab can tell several things. The words are for people."""

    OPENED = "was opened"
    REOPENED = "was reopened"
    PUSHED = "has new commits"
    READY = "is ready for review"
    DRAFTED = "became a draft"
    REBASED = "has another target branch"
    RELABELLED = "has other labels"
    CLOSED = "was closed"


# What makes an environment, in the order in which a reason is given.
MAKING: Final = (Happening.OPENED, Happening.REOPENED, Happening.PUSHED, Happening.READY, Happening.REBASED)


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """See the module.

    Attributes:
        action: the provider's own word for what happened.
        labels_set, labels_taken: labels that this delivery says were set or taken away. RELABELLED among the
            happenings: labels changed, and the delivery need not say which.
        repository, repository_url: bare name and clone URL of the repository that it asks to be merged into.
        repository_id: that repository's number at its provider, which outlives each of its names; "" where the
            delivery does not say.
        branch, commit: the head, in the repository `source_url`. The URL is "" where nothing can be cloned, the commit
            is "" where a delivery that makes no environment has none.
        base_branch: the branch it asks to be merged into.
        is_fork: whether the head lies in another repository.
        time: when it was changed, RFC 3339, by the provider's clock; "" where the delivery does not say.
        bot: the login of the program that did it; "" where a person did.
    """

    provider: str
    action: str
    happenings: frozenset[Happening]
    labels_set: frozenset[str] = frozenset()
    labels_taken: frozenset[str] = frozenset()
    number: int
    repository: str
    repository_url: str
    repository_id: str = ""
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
    bot: str = ""
