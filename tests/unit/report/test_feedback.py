"""What a pull request should show, from the state of its environment."""

from datetime import UTC, datetime

import pytest

from controller.report import feedback, record, texts
from controller.report.feedback import State
from tests.unit.report.environments import COMMIT, environment

PROBLEM = {"kind": "Pod", "name": "web-1", "reason": "ImagePullFailed", "message": "manifest unknown"}


@pytest.mark.parametrize(
    ("obj", "state", "status", "deployment"),
    [
        (environment(), State.PENDING, "pending", "queued"),
        (environment("pending"), State.PENDING, "pending", "queued"),
        (environment("queued"), State.QUEUED, "pending", "queued"),
        (environment("deploying"), State.DEPLOYING, "pending", "in_progress"),
        (environment("deployed"), State.DEPLOYED, "success", "success"),
        (environment("failed"), State.FAILED, "failure", "failure"),
        (environment("pending", stalled="no"), State.FAILED, "failure", "failure"),
        (environment("deployed", stalled="no", generation=2, observed=1), State.FAILED, "failure", "failure"),
        (environment("suspended"), State.SUSPENDED, "", ""),
        (environment("expired"), State.EXPIRED, "", "inactive"),
        (environment("deployed", deleting=True), State.GONE, "", "inactive"),
        (environment("failed", stalled="no", deleting=True), State.GONE, "", "inactive"),
        (environment("deployed", generation=2, observed=1), State.PENDING, "pending", "queued"),
        (environment("failed", generation=2, observed=1), State.PENDING, "pending", "queued"),
    ],
)
def test_each_state_has_its_words(obj, state, status, deployment):
    found = feedback.of(obj)

    assert found is not None
    assert found.state is state
    assert (record.status_of(state), record.deployment_of(state)) == (status, deployment)


@pytest.mark.parametrize("status", ["uninstalling", "a word of a later version"])
def test_a_state_that_is_changing_is_not_reported(status):
    assert feedback.of(environment(status)) is None


def test_a_deleted_environment_is_gone_whatever_it_was_before():
    assert feedback.gone(environment("uninstalling")).state is State.GONE


def test_the_annotations_of_the_pipeline_name_the_pull_request():
    found = feedback.of(environment("deployed", url="https://shop.example.com", expiresAt="2026-02-01T10:30:00Z"))

    assert found is not None
    assert (found.repository.location, found.pull_request, found.commit) == ("github.com/acme/shop", 74, COMMIT)
    assert (found.url, found.expires) == ("https://shop.example.com", datetime(2026, 2, 1, 10, 30, tzinfo=UTC))


@pytest.mark.parametrize(
    ("name", "value", "field", "want"),
    [
        ("repository", "https://github.com/acme/shop.git", "repository", "github.com/acme/shop"),
        ("repository", "git@github.com:acme/shop", "repository", "github.com/acme/shop"),
        ("repository", "github.com/acme/../victim", "repository", None),
        ("repository", "https://token@github.com/acme/shop", "repository", None),
        ("repository", "", "repository", None),
        ("pull-request", "74/../../issues", "pull_request", 0),
        ("pull-request", "-1", "pull_request", 0),
        ("pull-request", "٧٤", "pull_request", 0),
        ("pull-request", None, "pull_request", 0),
        ("commit", "main", "commit", ""),
        ("commit", COMMIT[:8], "commit", ""),
        ("commit", COMMIT.upper(), "commit", COMMIT),
        ("commit", f"{COMMIT}/../x", "commit", ""),
    ],
)
def test_values_that_could_lead_elsewhere_are_not_used(name, value, field, want):
    found = getattr(feedback.of(environment(annotations={f"tronador.stakater.com/{name}": value})), field)

    assert (found.location if field == "repository" and found else found) == want


def test_the_branch_of_a_fork_is_not_one_of_the_repository():
    found = feedback.of(environment(annotations={"tronador.stakater.com/fork": "true"}))

    assert found is not None
    assert found.branch == ""


