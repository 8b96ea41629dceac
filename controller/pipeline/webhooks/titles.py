"""Recognizes drafts by their title.

The title of a draft starts with a mark. When a pull request becomes a draft, GitLab before 16, Gitea and Forgejo report
only the new title. A separate field for drafts was added later (long ago in GitLab, recently in Gitea).
"""

from __future__ import annotations

import re
from typing import Final

from controller.pipeline.webhooks.pullrequest import Happening

# Every version of GitLab supports some of these: "WIP" until 14, "Draft - " until 15.
GITLAB_MARKS: Final = re.compile(
    r"\s*(\[(draft|wip)\]|\(draft\)|(draft|wip):|draft\s-\s|wip\s|(draft|wip)$)", re.IGNORECASE
)
# Gitea's default. Drafts with marks that an administrator configured are recognized only by the separate field.
GITEA_MARKS: Final = re.compile(r"\s*(\[wip\]|wip:)", re.IGNORECASE)


def is_draft(title: str, marks: re.Pattern[str]) -> bool:
    """Return whether a title starts with one of the marks."""
    return marks.match(title) is not None


def change(before: str, *, now: bool, marks: re.Pattern[str]) -> frozenset[Happening]:
    """Return what a new title changed. `before` is the old title, `now` whether the pull request is a draft."""
    if is_draft(before, marks) == now:
        return frozenset()
    return frozenset({Happening.DRAFTED if now else Happening.READY})
