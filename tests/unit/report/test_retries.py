"""A pull request stays calm while the engine deploys the same generation again, and no commit waits for ever."""

import pytest

from controller.report import feedback, record, retries
from controller.report.github import GitHub
from controller.report.gitlab import GitLab
from controller.report.record import Record
from tests.unit.report.bed import PULL, SHOP
from tests.unit.report.environments import COMMIT, OTHER_COMMIT, environment

PUSHED = {"tronador.stakater.com/commit": OTHER_COMMIT}
MARKER = "<!-- tronador environment=shop-74 cluster=default -->"


def statuses(bed, commit):
    return [(one.state, one.description) for one in bed.forge.statuses(SHOP, commit)]


@pytest.mark.parametrize(
    ("before", "status", "generation", "after"),
    [
        (Record(), "failed", 2, Record(failed=2)),
        (Record(), "deployed", 2, Record(deployed=2)),
        (Record(), "deploying", 2, Record()),
        (Record(failed=2), "deploying", 2, Record(failed=2)),
        (Record(failed=2), "pending", 2, Record(failed=2)),
        (Record(failed=2), "deploying", 3, Record()),
        (Record(failed=2), "deployed", 2, Record(deployed=2)),
        (Record(failed=2), "suspended", 2, Record()),
        (Record(failed=2), "expired", 2, Record()),
        (Record(deployed=2), "deploying", 2, Record(deployed=2)),
        (Record(deployed=2), "failed", 2, Record(failed=2)),
        (Record(deployed=2), "queued", 2, Record()),
    ],
)
def test_a_result_lasts_until_there_is_another_one(before, status, generation, after):
    seen = feedback.of(environment(status, generation=generation))

    assert retries.noted(before, seen) == after
    assert record.parse(record.render(after)) == after


def test_a_state_without_a_result_before_is_shown_as_it_is():
    for generation in (0, 1):
        seen = feedback.of(environment("deploying", generation=generation))
        assert retries.steady(seen, Record(), None) == seen


def test_a_failure_stays_while_the_engine_tries_again(bed):
    bed.settle(environment("deploying"))
    bed.settle(environment("failed", ready="no such image"))
    bed.writes()

    for status in ("deploying", "failed", "pending", "deploying"):
        bed.settle(environment(status, ready="no such image"))

    assert bed.writes() == []
    bed.start()
    bed.settle(environment("deploying"))
    assert bed.writes() == []
    assert "has failed" in bed.comment()

    bed.settle(environment("deployed"))
    assert "is deployed" in bed.comment()
    assert [state for state, _ in statuses(bed, COMMIT)] == ["pending", "failure", "success"]


def test_another_spec_ends_a_failure(bed):
    bed.settle(environment("failed", ready="no such image"))

    bed.settle(environment("deploying", generation=2))

    assert "is being deployed" in bed.comment()
    assert bed.states() == [(COMMIT, "in_progress")]


def test_a_comment_about_a_failure_that_had_to_wait_comes_during_the_next_try(bed):
    bed.settle(environment("deploying"))
    bed.set(environment("failed", ready="no such image"))
    assert bed.run() is not None

    bed.settle(environment("deploying", expiresAt="2026-02-01T10:30:00Z"))

    assert "has failed" in bed.comment()
    assert "no such image" in bed.comment()
    assert "2026-02-01" in bed.comment()


def test_a_commit_that_was_deployed_keeps_its_status_while_it_is_deployed_again(bed):
    bed.settle(environment("deployed"))

    bed.settle(environment("deploying"))
    assert "is being deployed" in bed.comment()
    bed.settle(environment("pending", generation=2, annotations=PUSHED))
    assert statuses(bed, COMMIT) == [("success", "Deployed")]

    bed.settle(environment("deployed", generation=2, annotations=PUSHED))
    bed.settle(environment("failed", generation=2, annotations=PUSHED))
    assert [state for state, _ in statuses(bed, OTHER_COMMIT)] == ["pending", "success", "failure"]


@pytest.mark.parametrize("restart", [False, True])
def test_a_commit_that_another_one_overtakes_does_not_wait_for_ever(bed, restart):
    bed.settle(environment("deploying"))
    bed.writes()
    if restart:
        bed.start()

    bed.settle(environment("pending", generation=2, annotations=PUSHED))

    assert statuses(bed, COMMIT) == [("pending", "Deploying"), ("error", "Superseded by 01234567")]
    assert statuses(bed, OTHER_COMMIT) == [("pending", "Waiting for the cluster")]
    assert len([path for _, path in bed.writes() if "/statuses/" in path and "/deployments/" not in path]) == 2

    bed.settle(environment("deploying", generation=3))
    assert [state for state, _ in statuses(bed, COMMIT)] == ["pending", "error", "pending"]
    assert statuses(bed, OTHER_COMMIT)[-1] == ("error", "Superseded by 6f50ff2f")


def test_a_job_that_another_commit_overtakes_is_canceled_on_gitlab(gitlab):
    gitlab.settle(environment("deploying"))
    gitlab.settle(environment("deployed", generation=2, annotations=PUSHED))

    # GitLab changes the status of a commit in its place.
    assert statuses(gitlab, COMMIT) == [("canceled", "Superseded by 01234567")]
    assert statuses(gitlab, OTHER_COMMIT) == [("success", "Deployed")]
    found = sorted(gitlab.forge.environment_deployments(SHOP), key=lambda one: one.id)
    assert [(one.sha, one.status) for one in found] == [(COMMIT, "canceled"), (OTHER_COMMIT, "success")]


@pytest.mark.parametrize("before", ["f" * 40, OTHER_COMMIT])
def test_only_a_status_that_waits_is_ended(bed, before):
    """The first commit is gone after a forced push, and the second one has no status of ours."""
    bed.set(environment("deployed", annotations={"tronador.stakater.com/reported": f"pending={before}"}))

    assert bed.run() is None
    assert statuses(bed, COMMIT) == [("success", "Deployed")]
    assert bed.forge.statuses(SHOP, OTHER_COMMIT) == []


@pytest.mark.parametrize("provider", ["bed", "gitlab"])
@pytest.mark.parametrize("says", ["the same", "another thing"])
def test_of_two_comments_that_replicas_wrote_at_once_the_older_stays(provider, says, request, monkeypatch):
    bed = request.getfixturevalue(provider)
    kind = GitHub if provider == "bed" else GitLab
    create = kind.create_comment

    def too_late(self, place, body):
        text = body if says == "the same" else f"{MARKER}\nThe other replica has seen another state."
        bed.first = bed.forge.comment(SHOP, PULL, login="tronador", body=text)
        return create(self, place, body)

    monkeypatch.setattr(kind, "create_comment", too_late)
    bed.settle(environment("deployed"))

    assert [one.id for one in bed.ours()] == [bed.first]
    assert "is deployed" in bed.comment()
    bed.settle(environment("failed"))
    assert "has failed" in bed.comment()
