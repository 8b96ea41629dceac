"""The journey of a pull request on GitHub, with what people and outages do to it."""

import pytest

from controller.report import feedback as feedbacks
from controller.report import record
from controller.report.options import CHANNELS
from controller.report.record import Record
from hack.standins.scm.exchange import Answer
from hack.standins.scm.faults import FOR_EVER, Fault
from tests.unit.report.bed import PULL, SHOP
from tests.unit.report.environments import COMMIT, OTHER_COMMIT, environment

PUSHED = {"tronador.stakater.com/commit": OTHER_COMMIT}


def test_a_pull_request_shows_each_step_of_its_environment(bed):
    bed.settle(environment())
    assert "is waiting for the cluster" in bed.comment()
    assert bed.states() == [(COMMIT, "queued")]

    bed.settle(environment("deploying"))
    assert "is being deployed" in bed.comment()
    bed.settle(environment("deployed", url="https://shop.example.com"))
    assert "<https://shop.example.com>" in bed.comment()
    assert bed.states() == [(COMMIT, "success")]

    bed.settle(environment("failed", ready="manifest unknown", generation=2, annotations=PUSHED))
    assert "manifest unknown" in bed.comment()
    assert bed.states() == [(COMMIT, "inactive"), (OTHER_COMMIT, "failure")]

    bed.settle(environment("failed", deleting=True, generation=3, annotations=PUSHED))
    bed.remove()
    bed.settle()
    assert "is removed" in bed.comment()
    assert bed.states() == [(COMMIT, "inactive"), (OTHER_COMMIT, "inactive")]
    assert [one.state for one in bed.forge.statuses(SHOP, COMMIT)][::-1] in (
        ["pending", "success"],
        ["success", "pending"],
    )
    assert [one.state for one in bed.forge.statuses(SHOP, OTHER_COMMIT)] == ["failure"]


def test_a_deployment_is_as_the_contract_says(bed):
    bed.settle(environment("deployed", url="https://shop.example.com"))

    (deployment,) = bed.forge.deployments(SHOP)
    assert (deployment.environment, deployment.transient, deployment.production) == ("preview", True, False)
    assert deployment.task == "tronador:default/shop-74"
    assert [one.environment_url for one in deployment.statuses] == ["https://shop.example.com"]


def test_each_change_costs_one_write_for_each_channel_and_no_change_none(bed):
    counts = []
    for obj in (environment(), environment("deploying"), environment("deployed"), environment("deployed")):
        bed.settle(obj)
        counts.append(len(bed.writes()))

    # A comment, a status, and a deployment with its state; then the comment and the state; then all three again.
    assert counts == [4, 2, 3, 0]


def test_a_restart_asks_nothing(bed):
    bed.settle(environment("deployed"))
    bed.forge.clear_ledger()

    bed.start()
    assert bed.settle() == 0

    assert bed.forge.requests() == []
    assert len(bed.patches) == 1


def test_a_restart_with_a_thousand_environments_asks_nothing(bed):
    bed.settle(environment("deployed"))
    bed.settle(environment("deploying", name="shop-75", uid="u2"), name="shop-75")
    bed.forge.clear_ledger()
    # Each has reported already, as this one has.
    for number in range(1000):
        obj = environment("failed", name=f"shop-{number + 100}", uid=f"u{number}", ready="Helm says no")
        feedback = feedbacks.of(obj)
        wanted = record.wanted(feedback, channels=CHANNELS, cluster="default", context="tronador/preview")
        reported = record.render(Record(wanted, generation=1, failed=1))
        obj["metadata"]["annotations"]["tronador.stakater.com/reported"] = reported
        bed.set(obj)
    bed.patches.clear()

    bed.start()
    assert [bed.run(name) for name in bed.environments] == [None] * 1002

    assert bed.forge.requests() == []
    assert bed.patches == []


def test_a_lost_annotation_costs_reads_but_no_write(bed):
    bed.settle(environment("deployed"))
    bed.environments.clear()
    bed.writes()

    bed.start()
    bed.settle(environment("deployed"))

    assert bed.writes() == []


