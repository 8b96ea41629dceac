"""A summary shows what the pipeline, the spec and the status say, and accepts any content in them."""

from datetime import UTC, datetime, timedelta

import pytest

from controller.api.summary import summarize

CREATED = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _environment(*, annotations=None, release=None, status=None, created="2026-03-01T12:00:00Z"):
    return {
        "metadata": {"name": "shop-74", "creationTimestamp": created, "annotations": annotations or {}},
        "spec": {"application": {"release": release or {}}},
        "status": status or {},
    }


def test_an_environment_without_a_status_is_pending():
    summary = summarize({"metadata": {"name": "shop-74"}})
    assert (summary.name, summary.status, summary.created) == ("shop-74", "pending", None)


@pytest.mark.parametrize(
    ("recorded", "expires"),
    [("2026-03-08T12:00:00Z", CREATED + timedelta(days=7)), ("soon", None), (7, None), (None, None)],
)
def test_the_summary_shows_when_the_environment_ends(recorded, expires):
    assert summarize(_environment(status={"expiresAt": recorded})).expires == expires


def test_the_summary_shows_the_pull_request_the_snapshot_and_the_state():
    summary = summarize(
        _environment(
            annotations={
                "tronador.stakater.com/repository": "github.com/acme/shop",
                "tronador.stakater.com/pull-request": "74",
            },
            release={
                "chart": {"git": "https://github.com/acme/shop", "path": "deploy", "ref": "feat/x"},
                "values": {"sidecar": {"image": {"tag": "deep"}}, "image": {"repository": "r", "tag": "PR-74-abc"}},
            },
            status={
                "applicationStatus": "deployed",
                "applicationStatusMsg": "It runs.",
                "currentPhase": "Waiting For Next Reconciliation Loop",
                "namespace": "shop-74",
                "release": {"engine": "flux", "name": "feat-x", "revision": "1"},
                "conditions": [{"type": "Ready", "status": "True", "reason": "Deployed"}],
            },
        )
    )
    assert (summary.repository, summary.pull_request, summary.ref) == ("github.com/acme/shop", "74", "feat/x")
    assert (summary.status, summary.ready, summary.reason, summary.message) == (
        "deployed",
        "True",
        "Deployed",
        "It runs.",
    )
    assert (summary.engine, summary.release, summary.revision) == ("flux", "feat-x", "1")
    assert summary.image_tag == "PR-74-abc"


def test_the_repository_of_the_chart_is_shown_without_a_pipeline():
    summary = summarize(_environment(release={"chart": {"git": "https://github.com/acme/shop"}}))
    assert summary.repository == "https://github.com/acme/shop"


@pytest.mark.parametrize(
    ("git", "shown"),
    [
        ("https://bot:s3cret@github.com/acme/shop", "https://***@github.com/acme/shop"),
        ("https://github.com/acme/shop?token=s3cret", "https://github.com/acme/shop?***"),
        ("git@github.com:acme/shop.git", "git@github.com:acme/shop.git"),
        ("ssh://git@github.com/acme/shop", "ssh://git@github.com/acme/shop"),
    ],
)
def test_a_password_in_a_repositorys_url_is_not_shown(git, shown):
    assert summarize(_environment(release={"chart": {"git": git}})).repository == shown
    recorded = _environment(annotations={"tronador.stakater.com/repository": git})
    assert summarize(recorded).repository == shown


@pytest.mark.parametrize(
    ("values", "tag"),
    [
        (None, ""),
        ("text", ""),
        ({"tag": 1.5}, "1.5"),
        ({"tag": True}, ""),
        ({"tag": {"tag": "inner"}}, "inner"),
        ({"a": {"image": {"tag": "second"}}, "image": {"tag": "first"}}, "first"),
    ],
)
def test_the_image_tag_is_the_topmost_in_the_values(values, tag):
    assert summarize(_environment(release={"values": values})).image_tag == tag


def test_large_and_deep_values_are_searched_only_near_the_top():
    deep = {"tag": "deep"}
    for _ in range(5000):
        deep = {"next": deep}
    assert summarize(_environment(release={"values": deep})).image_tag == ""


@pytest.mark.parametrize("wrong", [7, [], "text", {"a": 1}, None])
def test_values_of_the_wrong_type_are_left_out(wrong):
    environment = _environment(release=wrong, status={"release": wrong, "applicationStatus": wrong, "url": wrong})
    environment["metadata"]["annotations"] = {"tronador.stakater.com/repository": wrong}
    summary = summarize(environment)
    assert summary.name == "shop-74"


def test_the_age_is_never_negative():
    summary = summarize(_environment())
    assert summary.age(CREATED + timedelta(seconds=90)) == 90
    assert summary.age(CREATED - timedelta(seconds=90)) == 0
    assert summarize(_environment(created="nonsense")).age(CREATED) == 0
