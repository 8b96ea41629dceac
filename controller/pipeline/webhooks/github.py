"""Reads the event `pull_request` of GitHub."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from controller.pipeline.webhooks.body import Body, Fields
from controller.pipeline.webhooks.delivery import Delivery, Provider, other_event
from controller.pipeline.webhooks.pullrequest import Happening, PullRequest

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


def detect(delivery: Delivery, body: Body) -> bool:
    """Return whether the delivery is from GitHub, or from a provider without a row that copies GitHub."""
    if delivery.headers or delivery.event:
        return bool(delivery.event_in("X-GitHub-Event"))
    return "pull_request" in body or "hook_id" in body or "repository" in body


def verify(delivery: Delivery) -> bool:
    """Return whether GitHub signed the delivery with the secret."""
    return delivery.is_signed("X-Hub-Signature-256")


def read(delivery: Delivery, body: Body) -> PullRequest | str:
    """Return the pull request in a delivery, or why there is none. Raises BodyError."""
    event = delivery.event_in("X-GitHub-Event") or event_in(body)
    if event != EVENT:
        return other_event(event)
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
        happenings=frozenset(happenings),
        labels_set=changed if action == "labeled" else frozenset(),
        labels_taken=changed if action == "unlabeled" else frozenset(),
        is_draft=fields.at("pull_request").flag("draft"),
        bot=_bot(fields.maybe("sender")),
    )


def event_in(body: Body) -> str:
    """Return the event that a body shows: `pull_request`, `ping`, or "" for any other."""
    if "zen" in body and "hook_id" in body:
        return "ping"
    # Pull request events of Gitea contain a `review` that is null.
    if "pull_request" in body and all(body.get(name) is None for name in _OTHER_EVENTS):
        return EVENT
    return ""


def pull_request(
    fields: Fields,
    *,
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
    commit = head.maybe_commit if Happening.CLOSED in happenings else head.commit
    return PullRequest(
        action=fields.text("action"),
        happenings=happenings,
        labels_set=labels_set,
        labels_taken=labels_taken,
        number=pull.number("number"),
        repository=repository.repository_name("name"),
        repository_url=repository.clone_url("clone_url"),
        repository_id=repository.maybe_number("id"),
        branch=head.branch("ref"),
        commit=commit("sha"),
        source_url=source.clone_url("clone_url") if source is not None else "",
        base_branch=base.branch("ref"),
        is_fork=is_fork,
        is_open=pull.text("state") == "open",
        is_merged=pull.flag("merged"),
        is_draft=is_draft,
        labels=frozenset(label.text("name") for label in pull.each("labels")),
        time=pull.maybe_time("updated_at"),
        author=_author(pull.maybe("user")),
        url=pull.maybe_link("html_url"),
        bot=bot,
    )


def _author(user: Fields | None) -> str:
    # The account of an author may have been deleted.
    return user.maybe_user_name("login") if user is not None else ""


def _bot(sender: Fields | None) -> str:
    return sender.maybe_text("login") if sender is not None and sender.maybe_text("type") == "Bot" else ""


PROVIDER: Final = Provider(name="github", detect=detect, verify=verify, read=read)