def test_the_newest_state_wins_and_states_in_between_are_not_written(bed):
    bed.settle(environment())
    for status in ("deploying", "failed", "deploying"):
        bed.set(environment(status))
    bed.writes()
    passed = bed.settle(environment("deployed"))

    assert "is deployed" in bed.comment()
    assert len(bed.writes()) == 3
    assert passed <= 10


def test_a_comment_is_edited_every_ten_seconds_at_most(bed):
    bed.settle(environment())
    bed.settle(environment("failed", ready="0"))
    for second in range(1, 60):
        bed.set(environment("failed", ready=str(second)))
        bed.run()
        bed.clock.advance(1)

    assert 5 <= len([path for method, path in bed.writes() if method == "PATCH"]) <= 8


@pytest.mark.parametrize("body", ["{marker}\nPreview environment is fine", "{marker}"])
def test_a_comment_of_somebody_else_with_our_marker_is_ignored(bed, body):
    marker = "<!-- tronador environment=shop-74 cluster=default -->"
    bed.forge.comment(SHOP, PULL, login="mallory", body=body.format(marker=marker))

    bed.settle(environment("deployed"))

    assert "is deployed" in bed.comment()
    assert bed.forge.comments(SHOP, PULL)[0].body == body.format(marker=marker)


def test_a_removed_comment_comes_back_only_with_the_next_generation(bed):
    bed.settle(environment("deploying"))
    bed.forge.delete_comment(bed.ours()[0].id)

    bed.settle(environment("deployed"))
    assert bed.ours() == []
    bed.start()
    bed.settle(environment("failed"))
    assert bed.ours() == []

    bed.settle(environment("deployed", generation=2))
    assert "is deployed" in bed.comment()


def test_a_repository_that_cannot_be_read_for_a_while_does_not_count_as_a_removed_comment(bed):
    bed.settle(environment("deploying"))
    away = Fault(times=FOR_EVER, answer=Answer(status=404, body={"message": "Not Found"}))
    bed.forge.set_faults([away])
    # Now the comment may be edited again.
    bed.clock.advance(10)
    bed.set(environment("deployed"))
    assert bed.run() is not None
    bed.forge.set_faults([])

    bed.settle()

    assert "is deployed" in bed.comment()


def test_a_page_that_a_proxy_sends_instead_is_an_outage(bed):
    bed.forge.set_faults([Fault(times=FOR_EVER, answer=Answer(status=200, text="<html>Log in</html>"))])
    bed.set(environment("deployed"))
    assert bed.run() is not None
    assert bed.patches == []
    bed.forge.set_faults([])

    bed.settle()

    assert "is deployed" in bed.comment()


@pytest.mark.parametrize("body", [{}, {"login": None}, {"login": ""}, []])
def test_without_its_own_name_the_reporter_writes_no_comment(bed, body):
    bed.forge.set_faults([Fault(path="/user", times=FOR_EVER, answer=Answer(status=200, body=body))])
    bed.set(environment("deployed"))

    assert bed.run() is not None
    assert bed.ours() == []


def test_the_end_of_an_environment_is_never_the_first_comment(bed):
    bed.settle(environment("deployed"))
    bed.forge.delete_comment(bed.ours()[0].id)

    bed.settle(environment("deployed", deleting=True, generation=2))

    assert bed.ours() == []
    assert bed.states() == [(COMMIT, "inactive")]


def test_a_comment_that_a_human_changed_is_corrected_with_the_next_change(bed):
    bed.settle(environment("deploying"))
    body = bed.comment()
    bed.forge.edit_comment(bed.ours()[0].id, body=body + "\nI was here")

    bed.settle(environment("deploying"))
    assert "I was here" in bed.comment()
    bed.settle(environment("deployed"))
    assert "I was here" not in bed.comment()


