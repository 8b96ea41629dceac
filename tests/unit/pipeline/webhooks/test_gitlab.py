"""Decisions about merge requests of GitLab, where one delivery can report several changes."""

import pytest

from controller.pipeline.webhooks import BodyError, Rules
from tests.unit.pipeline.webhooks.payloads import LABEL, SHA, TIME, ask, changed, gitlab, labels_changed, verdict

FORKS = Rules(fork_label=LABEL)
TO_DRAFT = {"draft": {"previous": False, "current": True}}
TO_READY = {"draft": {"previous": True, "current": False}}
TO_OTHER_BASE = {"target_branch": {"previous": "main", "current": "next"}}


@pytest.mark.parametrize(
    ("body", "want"),
    [
        (gitlab("open"), "apply"),
        (gitlab("reopen"), "apply"),
        (gitlab("update", pushed=True), "apply"),
        (gitlab("update", changes=TO_OTHER_BASE), "apply"),
        (gitlab("update", changes=TO_READY), "apply"),
        (gitlab("update", changes=TO_DRAFT, draft=True), "remove"),
        (gitlab("update", changes={"title": {"previous": "a", "current": "b"}}), "ignore"),
        (gitlab("update", changes=labels_changed([], ["x"]), labels=["x"]), "ignore"),
        (gitlab("update"), "ignore"),
        (gitlab("approved"), "ignore"),
        (gitlab("unapproval"), "ignore"),
        (gitlab("close"), "remove"),
        (gitlab("merge"), "remove"),
        (gitlab("update", pushed=True, state="closed"), "ignore"),
        (gitlab("update", pushed=True, state="merged"), "ignore"),
        (gitlab("open", draft=True), "ignore"),
        (gitlab("open", draft=..., work_in_progress=True), "ignore"),
        (gitlab("update", pushed=True, draft=True), "ignore"),
    ],
)
def test_every_action_has_its_decision(body, want):
    if body["object_attributes"]["draft"] is ...:
        body = changed(body, "object_attributes.draft", ...)
    decision = ask(body)
    assert (str(decision.verdict), decision.provider) == (want, "gitlab")


def renamed(before, now, **attributes):
    """Return an update for a new title by GitLab before 16, without a change of the draft field."""
    changes = {"title": {"previous": before, "current": now}}
    body = changed(gitlab("update", changes=changes, **attributes), "object_attributes.draft", ...)
    return changed(body, "object_attributes.title", now)


DRAFT_TITLES = ["Draft: x", "[Draft] x", "(Draft) x", "draft: x", "WIP: x", "[WIP] x", "wip x", "Draft - x", " DRAFT:x"]


@pytest.mark.parametrize("title", DRAFT_TITLES)
def test_before_gitlab_16_a_new_title_starts_or_ends_a_draft(title):
    assert verdict(renamed("x", title, work_in_progress=True)) == "remove"
    assert verdict(renamed(title, "x", work_in_progress=False)) == "apply"
    assert verdict(renamed(title, "Draft: y", work_in_progress=True)) == "ignore"
    assert verdict(renamed("x", title, work_in_progress=True), rules=Rules(drafts=True)) == "ignore"


@pytest.mark.parametrize("title", DRAFT_TITLES)
def test_without_a_draft_field_the_title_decides(title):
    body = changed(renamed("x", title), "object_attributes.work_in_progress", ...)
    assert verdict(body) == "remove"
    assert verdict(changed(renamed(title, "x"), "object_attributes.work_in_progress", ...)) == "apply"
    assert verdict(changed(changed(body, "object_attributes.action", "open"), "changes", ...)) == "ignore"


@pytest.mark.parametrize("title", ["Drafty: x", "x draft", "x (Draft)", "wipe: x", "Redraft: x"])
def test_titles_without_a_draft_mark_are_not_drafts(title):
    assert verdict(renamed("x", title)) == "ignore"
    assert verdict(renamed(title, "x")) == "ignore"


