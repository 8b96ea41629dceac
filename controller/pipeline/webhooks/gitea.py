"""Reads the event `pull_request` of Gitea and Forgejo. It is like GitHub's, except for pushes, labels and drafts.

Both programs also send GitHub's headers, with the same signature. Forgejo sends those of Gitea as well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from controller.pipeline.webhooks import github
from controller.pipeline.webhooks.body import Body, Fields
from controller.pipeline.webhooks.delivery import Delivery, Provider, other_event
from controller.pipeline.webhooks.pullrequest import (
    GITEA_MARKS,
    GITLAB_MARKS,
    Happening,
    PullRequest,
    is_draft_title,
    retitled,
)

_HAPPENINGS: Final[Mapping[str, Happening]] = {
    "opened": Happening.OPENED,
    "reopened": Happening.REOPENED,
    "synchronized": Happening.PUSHED,
    "label_updated": Happening.RELABELLED,
    "label_cleared": Happening.RELABELLED,
    "closed": Happening.CLOSED,
}
_EVENT_HEADERS: Final = ("X-Forgejo-Event", "X-Gitea-Event")
# Suffixes in X-Gitea-Event-Type. X-Gitea-Event calls all of these events `pull_request`.
_EVENT_TYPES: Final = ("assign", "label", "milestone", "review_request", "sync")


def detect(delivery: Delivery, body: Body) -> bool:
    """Return whether the delivery is from Gitea or Forgejo, and not from GitHub, whose bodies have the same form."""
    if delivery.headers:
        return bool(delivery.header(*_EVENT_HEADERS))
    # Only here a branch has the ID of its repository, and a repository says whether it is empty.
    pull, repository = body.get("pull_request"), body.get("repository")
    base = pull.get("base") if isinstance(pull, Mapping) else None
    return (isinstance(base, Mapping) and "repo_id" in base) or (
        isinstance(repository, Mapping) and "empty" in repository and not isinstance(pull, Mapping)
    )


def verify(delivery: Delivery) -> bool:
    """Return whether Gitea or Forgejo signed the delivery with the secret."""
    return delivery.is_signed("X-Forgejo-Signature", "X-Gitea-Signature", "X-Hub-Signature-256")


def read(delivery: Delivery, body: Body) -> PullRequest | str:
    """Return the pull request in a delivery, or why there is none. Raises BodyError."""
    event = _event(delivery.event_in(*_EVENT_HEADERS)) or github.event_in(body)
    if event != github.EVENT:
        return other_event(event)
    fields = Fields(body)
    action, pull = fields.text("action"), fields.at("pull_request")
    marked = is_draft_title(pull.maybe_text("title"), GITEA_MARKS)
    is_draft = pull.flag("draft") if pull.has("draft") else marked
    changes = fields.maybe("changes")
    happenings = frozenset({_HAPPENINGS[action]} if action in _HAPPENINGS else ())
    if action == "edited" and changes is not None:
        happenings |= _edited(changes, is_draft=is_draft)
    labels_set, labels_taken = _labels(fields, changes) if Happening.RELABELLED in happenings else _NO_LABELS
    found = github.pull_request(
        fields,
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


def _event(name: str) -> str:
    """Return the event for X-Gitea-Event, from the value of that header or of X-Gitea-Event-Type."""
    prefix, _, rest = name.partition(f"{github.EVENT}_")
    return github.EVENT if not prefix and rest in _EVENT_TYPES else name


def _edited(changes: Fields, *, is_draft: bool) -> frozenset[Happening]:
    happenings = frozenset({Happening.REBASED} if changes.has("ref") else ())
    title = changes.maybe("title")
    if title is None:
        return happenings
    # GitLab's marks include those of Gitea, and others that a Gitea administrator may have configured.
    return happenings | retitled(title.maybe_text("from"), now=is_draft, marks=GITLAB_MARKS)


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


PROVIDER: Final = Provider(name="gitea", detect=detect, verify=verify, read=read)
