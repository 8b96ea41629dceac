"""Decisions about pull requests of Gitea and Forgejo."""

import hashlib
import hmac
import json

import pytest

from controller.pipeline.webhooks import BodyError, Rules, Unverified
from tests.unit.pipeline.webhooks.payloads import LABEL, SHA, TIME, ask, changed, gitea, gitlab, verdict

FORKS = Rules(fork_label=LABEL)
SECRET = b"5d41402abc4b2a76b9719d911017c592" * 2
OTHER_BASE = {"ref": {"from": "next"}}


def title_was(text):
    """Return the `changes` for a new title."""
    return {"title": {"from": text}}


def labels(*, added=(), removed=()):
    """Return the `changes` for labels that newer versions of Gitea send."""
    return {
        "added_labels": [{"id": 1, "name": name} for name in added] or None,
        "removed_labels": [{"id": 1, "name": name} for name in removed] or None,
    }


@pytest.mark.parametrize(
    ("body", "want"),
    [
        (gitea("opened"), "apply"),
        (gitea("reopened"), "apply"),
        (gitea("synchronized"), "apply"),
        (gitea("edited", changes=OTHER_BASE), "apply"),
        (gitea("closed"), "remove"),
        (gitea("closed", merged=True), "remove"),
        (gitea("synchronized", state="closed"), "ignore"),
        (gitea("edited"), "ignore"),
        (gitea("edited", changes=title_was("Sell")), "ignore"),
        (gitea("edited", changes={"body": {"from": "x"}}), "ignore"),
        (gitea("label_updated", labels=[LABEL]), "ignore"),
        (gitea("label_cleared"), "ignore"),
        (gitea("assigned"), "ignore"),
        (gitea("milestoned"), "ignore"),
        (gitea("review_requested"), "ignore"),
        (gitea("reviewed"), "ignore"),
    ],
)
def test_every_action_has_its_decision(body, want):
    decision = ask(body)
    assert (str(decision.verdict), decision.provider) == (want, "gitea")


@pytest.mark.parametrize("title", ["WIP: x", "wip:x", "[WIP] x", " [wip]x"])
def test_a_draft_is_recognized_by_its_title(title):
    assert verdict(gitea("opened", title=title)) == "ignore"
    assert verdict(gitea("synchronized", title=title)) == "ignore"
    assert verdict(gitea("edited", title=title, changes=title_was("x"))) == "remove"
    assert verdict(gitea("edited", title="x", changes=title_was(title))) == "apply"
    assert verdict(gitea("edited", title=title, changes=title_was("WIP: y"))) == "ignore"
    assert verdict(gitea("opened", title=title), rules=Rules(drafts=True)) == "apply"


@pytest.mark.parametrize("title", ["WIPE: x", "x WIP: y", "[x] WIP", "Draft: x"])
def test_titles_without_a_draft_mark_are_not_drafts(title):
    assert verdict(gitea("opened", title=title)) == "apply"


def test_the_draft_field_decides_if_it_exists():
    assert verdict(gitea("opened", title="WIP: x", draft=False)) == "apply"
    assert verdict(gitea("opened", draft=True)) == "ignore"
    # The administrator of Gitea configured this mark.
    assert verdict(gitea("edited", title="Draft: x", draft=True, changes=title_was("x"))) == "remove"
    assert verdict(gitea("edited", title="x", draft=False, changes=title_was("Draft: x"))) == "apply"


@pytest.mark.parametrize(
    ("body", "want"),
    [
        (gitea("opened", fork=True, labels=[LABEL]), "ignore"),
        (gitea("label_updated", fork=True, labels=[LABEL], changes=labels(added=[LABEL])), "apply"),
        (gitea("label_updated", fork=True, labels=[LABEL], label=LABEL), "apply"),
        (gitea("label_updated", fork=True, labels=[LABEL, "x"], changes=labels(added=["x"])), "ignore"),
        (gitea("label_updated", fork=True, labels=[LABEL, "x"], label="x"), "ignore"),
        (gitea("label_updated", fork=True, labels=[LABEL], changes=labels(removed=["x"])), "ignore"),
        (gitea("label_updated", fork=True, labels=["x"], changes=labels(removed=[LABEL])), "remove"),
        (gitea("label_cleared", fork=True, label=LABEL), "remove"),
        # Older versions do not name the label, so it is unknown whether the fork label was just set.
        (gitea("label_updated", fork=True, labels=[LABEL]), "ignore"),
        (gitea("label_updated", fork=True, labels=["x"]), "remove"),
        (gitea("label_cleared", fork=True), "remove"),
        (gitea("synchronized", fork=True, labels=[LABEL]), "ignore"),
        (gitea("closed", fork=True), "remove"),
        (gitea("closed", gone=True), "remove"),
        (gitea("label_updated", gone=True, labels=[LABEL], changes=labels(added=[LABEL])), "ignore"),
    ],
)
def test_forks_need_the_label_again_after_each_push(body, want):
    assert verdict(body, rules=FORKS) == want


def test_the_reason_says_that_older_versions_do_not_name_the_label():
    reason = ask(gitea("label_updated", fork=True, labels=[LABEL]), rules=FORKS).reason
    assert "does not say whether the label 'preview' was just set" in reason


