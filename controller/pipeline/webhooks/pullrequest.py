"""A pull request (GitHub, Gitea, Forgejo) or merge request (GitLab) and its latest event, in one form."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Happening(StrEnum):
    """What happened to a pull request. A delivery of GitLab can report several at once. The values are for users."""

    OPENED = "was opened"
    REOPENED = "was reopened"
    PUSHED = "has new commits"
    READY = "is ready for review"
    DRAFTED = "became a draft"
    REBASED = "has a new target branch"
    RELABELLED = "has changed labels"
    CLOSED = "was closed"


# What creates or updates an environment. The first one that happened is given as the reason.
MAKING: Final = (Happening.OPENED, Happening.REOPENED, Happening.PUSHED, Happening.READY, Happening.REBASED)


@dataclass(frozen=True, slots=True, kw_only=True)
class PullRequest:
    """A pull request or merge request and its latest event.

    Attributes:
        action: the provider's name of the action.
        happenings: what happened. RELABELLED means that labels changed, even if the delivery does not name them.
        labels_set, labels_taken: labels that were set or removed, as far as the delivery names them.
        repository, repository_url: name (without owner) and clone URL of the target repository.
        repository_id: the provider's ID of the target repository, which stays the same when it is renamed; "" if the
            delivery does not contain it.
        branch, commit: the head, in the repository `source_url`. The URL is "" if the head cannot be cloned. The commit
            may be "" if the delivery does not create or update an environment.
        base_branch: the target branch.
        is_fork: whether the head is in another repository.
        time: time of the change by the provider's clock (RFC 3339); "" if the delivery does not contain it.
        author: user name of the author; "" if the delivery does not contain it.
        url: URL of the pull request for people; "" if the delivery does not contain it.
        bot: user name of the bot that triggered the event; "" if it was a person.
    """

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
    author: str = ""
    url: str = ""
    bot: str = ""


# When a pull request becomes a draft, GitLab before 16, Gitea and Forgejo report only the new title, which starts with
# one of these marks. A separate field for drafts was added later (long ago in GitLab, recently in Gitea). Every version
# of GitLab supports some of its marks: "WIP" until 14, "Draft - " until 15.
GITLAB_MARKS: Final = re.compile(
    r"\s*(\[(draft|wip)\]|\(draft\)|(draft|wip):|draft\s-\s|wip\s|(draft|wip)$)", re.IGNORECASE
)
# Gitea's default. Drafts with marks that an administrator configured are recognized only by the separate field.
GITEA_MARKS: Final = re.compile(r"\s*(\[wip\]|wip:)", re.IGNORECASE)


def is_draft_title(title: str, marks: re.Pattern[str]) -> bool:
    """Return whether a title starts with one of the marks."""
    return marks.match(title) is not None


def retitled(before: str, *, now: bool, marks: re.Pattern[str]) -> frozenset[Happening]:
    """Return what a new title changed. `before` is the old title, `now` whether the pull request is a draft."""
    if is_draft_title(before, marks) == now:
        return frozenset()
    return frozenset({Happening.DRAFTED if now else Happening.READY})