def test_our_comment_is_found_on_a_later_page(bed):
    for number in range(150):
        bed.forge.comment(SHOP, PULL, login="chatty", body=f"comment {number}")
    bed.settle(environment())
    bed.start()

    bed.settle(environment("deployed"))

    assert "is deployed" in bed.comment()


def test_a_list_without_an_end_is_read_in_part(bed):
    following = {"Link": f'<{bed.server.url}/repos/{SHOP}/issues/{PULL}/comments?page=2>; rel="next"'}
    fault = Fault(method="GET", path="*/issues/*/comments", times=FOR_EVER, answer=Answer(body=[{}], headers=following))
    bed.forge.set_faults([fault])

    bed.settle(environment("deployed"))

    assert "is deployed" in bed.comment()
    # Once to find the comment, and once to see whether another replica has written it too.
    assert len(bed.forge.requests("GET", "*/issues/*/comments")) <= 2 * 51


@pytest.mark.parametrize("path", ["*/issues/*/comments", "*/deployments", "*/statuses*"])
def test_a_write_whose_answer_is_lost_is_not_repeated(bed, path):
    bed.forge.set_faults([Fault(method="POST", path=path, times=1, carry_out=True)])

    bed.settle(environment("deployed"))

    assert "is deployed" in bed.comment()
    assert bed.states() == [(COMMIT, "success")]
    assert [one.state for one in bed.forge.statuses(SHOP, COMMIT)] == ["success"]


def test_an_outage_of_ten_minutes_loses_nothing_and_heats_nothing(bed):
    bed.settle(environment())
    bed.forge.set_faults([Fault(times=FOR_EVER, answer=Answer(status=502, text="<html>"))])
    bed.forge.clear_ledger()
    for number in range(600):
        bed.set(environment("failed" if number % 2 else "deploying"))
        bed.run()
        bed.clock.advance(1)
    asked = len(bed.forge.requests())
    bed.forge.set_faults([])

    bed.settle(environment("deployed"))

    assert asked < 20
    assert "is deployed" in bed.comment()


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (Answer(status=429, headers={"Retry-After": "40"}, body={}), 40),
        (Answer(status=403, body={"message": "You have exceeded a secondary rate limit."}), 60),
        (Answer(status=403, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}, body={}), 1),
    ],
)
def test_a_rate_limit_is_waited_for(bed, answer, seconds):
    bed.forge.set_faults([Fault(times=1, answer=answer)])

    bed.set(environment("deployed"))
    assert bed.run() == pytest.approx(seconds, rel=0.11)
    assert len(bed.forge.requests()) == 1
    bed.clock.advance(seconds - 0.5)
    bed.run()
    assert len(bed.forge.requests()) == 1
    bed.settle()

    assert "is deployed" in bed.comment()


def test_the_deletion_of_an_environment_is_reported_even_after_an_outage(bed):
    bed.settle(environment("deployed"))
    bed.forge.set_faults([Fault(times=FOR_EVER, answer=Answer(status=503))])
    bed.remove()
    assert bed.run() is not None
    bed.forge.set_faults([])

    bed.settle()

    assert "is removed" in bed.comment()
    assert bed.reconciler.waiting() == 0


def test_an_environment_of_the_same_name_takes_the_comment_over(bed):
    bed.settle(environment("deployed"))
    bed.forge.set_faults([Fault(times=FOR_EVER, answer=Answer(status=503))])
    bed.remove()
    bed.run()
    bed.forge.set_faults([])

    bed.settle(environment("deploying", uid="u2"))

    assert "is being deployed" in bed.comment()


@pytest.mark.parametrize(
    "repository", ["github.com/evil/shop", "evil.example/acme/shop", "github.com/acme-evil/shop", "", "odd"]
)
def test_an_environment_of_another_repository_is_ignored(bed, repository):
    bed.settle(environment("deployed", annotations={"tronador.stakater.com/repository": repository}))

    assert bed.forge.requests() == []
    assert bed.patches == []
    assert bed.reconciler.ignored() == 1