@pytest.mark.parametrize("rules", [Rules(), FORKS])
def test_code_without_a_branch_is_not_trusted(rules):
    # Everyone with read access can push to refs/for/main, which opens a pull request without a branch.
    pushed = gitea("opened", labels=[LABEL], head={**gitea()["pull_request"]["head"], "ref": "refs/pull/74/head"})
    assert verdict(pushed, rules=rules) == "ignore"
    labelled = {**pushed, "action": "label_updated", "changes": labels(added=[LABEL])}
    assert verdict(labelled, rules=rules) == "ignore"
    assert verdict(changed(changed(pushed, "action", "closed"), "pull_request.state", "closed")) == "remove"


def test_a_close_does_not_need_a_commit():
    head = {**gitea()["pull_request"]["head"], "sha": "", "repo": None, "repo_id": -1}
    assert verdict(gitea("closed", head=head)) == "remove"
    with pytest.raises(BodyError, match=r"head\.sha: the string is empty"):
        ask(gitea("opened", head={**head, "repo": gitea()["repository"]}))


def test_the_parameters_come_from_the_pull_request():
    assert ask(gitea("synchronized")).parameters == {
        "name": "shop-74",
        "repo_name": "shop",
        "pr_number": 74,
        "repository_url": "https://gitea.example.com/acme/shop.git",
        "repository_id": "1",
        "git_url": "https://gitea.example.com/acme/shop.git",
        "git_ref": "run-pipeline",
        "commit": SHA,
        "branch": "run-pipeline",
        "author": "someone",
        "pull_request_url": "https://github.com/acme/shop/pull/74",
        "base_ref": "main",
        "fork": False,
        "event_time": TIME,
    }


@pytest.mark.parametrize(
    ("header", "action", "want"),
    [
        ("pull_request", "opened", "apply"),
        ("pull_request_sync", "synchronized", "apply"),
        ("pull_request_label", "label_updated", "ignore"),
        ("pull_request_assign", "assigned", "ignore"),
        ("pull_request_milestone", "milestoned", "ignore"),
        ("pull_request_review_request", "review_requested", "ignore"),
        ("pull_request_review_approved", "reviewed", "ignore"),
        ("pull_request_approved", "reviewed", "ignore"),
        ("issue_comment", "opened", "ignore"),
    ],
)
def test_both_event_headers_are_understood(header, action, want):
    assert verdict(gitea(action), event=header) == want


def test_a_label_event_named_by_its_type_removes_a_fork():
    assert verdict(gitea("label_cleared", fork=True), rules=FORKS, event="pull_request_label") == "remove"


@pytest.mark.parametrize("beside", ["review", "comment"])
def test_other_events_about_pull_requests_are_ignored(beside):
    assert verdict({**gitea("opened"), beside: {"type": "x", "content": "y"}}) == "ignore"


def digest(body, secret=SECRET):
    """Return the value of X-Gitea-Signature, which X-Forgejo-Signature has too."""
    return hmac.new(secret, json.dumps(body).encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize("form", ["{}", "sha256={}"], ids=["X-Gitea-Signature", "X-Hub-Signature-256"])
def test_a_signed_delivery_is_decided(form):
    proof = form.format(digest(gitea("synchronized")))
    assert verdict(gitea("synchronized"), signature=proof, secret=SECRET) == "apply"


@pytest.mark.parametrize("proof", [digest(gitea(), b"another"), digest(gitea("closed")), digest(gitea()).upper()])
def test_a_wrong_signature_is_rejected(proof):
    with pytest.raises(Unverified):
        ask(gitea(), signature=proof, secret=SECRET)


@pytest.mark.parametrize("event", ["", "push"])
def test_the_delivery_of_its_test_button_is_ignored(event):
    # The test button sends a push event, whatever events the webhook is configured for.
    body = {"ref": "refs/heads/main", "commits": [], "repository": {"id": 1, "empty": False}}
    decision = ask(body, event=event, signature=digest(body), secret=SECRET)
    assert (str(decision.verdict), decision.provider) == ("ignore", "gitea")


def test_a_gitlab_token_may_look_like_a_digest():
    assert verdict(gitlab(), signature=SECRET.decode(), secret=SECRET) == "apply"
    with pytest.raises(Unverified, match="gitlab"):
        ask(gitlab(), signature=digest(gitlab()), secret=SECRET)


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"pullrequest": {"id": 1}, "repository": {}}, "Bitbucket"),
        ({"eventKey": "pr:opened", "pullRequest": {"id": 1}}, "Bitbucket"),
        ({"eventType": "git.pullrequest.created", "resource": {}}, "Azure DevOps"),
        ({"action": "opened", "pull_request": {"head_branch": "x"}, "repository": {}}, "Gogs"),
    ],
)
@pytest.mark.parametrize("event", ["", "pull_request"])
def test_unsupported_providers_are_rejected_by_name(body, name, event):
    with pytest.raises(BodyError, match=f"webhooks of {name} are not supported; use GitHub, GitLab, Gitea"):
        ask(body, event=event)
