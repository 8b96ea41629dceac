"""What GitHub's pull requests come to."""

import pytest

from controller.pipeline.webhooks import BodyError, Rules
from tests.unit.pipeline.webhooks.payloads import LABEL, SHA, TIME, ask, changed, github, verdict

FORKS = Rules(fork_label=LABEL)
DRAFTS = Rules(drafts=True)
SKIPPING = Rules(skip_bots=True)


@pytest.mark.parametrize("action", ["opened", "reopened", "synchronize", "ready_for_review"])
def test_what_makes_an_environment(action):
    assert verdict(github(action)) == "apply"


@pytest.mark.parametrize("action", ["labeled", "unlabeled", "assigned", "locked", "enqueued", "review_requested", "x"])
def test_what_changes_nothing(action):
    decision = ask(github(action, label="anything", labels=["anything"]))
    assert str(decision.verdict) == "ignore"
    assert repr(action) in decision.reason


@pytest.mark.parametrize("merged", [True, False])
def test_a_close_takes_it_down(merged):
    decision = ask(github("closed", merged=merged))
    assert str(decision.verdict) == "remove"
    assert decision.reason == f"pull request 74 was {'merged' if merged else 'closed'}"


@pytest.mark.parametrize("action", ["synchronize", "edited", "labeled", "ready_for_review", "converted_to_draft"])
def test_what_comes_after_the_close_changes_nothing(action):
    decision = ask(github(action, state="closed", label=LABEL, labels=[LABEL]), rules=FORKS)
    assert str(decision.verdict) == "ignore"
    assert "closed already" in decision.reason


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
def test_drafts_are_the_platform_teams_choice(action, draft, without, with_drafts):
    body = github(action, draft=draft)
    assert verdict(body) == without
    assert verdict(body, rules=DRAFTS) == with_drafts


@pytest.mark.parametrize("action", ["opened", "reopened", "synchronize", "ready_for_review", "labeled", "edited"])
def test_forks_are_ignored_unless_a_label_is_named(action):
    decision = ask(github(action, fork=True, labels=[LABEL], label=LABEL))
    assert str(decision.verdict) == "ignore"
    assert "fork" in decision.reason


@pytest.mark.parametrize(
    ("action", "labels", "label", "want"),
    [
        ("opened", [], None, "ignore"),
        ("labeled", [LABEL], LABEL, "apply"),
        ("labeled", ["bug"], "bug", "ignore"),
        # Another label, while the right one is there since an older commit.
        ("labeled", [LABEL, "bug"], "bug", "ignore"),
        ("unlabeled", [], LABEL, "remove"),
        ("unlabeled", [LABEL], "bug", "ignore"),
        # Nobody has looked at what these bring, whatever label is still there.
        ("opened", [LABEL], None, "ignore"),
        ("synchronize", [LABEL], None, "ignore"),
        ("reopened", [LABEL], None, "ignore"),
        ("ready_for_review", [LABEL], None, "ignore"),
        ("converted_to_draft", [LABEL], None, "remove"),
        ("closed", [LABEL], None, "remove"),
        ("closed", [], None, "remove"),
    ],
)
def test_a_label_lets_one_commit_of_a_fork_in(action, labels, label, want):
    assert verdict(github(action, fork=True, labels=labels, label=label), rules=FORKS) == want


def test_a_push_to_a_labelled_fork_asks_for_the_label_again():
    reason = ask(github("synchronize", fork=True, labels=[LABEL]), rules=FORKS).reason
    assert f"set the label 'preview' again after a look at commit {SHA}" in reason


def test_a_fork_is_pinned_to_the_commit_that_was_looked_at_in_the_fork_itself():
    parameters = ask(github("labeled", fork=True, labels=[LABEL], label=LABEL), rules=FORKS).parameters
    assert parameters["git_url"] == "https://github.com/stranger/shop.git"
    assert parameters["git_ref"] == parameters["commit"] == SHA
    assert parameters["fork"] is True
    # Its name and its origin are those of the repository that it asks to be merged into.
    assert (parameters["name"], parameters["repository_url"]) == ("shop-74", "https://github.com/acme/shop.git")


def test_a_draft_of_a_fork_waits_until_it_is_ready():
    labeled = github("labeled", fork=True, labels=[LABEL], label=LABEL, draft=True)
    assert verdict(labeled, rules=FORKS) == "ignore"
    assert verdict(labeled, rules=Rules(fork_label=LABEL, drafts=True)) == "apply"


def test_a_fork_that_is_gone_makes_nothing_but_is_taken_down():
    assert verdict(github("labeled", gone=True, labels=[LABEL], label=LABEL), rules=FORKS) == "ignore"
    decision = ask(github("closed", gone=True), rules=FORKS)
    assert str(decision.verdict) == "remove"
    assert decision.parameters["repository_url"] == "https://github.com/acme/shop.git"


def test_the_same_delivery_has_the_same_answer():
    assert ask(github()) == ask(github())


@pytest.mark.parametrize("action", ["opened", "synchronize", "reopened"])
def test_bots_may_be_skipped_for_what_makes_an_environment(action):
    body = {**github(action), "sender": {"id": 2, "login": "dependabot[bot]", "type": "Bot"}}
    assert verdict(body) == "apply"
    decision = ask(body, rules=SKIPPING)
    assert str(decision.verdict) == "ignore"
    assert "by the bot 'dependabot[bot]'" in decision.reason