def test_the_chart_never_decides_where_feedback_goes(bed):
    obj = environment("deployed", annotations={"tronador.stakater.com/repository": ""})
    chart = {"git": "https://github.com/acme/shop", "path": "deploy"}

    bed.settle({**obj, "spec": {"application": {"release": {"chart": chart}}}})

    assert bed.forge.requests() == []


def test_a_renamed_repository_is_followed_on_the_same_host(bed):
    bed.forge.rename(SHOP, "acme/store")

    bed.settle(environment("deployed"))

    assert [one.author.login for one in bed.forge.comments("acme/store", PULL)] == ["tronador"]


def test_a_redirect_to_another_host_is_not_followed(bed):
    away = Answer(status=307, headers={"Location": "http://127.0.0.2:9/steal"})
    bed.forge.set_faults([Fault(times=FOR_EVER, answer=away)])

    bed.set(environment("deployed"))

    assert bed.run() is not None
    assert bed.ours() == []


def test_a_missing_permission_costs_only_its_own_channel(bed):
    bed.forge.add_token("token-of-the-reporter", permissions={"issues": "write", "statuses": "write"})

    bed.set(environment("deployed"))
    wait = bed.run()

    assert wait == 60
    assert "is deployed" in bed.comment()
    assert [one.state for one in bed.forge.statuses(SHOP, COMMIT)] == ["success"]
    assert bed.forge.deployments(SHOP) == []


def test_a_refused_channel_is_tried_less_and_less_often(bed):
    bed.forge.add_token("token-of-the-reporter", permissions={"issues": "write", "statuses": "write"})
    bed.set(environment("deployed"))
    waits = []
    for _ in range(9):
        waits.append(bed.run())
        bed.clock.advance(waits[-1])

    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]


def test_a_locked_conversation_is_left_alone(bed):
    bed.forge.lock_conversation(SHOP, PULL)
    bed.forge.add_token("token-of-the-reporter", permissions={"*": "write"}, owners=["acme"])

    assert bed.settle(environment("deployed")) < 1000
    assert bed.states() == [(COMMIT, "success")]


def test_a_rotated_token_is_used_as_soon_as_it_is_there(bed):
    bed.forge.revoke_token("token-of-the-reporter")
    bed.set(environment("deployed"))
    wait = bed.run()
    assert wait is not None
    assert bed.ours() == []

    bed.forge.add_token("another")
    (bed.folder / "new").write_text("another")
    (bed.folder / "new").replace(bed.folder / "token")
    bed.clock.advance(wait)
    bed.settle()

    assert "is deployed" in bed.comment()


def test_a_process_that_lost_its_lease_writes_nothing(bed):
    bed.is_leader = False
    bed.set(environment("deployed"))

    assert bed.run() is not None
    assert bed.writes() == []


def test_two_reporters_one_after_the_other_write_one_comment(bed):
    bed.settle(environment("deploying"))
    bed.environments.clear()
    bed.start()

    bed.settle(environment("deploying"))
    bed.settle(environment("deployed"))

    assert "is deployed" in bed.comment()


def test_only_the_chosen_channels_are_written(bed):
    bed.start(channels=("status",))

    bed.settle(environment("deployed"))

    assert bed.ours() == []
    assert bed.states() == []
    assert [one.state for one in bed.forge.statuses(SHOP, COMMIT)] == ["success"]


def test_a_revived_environment_is_active_again(bed):
    bed.settle(environment("deployed"))
    bed.settle(environment("expired"))
    assert bed.states() == [(COMMIT, "inactive")]
    bed.settle(environment("deployed", generation=2))

    assert bed.states() == [(COMMIT, "success")]


def test_going_back_to_an_earlier_commit_leaves_one_active_deployment(bed):
    for commit in (COMMIT, OTHER_COMMIT, COMMIT, OTHER_COMMIT):
        bed.settle(environment("deployed", annotations={"tronador.stakater.com/commit": commit}))

    assert [state for _, state in bed.states()] == ["inactive", "inactive", "inactive", "success"]
