"""Reads the event `pull_request` of GitHub."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from controller.pipeline.webhooks import values
from controller.pipeline.webhooks.body import Fields
from controller.pipeline.webhooks.pullrequest import GITHUB, Happening, PullRequest

EVENT: Final = "pull_request"
_HAPPENINGS: Final[Mapping[str, Happening]] = {
    "opened": Happening.OPENED,
    "reopened": Happening.REOPENED,
    "synchronize": Happening.PUSHED,
    "ready_for_review": Happening.READY,
    "converted_to_draft": Happening.DRAFTED,
    "closed": Happening.CLOSED,
}
# Fields of other events that also contain the pull request.
_OTHER_EVENTS: Final = ("review", "comment", "thread")


def is_of_github(body: Mapping[str, Any]) -> bool:
    """Return whether a body without an event header is from GitHub."""
    return "pull_request" in body or "hook_id" in body or ("repository" in body and "object_kind" not in body)


def event(body: Mapping[str, Any]) -> str:
    """Return the event that the body shows: `pull_request`, `ping`, or "" for any other."""
    if "zen" in body and "hook_id" in body:
        return "ping"
    # Pull request events of Gitea contain a `review` that is null.
    if "pull_request" in body and all(body.get(name) is None for name in _OTHER_EVENTS):
        return EVENT
    return ""


def read(body: Mapping[str, Any]) -> PullRequest:
    """Return the pull request in the body of a `pull_request` event. Raises BodyError."""
    fields = Fields(body)
    action = fields.text("action")
    happenings = {_HAPPENINGS[action]} if action in _HAPPENINGS else set()
    changes = fields.maybe("changes")
    if action == "edited" and changes is not None and changes.has("base"):
        happenings.add(Happening.REBASED)
    label = fields.maybe("label")
    changed = frozenset({label.text("name")} if label is not None else ())
    return pull_request(
        fields,
        provider=GITHUB,
        happenings=frozenset(happenings),
        labels_set=changed if action == "labeled" else frozenset(),
        labels_taken=changed if action == "unlabeled" else frozenset(),
        is_draft=fields.at("pull_request").flag("draft"),
        bot=_bot(fields.maybe("sender")),
    )


def pull_request(
    fields: Fields,
    *,
    provider: str,
    happenings: frozenset[Happening],
    labels_set: frozenset[str],
    labels_taken: frozenset[str],
    is_draft: bool,
    bot: str = "",
) -> PullRequest:
    """Return the pull request in a body of GitHub's form. The arguments are what providers express differently."""
    pull, repository = fields.at("pull_request"), fields.at("repository")
    head, base = pull.at("head"), pull.at("base")
    # The repository of a deleted fork is null. `head.repo.fork` does not help: the base itself may be a fork.
    source = head.maybe("repo")
    is_fork = source is None or source.number("id") != base.at("repo").number("id")
    # A close does not need a commit: the environment must be removed even if the head was deleted.
    commit = values.commit_if_named if Happening.CLOSED in happenings else values.commit
    return PullRequest(
        provider=provider,
        action=fields.text("action"),
        happenings=happenings,
        labels_set=labels_set,
        labels_taken=labels_taken,
        number=pull.number("number"),
        repository=values.repository_name(repository, "name"),
        repository_url=values.clone_url(repository, "clone_url"),
        repository_id=repository.maybe_number("id"),
        branch=values.branch(head, "ref"),
        commit=commit(head, "sha"),
        source_url=values.clone_url(source, "clone_url") if source is not None else "",
        base_branch=values.branch(base, "ref"),
        is_fork=is_fork,
        is_open=pull.text("state") == "open",
        is_merged=pull.flag("merged"),
        is_draft=is_draft,
        labels=frozenset(label.text("name") for label in pull.each("labels")),
        time=values.time(pull, "updated_at"),
        bot=bot,
    )


def _bot(sender: Fields | None) -> str:
    return sender.maybe_text("login") if sender is not None and sender.maybe_text("type") == "Bot" else ""