@pytest.mark.parametrize("action", ["closed", "converted_to_draft"])
def test_bots_are_never_skipped_for_what_takes_one_down(action):
    body = {**github(action), "sender": {"id": 2, "login": "dependabot[bot]", "type": "Bot"}}
    assert verdict(body, rules=SKIPPING) == "remove"


def test_what_a_person_does_to_a_bots_pull_request_is_not_the_bots_doing():
    body = {**github("synchronize", user={"login": "dependabot[bot]"}), "sender": {"login": "someone", "type": "User"}}
    assert verdict(body, rules=SKIPPING) == "apply"
    assert verdict(changed(body, "sender", ...), rules=SKIPPING) == "apply"


def test_a_reopening_is_later_than_a_close_of_the_same_second():
    closed, reopened = (ask(github(action)).parameters["event_time"] for action in ("closed", "reopened"))
    assert closed == TIME
    assert reopened == "2026-03-01T12:00:00.5Z"


def test_the_repository_is_named_by_its_number_too():
    assert ask(github()).parameters["repository_id"] == "1"
    unnamed = {name: value for name, value in github()["repository"].items() if name != "id"}
    assert ask({**github(), "repository": unnamed}).parameters["repository_id"] == ""


def test_the_time_is_the_providers():
    assert ask(github()).parameters["event_time"] == TIME
    assert ask(changed(github(), "pull_request.updated_at", ...)).parameters["event_time"] == ""


@pytest.mark.parametrize("event", ["push", "issue_comment", "check_run", "pull_request_review", "installation"])
def test_other_events_are_ignored_by_their_name(event):
    decision = ask({"action": "created", "repository": {"id": 1}}, event=event)
    assert str(decision.verdict) == "ignore"
    assert repr(event) in decision.reason


@pytest.mark.parametrize("beside", ["review", "comment", "thread"])
def test_other_events_about_pull_requests_are_told_by_what_stands_beside_them(beside):
    assert verdict({**github("edited"), beside: {"id": 1}, "changes": {"base": {}}}) == "ignore"


@pytest.mark.parametrize(
    ("path", "value", "words"),
    [
        ("pull_request", ..., "pull_request: is missing"),
        ("repository", ..., "repository: is missing"),
        ("action", 3, "action: '3' is not a text"),
        ("action", "", "action: is empty"),
        ("pull_request.number", "74", "pull_request.number: '74' is not a number"),
        ("pull_request.number", True, "pull_request.number: True is not a number above 0"),
        ("pull_request.number", -1, "pull_request.number: -1 is not a number above 0"),
        ("pull_request.state", None, "pull_request.state: is missing"),
        ("pull_request.draft", "no", "pull_request.draft: 'no' is not true or false"),
        ("pull_request.labels", {}, "pull_request.labels: '{}' is not a list"),
        ("pull_request.labels", ["x"], "pull_request.labels[0]: is no object"),
        ("pull_request.head", [], "pull_request.head: '[]' is not an object"),
        ("pull_request.head.sha", "6f50ff2f", "pull_request.head.sha: '6f50ff2f' is no commit"),
        ("pull_request.head.repo.id", "1", "pull_request.head.repo.id: '1' is not a number"),
        ("pull_request.updated_at", "yesterday", "pull_request.updated_at: 'yesterday' is no moment"),
        ("repository.clone_url", "file:///etc", "repository.clone_url: is not the URL of a repository"),
        ("repository.clone_url", "https://u:secret@h/r", "repository.clone_url: is not the URL of a repository"),
        ("repository.clone_url", "--upload-pack=x", "repository.clone_url: is not the URL of a repository"),
        ("repository.name", "../../x", "repository.name: '../../x' is no name of a repository"),
        ("repository.name", "..", "repository.name: '..' is no name of a repository"),
        ("repository.name", "$(id)", "repository.name: '$(id)' is no name of a repository"),
    ],
)
def test_a_broken_body_is_refused_with_its_field(path, value, words):
    with pytest.raises(BodyError) as refused:
        ask(changed(github(), path, value), event="pull_request")
    assert words in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    "branch", ["a;curl${IFS}x|sh", "$(id)", "`id`", '";rm', "feat/ünïcode-日本", "{a}", "'x'", "+x"]
)
def test_a_strange_branch_comes_out_as_it_is(branch):
    assert ask(changed(github(), "pull_request.head.ref", branch)).parameters["git_ref"] == branch


@pytest.mark.parametrize(
    "branch",
    ['"; rm -rf /', "--upload-pack=x", "../../x", "a\nb", "a\x00b", "a b", "a..b", "a.lock", "/a", "a/", ".a", "a//b",
     "a@{1}", "@", "a:b", "a^", "a~1", "a*", "a?", "[a", "a\\b", "a\ud800b", "a\u2028b", "a" * 300],
    ids=ascii,
)  # fmt: skip
def test_a_branch_that_git_would_not_have_is_refused(branch):
    with pytest.raises(BodyError, match=r"pull_request\.head\.ref: "):
        ask(changed(github(), "pull_request.head.ref", branch))


def test_labels_may_be_anything_that_is_text():
    assert verdict(github(labels=["👩\u200d💻 ready", "a b", "x" * 200])) == "apply"
