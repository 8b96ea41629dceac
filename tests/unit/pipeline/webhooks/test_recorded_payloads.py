"""Decisions about real payloads of GitHub, unchanged and with one changed field."""

import pytest

from controller.pipeline.webhooks import Rules
from tests.unit.pipeline.webhooks.payloads import LABEL, ask, changed, recorded, verdict

FORK = Rules(fork_label=LABEL)
LABELS = [{"id": 1, "name": LABEL}]


@pytest.mark.parametrize(
    ("name", "want", "words"),
    [
        ("ghes-35.pull_request.opened.json", "apply", "opened"),
        ("ping.json", "ignore", "ping"),
        ("pull_request.closed.json", "remove", "closed"),
        ("pull_request.converted_to_draft.json", "remove", "draft"),
        ("pull_request.labeled.json", "ignore", "'labeled'"),
        ("pull_request.opened.json", "apply", "opened"),
        ("pull_request.opened.with-null-body.json", "apply", "opened"),
        ("pull_request.ready_for_review.json", "apply", "ready for review"),
        ("pull_request.synchronize.json", "apply", "new commits"),
    ],
)
@pytest.mark.parametrize("named", [False, True], ids=["without a header", "with a header"])
def test_every_recorded_payload_has_its_decision(name, want, words, named):
    event = ("ping" if name == "ping.json" else "pull_request") if named else ""
    decision = ask(recorded(name), event=event)
    assert (str(decision.verdict), decision.provider) == (want, "github")
    assert words in decision.reason


def test_the_parameters_come_from_the_pull_request():
    assert ask(recorded("pull_request.synchronize.json")).parameters == {
        "name": "Hello-World-2",
        "repo_name": "Hello-World",
        "pr_number": 2,
        "repository_url": "https://github.com/Codertocat/Hello-World.git",
        "repository_id": "186853002",
        "git_url": "https://github.com/Codertocat/Hello-World.git",
        "git_ref": "changes",
        "commit": recorded("pull_request.synchronize.json")["pull_request"]["head"]["sha"],
        "base_ref": "master",
        "fork": False,
        "event_time": "2019-05-15T15:20:33Z",
    }


def test_a_ping_has_no_parameters():
    assert ask(recorded("ping.json")).parameters == {}


@pytest.mark.parametrize(
    ("name", "path", "value", "want"),
    [
        ("pull_request.closed.json", "pull_request.merged", True, "remove"),
        ("pull_request.closed.json", "pull_request.head.repo", None, "remove"),
        ("pull_request.synchronize.json", "pull_request.state", "closed", "ignore"),
        ("pull_request.opened.json", "pull_request.draft", True, "ignore"),
        ("pull_request.opened.json", "pull_request.head.repo", None, "ignore"),
        ("pull_request.opened.json", "pull_request.head.repo.id", 1, "ignore"),
        ("pull_request.opened.json", "action", "reopened", "apply"),
        ("pull_request.opened.json", "action", "edited", "ignore"),
        ("pull_request.opened.json", "action", "auto_merge_enabled", "ignore"),
        ("pull_request.opened.json", "action", "a-word-of-tomorrow", "ignore"),
    ],
)
def test_a_single_changed_field_changes_the_decision(name, path, value, want):
    assert verdict(changed(recorded(name), path, value)) == want


def test_only_a_new_base_branch_makes_an_edit_relevant():
    edited = {**recorded("pull_request.opened.json"), "action": "edited"}
    assert verdict({**edited, "changes": {"title": {"from": "old"}}}) == "ignore"
    assert verdict({**edited, "changes": {"base": {"ref": {"from": "old"}}}}) == "apply"


def test_the_fork_label_allows_a_fork():
    labeled = changed(recorded("pull_request.labeled.json"), "pull_request.head.repo.id", 1)
    labeled = changed(changed(labeled, "pull_request.labels", LABELS), "label.name", LABEL)
    assert verdict(labeled) == "ignore"
    assert verdict(labeled, rules=FORK) == "apply"
    assert verdict({**labeled, "action": "unlabeled"}, rules=FORK) == "remove"
