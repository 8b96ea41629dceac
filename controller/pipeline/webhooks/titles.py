"""Drafts by title. GitLab before 16, Gitea and Forgejo report only a new title when a pull request becomes a draft.

A draft's title begins with a mark. A field that says whether it is a draft came later (long ago in GitLab, recently in
Gitea), and a change of it is often visible only as a change of the title.
"""

from __future__ import annotations

import re
from typing import Final

from controller.pipeline.webhooks.pullrequest import Happening

# Each version of GitLab has known some of these: WIP until 14, "Draft - " until 15.
GITLAB_MARKS: Final = re.compile(
    r"\s*(\[(draft|wip)\]|\(draft\)|(draft|wip):|draft\s-\s|wip\s|(draft|wip)$)", re.IGNORECASE
)
# Gitea's default. An administrator can set other marks; drafts by those show only where the delivery has the field.
GITEA_MARKS: Final = re.compile(r"\s*(\[wip\]|wip:)", re.IGNORECASE)


def is_draft(title: str, marks: re.Pattern[str]) -> bool:
    """Whether a title has one of the marks."""
    return marks.match(title) is not None


def change(before: str, *, now: bool, marks: re.Pattern[str]) -> frozenset[Happening]:
    """What a new title means for a pull request that is a draft `now` or not; `before` is the title it had."""
    if is_draft(before, marks) == now:
        return frozenset()
    return frozenset({Happening.DRAFTED if now else Happening.READY})
