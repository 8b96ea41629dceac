"""The journey of a merge request on GitLab."""

import pytest

from hack.standins.scm.exchange import Answer
from hack.standins.scm.faults import Fault
from tests.unit.report.bed import PULL, SHOP
from tests.unit.report.environments import COMMIT, OTHER_COMMIT, environment


def states(bed):
    return [(one.name, one.state, one.external_url) for one in bed.forge.environments(SHOP)]


def deployments(bed):
    found = sorted(bed.forge.environment_deployments(SHOP), key=lambda one: one.id)
    return [(one.sha, one.status) for one in found]


def test_a_merge_request_shows_each_step_of_its_environment(gitlab):
    bed = gitlab
    bed.settle(environment())
    assert "is waiting for the cluster" in bed.comment()
    assert deployments(bed) == [(COMMIT, "running")]

    bed.settle(environment("deploying"))
    bed.settle(environment("deployed", url="https://shop.example.com"))
    assert states(bed) == [("review/shop-74", "available", "https://shop.example.com")]
    assert deployments(bed) == [(COMMIT, "success")]
    assert {one.state for one in bed.forge.statuses(SHOP, COMMIT)} >= {"success"}

    pushed = {"tronador.stakater.com/commit": OTHER_COMMIT}
    bed.settle(environment("deploying", generation=2, annotations=pushed))
    bed.settle(environment("failed", ready="/merge\n/approve", generation=2, annotations=pushed))
    assert deployments(bed) == [(COMMIT, "success"), (OTHER_COMMIT, "failed")]
    assert "```text\n /merge\n /approve\n```" in bed.comment()

    bed.remove()
    bed.settle()
    assert "is removed" in bed.comment()
    assert [state for _, state, _ in states(bed)] == ["stopped"]


def test_a_deployment_that_ended_runs_again_as_another_one(gitlab):
    gitlab.settle(environment("deployed"))
    gitlab.settle(environment("deploying", generation=2))
    gitlab.settle(environment("deployed", generation=2))

    assert deployments(gitlab) == [(COMMIT, "success"), (COMMIT, "success")]


def test_a_repetition_writes_nothing(gitlab):
    gitlab.settle(environment("deployed", url="https://shop.example.com"))
    gitlab.writes()
    gitlab.environments.clear()
    gitlab.start()

    gitlab.settle(environment("deployed", url="https://shop.example.com"))

    assert gitlab.writes() == []


@pytest.mark.parametrize("path", ["*/notes", "*/statuses/*", "*/deployments", "*/environments"])
def test_a_write_whose_answer_is_lost_is_not_repeated(gitlab, path):
    gitlab.forge.set_faults([Fault(method="POST", path=path, times=1, carry_out=True)])

    gitlab.settle(environment("deployed"))

    assert "is deployed" in gitlab.comment()
    assert deployments(gitlab) == [(COMMIT, "success")]
    assert len(states(gitlab)) == 1


def test_a_rate_limit_is_waited_for(gitlab):
    gitlab.forge.set_faults(
        [Fault(times=1, answer=Answer(status=429, headers={"Retry-After": "17"}, text="Retry later"))]
    )
    gitlab.set(environment("deployed"))

    assert gitlab.run() == pytest.approx(17, rel=0.11)
    gitlab.settle()

    assert "is deployed" in gitlab.comment()


def test_a_note_of_somebody_else_with_our_marker_is_ignored(gitlab):
    marker = "<!-- tronador environment=shop-74 cluster=default -->"
    gitlab.forge.comment(SHOP, PULL, login="mallory", body=marker)

    gitlab.settle(environment("deployed"))

    assert "is deployed" in gitlab.comment()


@pytest.mark.parametrize(("length", "shown"), [(255, True), (256, False)])
def test_a_url_that_gitlab_would_refuse_stands_in_the_comment_only(gitlab, length, shown):
    url = "https://shop.example.com/".ljust(length, "x")

    gitlab.settle(environment("deployed", url=url))

    assert url in gitlab.comment()
    (status,), (found,) = gitlab.forge.statuses(SHOP, COMMIT), gitlab.forge.environments(SHOP)
    assert (status.state, status.target_url, found.external_url) == ("success", *([url if shown else None] * 2))
