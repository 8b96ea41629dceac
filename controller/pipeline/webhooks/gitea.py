"""Reads the event `pull_request` of Gitea and Forgejo. It is like GitHub's, except for pushes, labels and drafts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from controller.pipeline.webhooks import github, titles
from controller.pipeline.webhooks.body import Fields
from controller.pipeline.webhooks.pullrequest import GITEA, Happening, PullRequest

_HAPPENINGS: Final[Mapping[str, Happening]] = {
    "opened": Happening.OPENED,
    "reopened": Happening.REOPENED,
    "synchronized": Happening.PUSHED,
    "label_updated": Happening.RELABELLED,
    "label_cleared": Happening.RELABELLED,
    "closed": Happening.CLOSED,
}
# Suffixes in X-Gitea-Event-Type. X-Gitea-Event calls all of these events `pull_request`.
_EVENT_TYPES: Final = ("assign", "label", "milestone", "review_request", "sync")


def is_of_gitea(body: Mapping[str, Any]) -> bool:
    """Return whether a body in GitHub's form is from Gitea. Only there a branch has the ID of its repository."""
    pull = body.get("pull_request")
    base = pull.get("base") if isinstance(pull, Mapping) else None
    return isinstance(base, Mapping) and "repo_id" in base


def event(name: str) -> str:
    """Return the event for X-Gitea-Event, from the value of that header or of X-Gitea-Event-Type."""
    prefix, _, rest = name.partition(f"{github.EVENT}_")
    return github.EVENT if not prefix and rest in _EVENT_TYPES else name


def read(body: Mapping[str, Any]) -> PullRequest:
    """Return the pull request in the body of a `pull_request` event. Raises BodyError."""
    fields = Fields(body)
    action, pull = fields.text("action"), fields.at("pull_request")
    marked = titles.is_draft(pull.maybe_text("title"), titles.GITEA_MARKS)
    is_draft = pull.flag("draft") if pull.has("draft") else marked
    changes = fields.maybe("changes")
    happenings = frozenset({_HAPPENINGS[action]} if action in _HAPPENINGS else ())
    if action == "edited" and changes is not None:
        happenings |= _edited(changes, is_draft=is_draft)
    labels_set, labels_taken = _labels(fields, changes) if Happening.RELABELLED in happenings else _NO_LABELS
    found = github.pull_request(
        fields,
        provider=GITEA,
        happenings=happenings,
        labels_set=labels_set,
        labels_taken=labels_taken,
        is_draft=is_draft,
    )
    if not found.branch.startswith("refs/"):
        return found
    # The branch is missing: it was deleted, or somebody pushed to refs/for/, which needs only read access. So the
    # author may lack write access to the repository. No engine could clone such code either.
    return replace(found, is_fork=True, source_url="")


_NO_LABELS: Final[tuple[frozenset[str], frozenset[str]]] = (frozenset(), frozenset())


def _edited(changes: Fields, *, is_draft: bool) -> frozenset[Happening]:
    happenings = frozenset({Happening.REBASED} if changes.has("ref") else ())
    title = changes.maybe("title")
    if title is None:
        return happenings
    # GitLab's marks include those of Gitea, and others that a Gitea administrator may have configured.
    return happenings | titles.change(title.maybe_text("from"), now=is_draft, marks=titles.GITLAB_MARKS)


def _labels(fields: Fields, changes: Fields | None) -> tuple[frozenset[str], frozenset[str]]:
    """Return the labels set and removed, if the delivery names them: newer Gitea lists all, newer Forgejo names one."""
    now = _names(fields.at("pull_request"), "labels")
    label = fields.maybe("label")
    named = frozenset({label.text("name")} if label is not None else ())
    if changes is not None:
        named |= _names(changes, "added_labels") | _names(changes, "removed_labels")
    return named & now, named - now


def _names(fields: Fields, name: str) -> frozenset[str]:
    return frozenset(label.text("name") for label in fields.each(name))
