"""Which pull requests get an environment: by labels, branches, author and files, at GitHub, GitLab and Gitea."""

import json

import pytest

from controller.app import cli
from controller.pipeline.webhooks import Rules, Selection
from tests.unit.pipeline.webhooks.payloads import ask, gitea, github, gitlab, labels_changed

PREVIEW, SKIP = "preview", "no-preview"
LABELLED = Rules(selection=Selection(labels=(PREVIEW,), exclude_labels=(SKIP,)))
BOTH = Rules(selection=Selection(labels=(PREVIEW, "ready")))


def decided(body, rules):
    decision = ask(body, rules=rules)
    return str(decision.verdict), decision.reason


# Each row: what happened, what is decided, and words of the reason.
LABEL_ROWS = {
    "opened with it": (github(labels=[PREVIEW]), "apply", "was opened"),
    "opened without it": (github(), "ignore", "does not have the label 'preview'"),
    "pushed without it": (github("synchronize"), "ignore", "does not have the label"),
    "pushed with both": (github("synchronize", labels=[PREVIEW, SKIP]), "ignore", "has the label 'no-preview'"),
    "set": (github("labeled", labels=[PREVIEW], label=PREVIEW), "apply", "the label 'preview' was set"),
    "another set": (github("labeled", labels=[PREVIEW, "x"], label="x"), "ignore", "does not affect"),
    "removed": (github("unlabeled", labels=[], label=PREVIEW), "remove", "the label 'preview' was removed"),
    "another removed": (github("unlabeled", labels=[PREVIEW], label="x"), "ignore", "does not affect"),
    "excluded": (github("labeled", labels=[PREVIEW, SKIP], label=SKIP), "remove", "the label 'no-preview' was set"),
    "admitted": (github("unlabeled", labels=[PREVIEW], label=SKIP), "apply", "the label 'no-preview' was removed"),
    "set on a draft": (github("labeled", labels=[PREVIEW], label=PREVIEW, draft=True), "ignore", "is a draft"),
    "set too late": (github("labeled", labels=[PREVIEW], label=PREVIEW, state="closed"), "ignore", "already closed"),
    "set on a fork": (github("labeled", labels=[PREVIEW], label=PREVIEW, fork=True), "ignore", "comes from a fork"),
    "closed without it": (github("closed"), "remove", "was closed"),
    "drafted without it": (github("converted_to_draft", draft=True), "remove", "became a draft"),
    "set at GitLab": (
        gitlab("update", labels=[PREVIEW], changes=labels_changed([], [PREVIEW])),
        "apply",
        "the label 'preview' was set",
    ),
    "removed at GitLab": (
        gitlab("update", changes=labels_changed([PREVIEW], [])),
        "remove",
        "the label 'preview' was removed",
    ),
    "pushed at GitLab, and excluded": (
        gitlab("update", labels=[PREVIEW, SKIP], pushed=True, changes=labels_changed([PREVIEW], [PREVIEW, SKIP])),
        "remove",
        "the label 'no-preview' was set",
    ),
    "opened at GitLab without it": (gitlab(), "ignore", "does not have the label"),
    "set at Forgejo": (gitea("label_updated", labels=[PREVIEW], label=PREVIEW), "apply", "was set"),
    "set at an old Gitea": (gitea("label_updated", labels=[PREVIEW]), "apply", "its labels have changed"),
    "removed at an old Gitea": (gitea("label_cleared", labels=[]), "remove", "does not have the label"),
}


def test_setting_a_label_creates_an_environment_and_removing_it_ends_it():
    for name, (body, verdict, words) in LABEL_ROWS.items():
        found, reason = decided(body, LABELLED)
        assert (found, words in reason) == (verdict, True), f"{name}: {found}, {reason}"


def test_all_labels_are_needed():
    assert decided(github("labeled", labels=[PREVIEW], label=PREVIEW), BOTH)[0] == "ignore"
    assert decided(github("labeled", labels=[PREVIEW, "ready"], label="ready"), BOTH)[0] == "apply"
    assert decided(github("unlabeled", labels=["ready"], label=PREVIEW), BOTH)[0] == "remove"


