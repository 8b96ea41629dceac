"""Decisions about pull requests of GitHub."""

import pytest

from controller.pipeline.webhooks import BodyError, Rules
from tests.unit.pipeline.webhooks.payloads import LABEL, SHA, TIME, ask, changed, github, ping, verdict

FORKS = Rules(fork_label=LABEL)
DRAFTS = Rules(drafts=True)
SKIPPING = Rules(skip_bots=True)


@pytest.mark.parametrize("action", ["opened", "reopened", "synchronize", "ready_for_review"])
def test_openings_and_pushes_create_an_environment(action):
    assert verdict(github(action)) == "apply"


@pytest.mark.parametrize("action", ["labeled", "unlabeled", "assigned", "locked", "enqueued", "review_requested", "x"])
def test_other_actions_are_ignored(action):
    decision = ask(github(action, label="anything", labels=["anything"]))
    assert str(decision.verdict) == "ignore"
    assert repr(action) in decision.reason


@pytest.mark.parametrize("merged", [True, False])
def test_a_close_removes_the_environment(merged):
    decision = ask(github("closed", merged=merged))
    assert str(decision.verdict) == "remove"
    assert decision.reason == f"pull request 74 was {'merged' if merged else 'closed'}"


@pytest.mark.parametrize("action", ["synchronize", "edited", "labeled", "ready_for_review", "converted_to_draft"])
def test_events_after_the_close_are_ignored(action):
    decision = ask(github(action, state="closed", label=LABEL, labels=[LABEL]), rules=FORKS)
    assert str(decision.verdict) == "ignore"
    assert "already closed" in decision.reason


@pytest.mark.parametrize(
    ("action", "draft", "without", "with_drafts"),
    [
        ("opened", True, "ignore", "apply"),
        ("synchronize", True, "ignore", "apply"),
        ("converted_to_draft", True, "remove", "ignore"),
        ("ready_for_review", False, "apply", "apply"),
        ("closed", True, "remove", "remove"),
    ],
)
def test_drafts_get_environments_only_if_the_rules_say_so(action, draft, without, with_drafts):
    body = github(action, draft=draft)
    assert verdict(body) == without
    assert verdict(body, rules=DRAFTS) == with_drafts


@pytest.mark.parametrize("action", ["opened", "reopened", "synchronize", "ready_for_review", "labeled", "edited"])
def test_forks_are_ignored_unless_a_fork_label_is_set(action):
    decision = ask(github(action, fork=True, labels=[LABEL], label=LABEL))
    assert str(decision.verdict) == "ignore"
    assert "fork" in decision.reason


@pytest.mark.parametrize(
    ("action", "labels", "label", "want"),
    [
        ("opened", [], None, "ignore"),
        ("labeled", [LABEL], LABEL, "apply"),
        ("labeled", ["bug"], "bug", "ignore"),
        # Another label was set, while the fork label was set for an older commit.
        ("labeled", [LABEL, "bug"], "bug", "ignore"),
        ("unlabeled", [], LABEL, "remove"),
        ("unlabeled", [LABEL], "bug", "ignore"),
        # No maintainer has reviewed these commits, even if the label is still set.
        ("opened", [LABEL], None, "ignore"),
        ("synchronize", [LABEL], None, "ignore"),
        ("reopened", [LABEL], None, "ignore"),
        ("ready_for_review", [LABEL], None, "ignore"),
        ("converted_to_draft", [LABEL], None, "remove"),
        ("closed", [LABEL], None, "remove"),
        ("closed", [], None, "remove"),
    ],
)
def test_the_fork_label_allows_one_commit_of_a_fork(action, labels, label, want):
    assert verdict(github(action, fork=True, labels=labels, label=label), rules=FORKS) == want


def test_a_push_to_a_labelled_fork_needs_the_label_again():
    reason = ask(github("synchronize", fork=True, labels=[LABEL]), rules=FORKS).reason
    assert f"review commit {SHA}, then set the label 'preview' again" in reason