def test_a_mark_that_a_version_no_longer_supports_is_ignored():
    # GitLab dropped the mark "WIP:" in version 14, and the field shows that.
    assert verdict(renamed("x", "WIP: x", work_in_progress=False)) == "ignore"


def test_from_gitlab_16_the_draft_field_decides_and_not_the_title():
    title = {"title": {"previous": "Draft: x", "current": "x"}}
    assert verdict(gitlab("update", changes={**title, **TO_READY})) == "apply"
    assert verdict(gitlab("update", changes={**title, **TO_DRAFT}, draft=True)) == "remove"


@pytest.mark.parametrize("changes", [None, ...])
def test_an_update_without_changes_changes_nothing(changes):
    assert verdict(changed(gitlab("update"), "changes", changes)) == "ignore"
    assert verdict(changed(gitlab("update", pushed=True), "changes", changes)) == "apply"


@pytest.mark.parametrize("action", [None, "", ...])
@pytest.mark.parametrize("event", ["Merge Request Hook", "System Hook", ""])
@pytest.mark.parametrize("attributes", [{}, {"state": "merged", "last_commit": None, "source": None}])
def test_a_merge_request_without_an_action_is_a_webhook_test(action, event, attributes):
    decision = ask(changed(gitlab(**attributes), "object_attributes.action", action), event=event)
    assert (str(decision.verdict), decision.provider, decision.parameters) == ("ignore", "gitlab", {})
    assert "test of the webhook" in decision.reason


@pytest.mark.parametrize("labels", ["labels", "object_attributes.labels"])
def test_labels_are_read_from_the_top_level_and_the_attributes(labels):
    body = gitlab("update", fork=True, labels=[LABEL], changes=labels_changed([], [LABEL]))
    assert verdict(changed(body, labels, ...), rules=FORKS) == "apply"
    taken = gitlab("update", fork=True, changes=labels_changed([LABEL], []))
    assert verdict(changed(taken, labels, ...), rules=FORKS) == "remove"


@pytest.mark.parametrize("action", ["update", "approved"])
@pytest.mark.parametrize("state", ["opened", "closed", "merged"])
def test_a_merge_request_with_a_deleted_branch_is_valid(action, state):
    assert verdict(gitlab(action, last_commit=None, state=state)) == "ignore"


def test_a_draft_with_a_deleted_branch_is_removed():
    assert verdict(gitlab("update", changes=TO_DRAFT, draft=True, last_commit=None)) == "remove"


def test_a_fork_without_a_commit_is_not_allowed():
    body = gitlab("update", fork=True, labels=[LABEL], changes=labels_changed([], [LABEL]), last_commit=None)
    assert verdict(body, rules=FORKS) == "ignore"


@pytest.mark.parametrize("name", ["project_7_bot", "group_7_bot_0a1b2c"])
def test_only_creations_by_bots_are_ignored(name):
    rules = Rules(skip_bots=True)
    assert verdict(changed(gitlab(), "user.username", name), rules=rules) == "ignore"
    assert verdict(changed(gitlab("close"), "user.username", name), rules=rules) == "remove"
    assert verdict(gitlab(), rules=rules) == "apply"


def test_a_draft_that_is_pushed_and_made_ready_at_once_is_applied():
    assert verdict(gitlab("update", pushed=True, changes=TO_READY)) == "apply"


def test_the_reason_distinguishes_merged_from_closed():
    assert ask(gitlab("merge")).reason == "pull request 74 was merged"
    assert ask(gitlab("close")).reason == "pull request 74 was closed"