def test_a_fork_needs_its_own_label_and_the_others():
    rules = Rules(fork_label="allowed", selection=Selection(labels=(PREVIEW,), base_branches=("main",)))
    assert decided(github("labeled", labels=["allowed"], label="allowed", fork=True), rules)[0] == "ignore"
    labels = ["allowed", PREVIEW]
    assert decided(github("labeled", labels=labels, label="allowed", fork=True), rules)[0] == "apply"
    # It may allow another commit than the one that was reviewed.
    assert decided(github("labeled", labels=labels, label=PREVIEW, fork=True), rules)[0] == "ignore"
    assert decided(github("unlabeled", labels=["allowed"], label=PREVIEW, fork=True), rules)[0] == "remove"


RETARGETED = {"changes": {"base": {"ref": {"from": "main"}}}}
# The branch is run-pipeline, the target main, and the author someone.
BRANCH_ROWS = (
    ({"base_branches": ("main", "release/*")}, "apply"),
    ({"base_branches": ("release/*",)}, "ignore"),
    ({"branches": ("run-*", "x")}, "apply"),
    ({"branches": ("feature/*",)}, "ignore"),
    ({"branches": ("Run-*",)}, "ignore"),
    ({"exclude_authors": ("dependabot*", "renovate*")}, "apply"),
    ({"exclude_authors": ("some*",)}, "ignore"),
    ({"paths": ("deploy/*",), "changed_files": ("docs/x.md", "deploy/a/b.yaml")}, "apply"),
    ({"paths": ("deploy/*",), "changed_files": ("docs/deploy/x",)}, "ignore"),
    ({"paths": ("deploy/*",), "changed_files": ()}, "ignore"),
)


@pytest.mark.parametrize("body", [github(), gitlab(), gitea()], ids=["github", "gitlab", "gitea"])
def test_branches_authors_and_files_decide(body):
    for chosen, verdict in BRANCH_ROWS:
        assert decided(body, Rules(selection=Selection(**chosen)))[0] == verdict, chosen


def test_another_target_creates_or_ends_an_environment():
    into, out_of = Selection(base_branches=("main",)), Selection(base_branches=("release/*",))
    for body in (github("edited") | RETARGETED, gitlab("update", changes={"target_branch": {"current": "main"}})):
        assert decided(body, Rules(selection=into))[0] == "apply"
        verdict, reason = decided(body, Rules(selection=out_of))
        assert (verdict, "its target branch 'main' is not one that gets environments" in reason) == ("remove", True)
        # An environment of this branch never existed.
        never = Selection(base_branches=("release/*",), branches=("feature/*",))
        assert decided(body, Rules(selection=never))[0] == "ignore"


def test_the_command_reads_the_rules_from_flags(tmp_path, capsys):
    body, changed = tmp_path / "body.json", tmp_path / "changed"
    body.write_text(json.dumps(github("synchronize", labels=["a, b", "c"])))
    flags = ["--label=a, b", "--label=c", "--base-branch=main", "--branch=run-*", "--exclude-author=some-bot-*"]

    def answer(*more):
        code = cli.main(["event", f"--body={body}", *flags, *more], {})
        out, err = capsys.readouterr()
        return (json.loads(out)["decision"] if out else code), err

    assert answer() == ("apply", "")
    assert answer("--exclude-label=c")[0] == "ignore"
    for text, decision in (
        ("docs/a.md\ndeploy/b\n", "apply"),
        ("docs/a.md\n", "ignore"),
        ('"deploy/\\303\\244"\n', "apply"),
        ("docs/a\nb\0deploy/x\0", "apply"),
        ("", "ignore"),
    ):
        changed.write_text(text)
        assert answer("--path=deploy/*", f"--changed-files={changed}")[0] == decision, text
    assert answer("--path=deploy/*")[0] == 2
    assert "--path and --changed-files belong together" in answer(f"--changed-files={changed}")[1]
    assert "--label: an empty value" in answer("--label=")[1]


def test_brackets_in_the_glob_of_an_author_stand_for_themselves(tmp_path, capsys):
    body = tmp_path / "body.json"
    body.write_text(json.dumps(github(user={"login": "dependabot[bot]"})))
    for glob, decision in {"*[bot]": "ignore", "dependabot[bot]": "ignore", "dependabo[t]*": "apply"}.items():
        assert cli.main(["event", f"--body={body}", f"--exclude-author={glob}"], {}) == 0
        assert json.loads(capsys.readouterr().out)["decision"] == decision, glob
