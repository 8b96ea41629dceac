"""Reads the event `Merge Request Hook` of GitLab."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from controller.pipeline.webhooks.body import Body, Fields
from controller.pipeline.webhooks.delivery import Delivery, Provider, other_event
from controller.pipeline.webhooks.pullrequest import (
    GITLAB_MARKS,
    MAKING,
    Happening,
    PullRequest,
    is_draft_title,
    retitled,
)

KIND: Final = "merge_request"
_HAPPENINGS: Final[Mapping[str, Happening]] = {
    "open": Happening.OPENED,
    "reopen": Happening.REOPENED,
    "close": Happening.CLOSED,
    "merge": Happening.CLOSED,
}
# User names of project and group access tokens. The hook has no other sign that its user is a bot.
_BOT: Final = re.compile(r"(project|group)_\d+_bot(_.*)?")


def detect(delivery: Delivery, body: Body) -> bool:
    """Return whether the delivery is from GitLab."""
    if delivery.headers:
        return bool(delivery.header("X-Gitlab-Event"))
    if delivery.event:
        return delivery.event.endswith(" Hook")
    return "object_kind" in body or "event_name" in body


def verify(delivery: Delivery) -> bool:
    """Return whether the delivery contains the webhook's secret token."""
    return delivery.has_token("X-Gitlab-Token")


def read(delivery: Delivery, body: Body) -> PullRequest | str:
    """Return the merge request in a delivery, or why there is none. Raises BodyError."""
    # The body names the event, because all system hooks have the same name in the header.
    kind = body.get("object_kind") or body.get("event_name")
    if kind != KIND:
        return other_event(kind if isinstance(kind, str) else "")
    fields = Fields(body)
    if not fields.at("object_attributes").maybe_text("action"):
        # The Test button and some system hooks send none.
        return "the merge request has no action: this is a test of the webhook"
    attributes = fields.at("object_attributes")
    action = attributes.text("action")
    target, source = attributes.at("target"), attributes.maybe("source")
    # Compare IDs and not paths: a project that was moved or renamed is still the same.
    same = attributes.has("source_project_id") and (
        attributes.number("source_project_id") == attributes.number("target_project_id")
    )
    changes = fields.maybe("changes")
    labels_set, labels_taken = _labels_changed(changes)
    is_draft = _is_draft(attributes, changes)
    happenings = _happenings(action, attributes, changes, is_draft=is_draft)
    is_open = attributes.text("state") == "opened"
    # The commit is null if the source branch was deleted. The environment must be removed nevertheless. It must not be
    # an error either, because GitLab disables a webhook after errors.
    needs_commit = is_open and not happenings.isdisjoint(MAKING)
    last = attributes.at("last_commit") if needs_commit else attributes.maybe("last_commit")
    # All versions have labels at the top level; newer ones also have them in the attributes.
    labels = fields if fields.has("labels") else attributes
    return PullRequest(
        action=action,
        happenings=happenings,
        labels_set=labels_set,
        labels_taken=labels_taken,
        number=attributes.number("iid"),
        # `name` is a display name ("Gitlab Test"); URLs contain the path.
        repository=target.last_segment("path_with_namespace"),
        repository_url=target.clone_url("git_http_url"),
        repository_id=attributes.maybe_number("target_project_id"),
        branch=attributes.branch("source_branch"),
        commit=last.commit("id") if last is not None else "",
        source_url=source.clone_url("git_http_url") if source is not None else "",
        base_branch=attributes.branch("target_branch"),
        is_fork=not same,
        is_open=is_open,
        is_merged=attributes.text("state") == "merged",
        is_draft=is_draft,
        labels=frozenset(label.text("title") for label in labels.each("labels")),
        time=attributes.maybe_time("updated_at"),
        author=_author(attributes, fields.maybe("user")),
        url=attributes.maybe_link("url"),
        bot=_bot(fields.maybe("user")),
    )


def _is_draft(attributes: Fields, changes: Fields | None) -> bool:
    flags = [attributes.flag(name) for name in ("draft", "work_in_progress") if attributes.has(name)]
    if flags:
        return any(flags)
    title = changes.maybe("title") if changes is not None else None
    text = (title.maybe_text("current") if title is not None else "") or attributes.maybe_text("title")
    return is_draft_title(text, GITLAB_MARKS)


def _happenings(action: str, attributes: Fields, changes: Fields | None, *, is_draft: bool) -> frozenset[Happening]:
    found = {_HAPPENINGS[action]} if action in _HAPPENINGS else set()
    if action == "update":
        # `oldrev` exists only if commits were pushed.
        if attributes.has("oldrev"):
            found.add(Happening.PUSHED)
        if changes is not None and changes.has("target_branch"):
            found.add(Happening.REBASED)
        draft = changes.maybe("draft") if changes is not None else None
        title = changes.maybe("title") if changes is not None else None
        if draft is not None:
            found.add(Happening.DRAFTED if draft.flag("current") else Happening.READY)
        elif title is not None:
            found |= retitled(title.maybe_text("previous"), now=is_draft, marks=GITLAB_MARKS)
    return frozenset(found)


def _labels_changed(changes: Fields | None) -> tuple[frozenset[str], frozenset[str]]:
    labels = changes.maybe("labels") if changes is not None else None
    if labels is None:
        return frozenset(), frozenset()
    before = frozenset(label.text("title") for label in labels.each("previous"))
    after = frozenset(label.text("title") for label in labels.each("current"))
    return after - before, before - after


def _author(attributes: Fields, user: Fields | None) -> str:
    """Return the author's user name. The hook has only the author's ID, and the user who did what it reports."""
    if user is None or not user.has_same("id", attributes, "author_id"):
        return ""
    return user.maybe_user_name("username")


def _bot(user: Fields | None) -> str:
    name = user.maybe_text("username") if user is not None else ""
    return name if _BOT.fullmatch(name) else ""


PROVIDER: Final = Provider(name="gitlab", detect=detect, verify=verify, read=read)
