"""GitLab's event `Merge Request Hook`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from controller.pipeline.webhooks import values
from controller.pipeline.webhooks.body import Fields
from controller.pipeline.webhooks.pullrequest import GITLAB, Happening, PullRequest

KIND: Final = "merge_request"
_HAPPENINGS: Final[Mapping[str, Happening]] = {
    "open": Happening.OPENED,
    "reopen": Happening.REOPENED,
    "close": Happening.CLOSED,
    "merge": Happening.CLOSED,
}


def is_of_gitlab(body: Mapping[str, Any]) -> bool:
    """Whether a body without a named event is one of GitLab's."""
    return "object_kind" in body or "event_name" in body


def event(body: Mapping[str, Any]) -> str:
    """The kind of event that a body itself tells of."""
    kind = body.get("object_kind") or body.get("event_name")
    return kind if isinstance(kind, str) else ""


def read(body: Mapping[str, Any]) -> PullRequest:
    """The merge request in the body of its event. Raises BodyError."""
    fields = Fields(body)
    attributes = fields.at("object_attributes")
    action = attributes.text("action")
    target, source = attributes.at("target"), attributes.maybe("source")
    # The numbers, not the places: a project that was moved or renamed is still the same one.
    same = attributes.has("source_project_id") and (
        attributes.number("source_project_id") == attributes.number("target_project_id")
    )
    changes = fields.maybe("changes")
    labels_set, labels_taken = _labels_changed(changes)
    happenings = _happenings(action, attributes, changes)
    last = attributes.maybe("last_commit") if Happening.CLOSED in happenings else attributes.at("last_commit")
    return PullRequest(
        provider=GITLAB,
        action=action,
        happenings=happenings,
        labels_set=labels_set,
        labels_taken=labels_taken,
        number=attributes.number("iid"),
        # `name` is for people ("Gitlab Test"); the path is what stands in URLs.
        repository=values.last_segment(target, "path_with_namespace"),
        repository_url=values.clone_url(target, "git_http_url"),
        branch=values.branch(attributes, "source_branch"),
        # Gone when the source branch is, which is no reason to leave an environment behind.
        commit=values.commit(last, "id") if last is not None else "",
        source_url=values.clone_url(source, "git_http_url") if source is not None else "",
        base_branch=values.branch(attributes, "target_branch"),
        is_fork=not same,
        is_open=attributes.text("state") == "opened",
        is_merged=attributes.text("state") == "merged",
        is_draft=attributes.flag("draft") or attributes.flag("work_in_progress"),
        labels=frozenset(label.text("title") for label in attributes.each("labels")),
        time=values.time(attributes, "updated_at"),
    )


def _happenings(action: str, attributes: Fields, changes: Fields | None) -> frozenset[Happening]:
    found = {_HAPPENINGS[action]} if action in _HAPPENINGS else set()
    if action == "update":
        # There only when code was pushed.
        if attributes.has("oldrev"):
            found.add(Happening.PUSHED)
        if changes is not None and changes.has("target_branch"):
            found.add(Happening.REBASED)
        draft = changes.maybe("draft") if changes is not None else None
        if draft is not None:
            found.add(Happening.DRAFTED if draft.flag("current") else Happening.READY)
    return frozenset(found)


def _labels_changed(changes: Fields | None) -> tuple[frozenset[str], frozenset[str]]:
    labels = changes.maybe("labels") if changes is not None else None
    if labels is None:
        return frozenset(), frozenset()
    before = frozenset(label.text("title") for label in labels.each("previous"))
    after = frozenset(label.text("title") for label in labels.each("current"))
    return after - before, before - after