@pytest.mark.parametrize(
    ("obj", "reason"),
    [
        (environment("failed", ready="Helm says no"), "Helm says no"),
        (environment("failed", applicationStatusMsg="Helm says no"), "Helm says no"),
        (
            environment("failed", ready="Helm says no. manifest unknown", problems=[PROBLEM]),
            "Helm says no. manifest unknown",
        ),
        (
            environment("failed", ready="Helm says no", problems=[PROBLEM]),
            "Helm says no\nPod web-1: ImagePullFailed: manifest unknown",
        ),
        (
            environment("deploying", ready="is deploying", problems=[PROBLEM]),
            "Pod web-1: ImagePullFailed: manifest unknown",
        ),
        (environment("deploying", ready="is deploying"), ""),
        (environment("deployed", ready="odd", problems=[PROBLEM]), ""),
        (environment("failed", problems=[{"reason": 5}, "odd", {}]), ""),
    ],
)
def test_the_reason_says_what_is_wrong(obj, reason):
    found = feedback.of(obj)

    assert found is not None
    assert found.reason == reason


def test_a_reason_has_at_most_a_thousand_characters():
    found = feedback.of(environment("failed", ready="x" * 100_000))

    assert found is not None
    assert len(found.reason) == 1000


def test_a_comment_says_everything_in_few_lines():
    found = feedback.of(
        environment("failed", ready="@everyone", url="https://a.example", expiresAt="2026-02-01T12:30:00+02:00")
    )

    assert found is not None
    assert texts.comment(found, cluster="eu", host="github.com") == "\n".join(
        [
            "<!-- tronador environment=shop-74 cluster=eu -->",
            "**Preview environment `shop-74` has failed.**",
            "",
            "- Commit: `6f50ff2f`",
            "- Expires: 2026-02-01 10:30 UTC",
            "",
            "```text",
            " @everyone",
            "```",
        ]
    )


def test_a_comment_about_a_deployed_environment_links_to_it():
    found = feedback.of(environment("deployed", url="https://shop.example.com/x"))

    assert found is not None
    assert "- URL: <https://shop.example.com/x>" in texts.comment(found, cluster="eu", host="github.com").split("\n")


@pytest.mark.parametrize(
    ("body", "is_about"),
    [
        ("<!-- tronador environment=shop-74 cluster=eu -->\ntext", True),
        ("<!-- tronador environment=shop-74 cluster=eu -->\r\ntext", True),
        ("<!-- tronador environment=shop-74 cluster=eu -->", True),
        ("<!-- tronador environment=shop-75 cluster=eu -->\ntext", False),
        ("<!-- tronador environment=shop-74 cluster=us -->\ntext", False),
        ("text\n<!-- tronador environment=shop-74 cluster=eu -->", False),
        ("<!-- tronador environment=other cluster=eu -->\n<!-- tronador environment=shop-74 cluster=eu -->", False),
    ],
)
def test_only_the_first_line_marks_a_comment(body, is_about):
    assert texts.is_about(body, "shop-74", "eu") is is_about


@pytest.mark.parametrize("reason", ["x" * 1000, "line\n" * 100, "\u202e" * 200, "@everyone"])
def test_a_description_is_one_line_of_at_most_140_characters(reason):
    found = feedback.of(environment("failed", ready=reason))

    assert found is not None
    description = texts.description(found)
    assert len(description) <= 140
    assert "\n" not in description
    assert description.startswith("Failed")


def test_a_description_names_the_problem_of_the_pods_before_what_the_engine_says():
    waited = "Helm upgrade failed for release shop-74/shop with chart shop@1.0: timed out waiting for the condition"
    failed = feedback.of(environment("failed", ready=waited, problems=[PROBLEM]))
    plain = feedback.of(environment("failed", ready=waited))

    assert failed is not None
    assert plain is not None
    assert texts.description(failed) == "Failed: ImagePullFailed: manifest unknown"
    assert texts.description(plain) == f"Failed: {waited}"


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "https://user:password@shop.example.com",
        "https://shop.example.com/>\n@everyone",
        "https://shop.example.com/`x`",
        "https://shop.example.com/" + "x" * 2048,
        7,
    ],
)
def test_a_url_that_is_not_a_plain_address_is_not_shown(url):
    found = feedback.of(environment("deployed", url=url))

    assert found is not None
    assert found.url == ""