@pytest.mark.parametrize(
    ("body", "want"),
    [
        (gitlab("open", fork=True), "ignore"),
        (gitlab("open", fork=True, labels=[LABEL]), "ignore"),
        (gitlab("update", fork=True, labels=[LABEL], changes=labels_changed([], [LABEL])), "apply"),
        (gitlab("update", fork=True, labels=[LABEL], changes=labels_changed([LABEL], [LABEL, "x"])), "ignore"),
        (gitlab("update", fork=True, labels=[LABEL], changes=labels_changed([], [LABEL]), pushed=True), "ignore"),
        (gitlab("update", fork=True, labels=[LABEL], pushed=True), "ignore"),
        (gitlab("update", fork=True, changes=labels_changed([LABEL], [])), "remove"),
        (gitlab("reopen", fork=True, labels=[LABEL]), "ignore"),
        (gitlab("close", fork=True), "remove"),
        (gitlab("merge", gone=True), "remove"),
        (gitlab("update", gone=True, labels=[LABEL], changes=labels_changed([], [LABEL])), "ignore"),
    ],
)
def test_forks_need_the_label_again_after_each_push(body, want):
    assert verdict(body, rules=FORKS) == want


@pytest.mark.parametrize("action", ["open", "reopen", "update"])
def test_forks_are_ignored_unless_a_fork_label_is_set(action):
    body = gitlab(action, fork=True, pushed=True, labels=[LABEL], changes=labels_changed([], [LABEL]))
    assert verdict(body) == "ignore"


def test_the_parameters_come_from_the_merge_request():
    assert ask(gitlab("update", pushed=True)).parameters == {
        "name": "shop-74",
        "repo_name": "shop",
        "pr_number": 74,
        "repository_url": "https://gitlab.example.com/acme/shop.git",
        "repository_id": "1",
        "git_url": "https://gitlab.example.com/acme/shop.git",
        "git_ref": "run-pipeline",
        "commit": SHA,
        "branch": "run-pipeline",
        "author": "someone",
        "pull_request_url": "https://gitlab.example.com/acme/shop/-/merge_requests/74",
        "base_ref": "main",
        "fork": False,
        "event_time": TIME,
    }


@pytest.mark.parametrize("author_id", [8, None, "7", {}])
def test_another_user_than_the_author_is_not_named_as_the_author(author_id):
    assert ask(gitlab("update", pushed=True, author_id=author_id)).parameters["author"] == ""


def test_a_fork_is_pinned_to_the_labelled_commit():
    body = gitlab("update", fork=True, labels=[LABEL], changes=labels_changed([], [LABEL]))
    parameters = ask(body, rules=FORKS).parameters
    assert parameters["git_url"] == "https://gitlab.example.com/stranger/shop.git"
    assert parameters["git_ref"] == SHA


@pytest.mark.parametrize("time", ["2026-03-01 12:00:00 UTC", "2026-03-01T12:00:00Z", "2026-03-01T14:00:00.944+02:00"])
def test_all_time_formats_of_gitlab_are_read(time):
    assert ask(gitlab(updated_at=time)).parameters["event_time"] == TIME


def test_a_moved_project_is_not_a_fork():
    moved = changed(gitlab(), "object_attributes.source.path_with_namespace", "old/place")
    assert ask(moved).parameters["fork"] is False


def test_a_close_does_not_need_a_commit():
    assert verdict(gitlab("close", last_commit=None)) == "remove"
    with pytest.raises(BodyError, match=r"object_attributes\.last_commit: the field is missing"):
        ask(gitlab("open", last_commit=None))


@pytest.mark.parametrize("event", ["Merge Request Hook", "System Hook", ""])
def test_the_event_header_is_optional(event):
    assert verdict(gitlab(), event=event) == "apply"


@pytest.mark.parametrize("body", [{"object_kind": "push"}, {"object_kind": "note"}, {"event_name": "project_create"}])
@pytest.mark.parametrize("event", ["Push Hook", "System Hook", ""])
def test_other_events_are_ignored(body, event):
    decision = ask(body, event=event)
    assert (str(decision.verdict), decision.provider) == ("ignore", "gitlab")


@pytest.mark.parametrize("path", ["object_attributes", "object_attributes.iid", "object_attributes.target"])
def test_a_missing_field_is_rejected_with_its_path(path):
    with pytest.raises(BodyError, match=f"{path}: the field is missing"):
        ask(changed(gitlab(), path, ...))