def test_a_fork_is_pinned_to_the_labelled_commit_of_the_fork():
    parameters = ask(github("labeled", fork=True, labels=[LABEL], label=LABEL), rules=FORKS).parameters
    assert parameters["git_url"] == "https://github.com/stranger/shop.git"
    assert parameters["git_ref"] == parameters["commit"] == SHA
    assert parameters["fork"] is True
    # The name and the origin are those of the target repository.
    assert (parameters["name"], parameters["repository_url"]) == ("shop-74", "https://github.com/acme/shop.git")


def test_the_branch_of_a_fork_is_known_beside_its_commit():
    parameters = ask(github("labeled", fork=True, labels=[LABEL], label=LABEL), rules=FORKS).parameters
    assert (parameters["branch"], parameters["author"]) == ("run-pipeline", "someone")
    assert parameters["pull_request_url"] == "https://github.com/acme/shop/pull/74"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("user", None),
        ("user", {"id": 7}),
        ("user", {"login": 7}),
        ("user", {"login": "some one"}),
        ("user", {"login": "@all"}),
        ("user", {"login": "a](https://evil.example)"}),
        ("html_url", None),
        ("html_url", 7),
        ("html_url", "javascript:alert(1)"),
        ("html_url", "https://user@evil.example/"),
    ],
)
def test_a_strange_author_or_link_is_left_out_and_fails_nothing(field, value):
    decision = ask(github(**{field: value}))
    assert str(decision.verdict) == "apply"
    assert decision.parameters[{"user": "author", "html_url": "pull_request_url"}[field]] == ""


def test_an_app_is_an_author_too():
    assert ask(github(user={"login": "renovate[bot]"})).parameters["author"] == "renovate[bot]"


def test_a_draft_of_a_fork_waits_until_it_is_ready():
    labeled = github("labeled", fork=True, labels=[LABEL], label=LABEL, draft=True)
    assert verdict(labeled, rules=FORKS) == "ignore"
    assert verdict(labeled, rules=Rules(fork_label=LABEL, drafts=True)) == "apply"


def test_a_deleted_fork_is_ignored_but_its_close_removes_it():
    assert verdict(github("labeled", gone=True, labels=[LABEL], label=LABEL), rules=FORKS) == "ignore"
    decision = ask(github("closed", gone=True), rules=FORKS)
    assert str(decision.verdict) == "remove"
    assert decision.parameters["repository_url"] == "https://github.com/acme/shop.git"


def test_equal_deliveries_get_equal_decisions():
    assert ask(github()) == ask(github())


@pytest.mark.parametrize("action", ["opened", "synchronize", "reopened"])
def test_creations_by_bots_can_be_ignored(action):
    body = {**github(action), "sender": {"id": 2, "login": "dependabot[bot]", "type": "Bot"}}
    assert verdict(body) == "apply"
    decision = ask(body, rules=SKIPPING)
    assert str(decision.verdict) == "ignore"
    assert "by the bot 'dependabot[bot]'" in decision.reason


@pytest.mark.parametrize("action", ["closed", "converted_to_draft"])
def test_removals_by_bots_are_never_ignored(action):
    body = {**github(action), "sender": {"id": 2, "login": "dependabot[bot]", "type": "Bot"}}
    assert verdict(body, rules=SKIPPING) == "remove"


def test_a_person_who_changes_a_bots_pull_request_is_not_a_bot():
    body = {**github("synchronize", user={"login": "dependabot[bot]"}), "sender": {"login": "someone", "type": "User"}}
    assert verdict(body, rules=SKIPPING) == "apply"
    assert verdict(changed(body, "sender", ...), rules=SKIPPING) == "apply"


def test_a_reopening_is_later_than_a_close_of_the_same_second():
    closed, reopened = (ask(github(action)).parameters["event_time"] for action in ("closed", "reopened"))
    assert closed == TIME
    assert reopened == "2026-03-01T12:00:00.5Z"


def test_the_parameters_include_the_repository_id():
    assert ask(github()).parameters["repository_id"] == "1"
    unnamed = {name: value for name, value in github()["repository"].items() if name != "id"}
    assert ask({**github(), "repository": unnamed}).parameters["repository_id"] == ""


def test_the_event_time_comes_from_the_provider():
    assert ask(github()).parameters["event_time"] == TIME
    assert ask(changed(github(), "pull_request.updated_at", ...)).parameters["event_time"] == ""


@pytest.mark.parametrize("event", ["push", "issue_comment", "check_run", "pull_request_review", "installation"])
def test_other_events_are_ignored_and_named(event):
    decision = ask({"action": "created", "repository": {"id": 1}}, event=event)
    assert str(decision.verdict) == "ignore"
    assert repr(event) in decision.reason


@pytest.mark.parametrize("beside", ["review", "comment", "thread"])
def test_other_events_about_pull_requests_are_recognized_and_ignored(beside):
    assert verdict({**github("edited"), beside: {"id": 1}, "changes": {"base": {}}}) == "ignore"


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("pull_request", ..., "pull_request: the field is missing"),
        ("repository", ..., "repository: the field is missing"),
        ("action", 3, "action: '3' is not a string"),
        ("action", "", "action: the string is empty"),
        ("pull_request.number", "74", "pull_request.number: '74' is not a number"),
        ("pull_request.number", True, "pull_request.number: True is not a number above 0"),
        ("pull_request.number", -1, "pull_request.number: -1 is not a number above 0"),
        ("pull_request.state", None, "pull_request.state: the field is missing"),
        ("pull_request.draft", "no", "pull_request.draft: 'no' is not true or false"),
        ("pull_request.labels", {}, "pull_request.labels: the value is not a list"),
        ("pull_request.labels", ["x"], "pull_request.labels[0]: this is not an object"),
        ("pull_request.head", [], "pull_request.head: the value is not an object"),
        ("pull_request.head.sha", "6f50ff2f", "pull_request.head.sha: '6f50ff2f' is not a full commit SHA"),
        ("pull_request.head.repo.id", "1", "pull_request.head.repo.id: '1' is not a number"),
        ("pull_request.updated_at", "yesterday", "pull_request.updated_at: 'yesterday' is not a valid time"),
        ("repository.clone_url", "file:///etc", "repository.clone_url: this is not a valid repository URL"),
        ("repository.clone_url", "https://u:secret@h/r", "repository.clone_url: this is not a valid repository URL"),
        ("repository.clone_url", "--upload-pack=x", "repository.clone_url: this is not a valid repository URL"),
        ("repository.name", "../../x", "repository.name: '../../x' is not a valid repository name"),
        ("repository.name", "..", "repository.name: '..' is not a valid repository name"),
        ("repository.name", "$(id)", "repository.name: '$(id)' is not a valid repository name"),
    ],
)
def test_an_invalid_field_is_rejected_with_its_path(path, value, words):
    with pytest.raises(BodyError) as refused:
        ask(changed(github(), path, value), event="pull_request")
    assert words in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "branch", ["a;curl${IFS}x|sh", "$(id)", "`id`", '";rm', "feat/ünïcode-日本", "{a}", "'x'", "+x"]
)
def test_an_unusual_branch_name_is_passed_unchanged(branch):
    assert ask(changed(github(), "pull_request.head.ref", branch)).parameters["git_ref"] == branch


@pytest.mark.parametrize(
    "branch",
    ['"; rm -rf /', "--upload-pack=x", "../../x", "a\nb", "a\x00b", "a b", "a..b", "a.lock", "/a", "a/", ".a", "a//b",
     "a@{1}", "@", "a:b", "a^", "a~1", "a*", "a?", "[a", "a\\b", "a\ud800b", "a\u2028b", "a" * 300],
    ids=ascii,
)  # fmt: skip
def test_an_invalid_branch_name_is_rejected(branch):
    with pytest.raises(BodyError, match=r"pull_request\.head\.ref: "):
        ask(changed(github(), "pull_request.head.ref", branch))


@pytest.mark.parametrize("event", ["", "ping"])
def test_a_ping_is_ignored_and_has_no_parameters(event):
    decision = ask(ping(), event=event)
    assert (str(decision.verdict), decision.provider, decision.parameters) == ("ignore", "github", {})
    assert "ping" in decision.reason


def test_only_a_new_base_branch_makes_an_edit_relevant():
    assert verdict({**github("edited"), "changes": {"title": {"from": "old"}}}) == "ignore"
    assert verdict({**github("edited"), "changes": {"base": {"ref": {"from": "old"}}}}) == "apply"


def test_labels_may_be_any_string():
    assert verdict(github(labels=["👩\u200d💻 ready", "a b", "x" * 200])) == "apply"
